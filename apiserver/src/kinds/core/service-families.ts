import { type FieldError, fieldInvalid, path } from '@keelson/machinery';
import type { Service } from '@keelson/types';
import { familyOf, type IpFamily } from './cidr.ts';

type Spec = Service['spec'];

const at = path('spec');
const policyAt = at.child('ipFamilyPolicy');

/**
 * Settles which IP families a service has: what it says itself, else what its addresses say, else the cluster's first family; a second
 * one where it asks for two.
 * @param configured families the cluster's services can have, the default first.
 */
export function settleFamilies({ spec }: Service, old: Service | undefined, configured: readonly IpFamily[]): FieldError[] {
  if (spec.type === 'ExternalName' || keepsPreference(spec, old?.spec)) return [];
  spec.ipFamilyPolicy ??= old?.spec.ipFamilyPolicy ?? (isBare(spec) ? 'RequireDualStack' : 'SingleStack');
  const errors = [...(old ? reduced(spec, old.spec) : []), ...tooMany(spec), ...inferred(spec, configured)];
  if (errors.length > 0) return errors;
  if (!isBare(spec)) errors.push(...unconfigured(spec, configured));
  if (errors.length > 0) return errors;
  const families = spec.ipFamilies?.length ? [...spec.ipFamilies] : [configured[0] ?? 'IPv4'];
  // Who is headless and selects nothing may have both families even where the cluster has one.
  const both = isBare(spec) || configured.length === 2;
  if (spec.ipFamilyPolicy !== 'SingleStack' && families.length === 1 && both) families.push(families[0] === 'IPv4' ? 'IPv6' : 'IPv4');
  spec.ipFamilies = families;
  return [];
}

/** Headless, and its endpoints are somebody else's affair. */
function isBare({ clusterIP, selector }: Spec): boolean {
  return clusterIP === 'None' && Object.keys(selector ?? {}).length === 0;
}

/** Services that prefer two families are not changed because the cluster has gained or lost one. */
function keepsPreference(next: Spec, old: Spec | undefined): boolean {
  if (old?.ipFamilyPolicy !== 'PreferDualStack' || next.ipFamilyPolicy !== 'PreferDualStack') return false;
  return old.type !== 'ExternalName' && same(next.clusterIPs, old.clusterIPs) && same(next.ipFamilies, old.ipFamilies);
}

function same(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  return (a ?? []).join() === (b ?? []).join();
}

/** Who goes back to one family gives up the second address and family, if it does not say otherwise; others may not drop them. */
function reduced(next: Spec, old: Spec): FieldError[] {
  if (next.ipFamilyPolicy === 'SingleStack') {
    if (same(next.clusterIPs, old.clusterIPs)) next.clusterIPs = next.clusterIPs?.slice(0, 1);
    if (same(next.ipFamilies, old.ipFamilies)) next.ipFamilies = next.ipFamilies?.slice(0, 1);
    return [];
  }
  const fewer = (a: readonly string[] = [], b: readonly string[] = []): boolean => a.length === 1 && b.length === 2 && a[0] === b[0];
  const refuse = (what: string): FieldError =>
    fieldInvalid(policyAt, next.ipFamilyPolicy, `must be 'SingleStack' to release the secondary ${what}`);
  return [
    ...(fewer(next.clusterIPs, old.clusterIPs) ? [refuse('cluster IP')] : []),
    ...(fewer(next.ipFamilies, old.ipFamilies) ? [refuse('IP family')] : []),
  ];
}

function tooMany({ ipFamilyPolicy, clusterIPs, ipFamilies }: Spec): FieldError[] {
  if (ipFamilyPolicy !== 'SingleStack') return [];
  const refuse = (what: string): FieldError =>
    fieldInvalid(policyAt, ipFamilyPolicy, `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`);
  return [...(clusterIPs?.length === 2 ? [refuse('cluster IPs')] : []), ...(ipFamilies?.length === 2 ? [refuse('IP families')] : [])];
}

/** Addresses that came without their family bring it along. */
function inferred(spec: Spec, configured: readonly IpFamily[]): FieldError[] {
  if (spec.clusterIPs?.[0] === 'None') return [];
  const families = [...(spec.ipFamilies ?? [])];
  const errors: FieldError[] = [];
  for (const [index, ip] of (spec.clusterIPs ?? []).entries()) {
    if (index < families.length) continue;
    const family = familyOf(ip);
    if (configured.includes(family)) families.push(family);
    else errors.push(fieldInvalid(at.child('clusterIPs').index(index), spec.clusterIPs, `${family} is not configured on this cluster`));
  }
  if (families.length > 0) spec.ipFamilies = families;
  return errors;
}

function unconfigured({ ipFamilyPolicy, ipFamilies }: Spec, configured: readonly IpFamily[]): FieldError[] {
  const errors: FieldError[] = [];
  if (ipFamilyPolicy === 'RequireDualStack' && configured.length < 2)
    errors.push(fieldInvalid(policyAt, ipFamilyPolicy, 'this cluster is not configured for dual-stack services'));
  for (const [index, family] of (ipFamilies ?? []).entries()) {
    if (!configured.includes(family as IpFamily))
      errors.push(fieldInvalid(at.child('ipFamilies').index(index), family, 'not configured on this cluster'));
  }
  return errors;
}
