import { type FieldError, fieldDuplicate, fieldInvalid, fieldRequired, fieldUnsupported, path, validateIp } from '@keelson/machinery';
import type { Service } from '@keelson/types';
import { oneOf } from '../field-checks.ts';
import { familyOf } from './cidr.ts';

type Spec = Service['spec'];

const [ipsAt, familiesAt] = [path('spec', 'clusterIPs'), path('spec', 'ipFamilies')];
const families = ['IPv4', 'IPv6'];
const policies = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];

/** What is wrong with the addresses and families a service names, before any is given to it. */
export function clusterIPErrors(spec: Spec, old: Spec | undefined): FieldError[] {
  if (spec.type === 'ExternalName') return [];
  return [...oneOf(spec.ipFamilyPolicy, policies, path('spec', 'ipFamilyPolicy')), ...familyErrors(spec), ...addressErrors(spec, old)];
}

function familyErrors({ ipFamilies = [] }: Spec): FieldError[] {
  if (ipFamilies.length > 2) return [fieldInvalid(familiesAt, ipFamilies, 'may only hold up to 2 values')];
  return ipFamilies.flatMap((family, index) => {
    if (!families.includes(family)) return [fieldUnsupported(familiesAt.index(index), family, families)];
    return ipFamilies.indexOf(family) < index ? [fieldDuplicate(familiesAt.index(index), family)] : [];
  });
}

function addressErrors({ clusterIP, clusterIPs = [], ipFamilies = [] }: Spec, old: Spec | undefined): FieldError[] {
  const refuse = (why: string): FieldError[] => [fieldInvalid(ipsAt, clusterIPs, why)];
  if (clusterIP && clusterIPs.length === 0) return [fieldRequired(ipsAt)];
  if (!clusterIP && clusterIPs.length > 0) return refuse('must be empty when `clusterIP` is not specified');
  if (clusterIP !== clusterIPs[0] && clusterIPs.length > 0) return refuse('first value must match `clusterIP`');
  if (clusterIPs.length > 2) return refuse('may only hold up to 2 values');
  if (clusterIPs.includes('None')) return clusterIPs.length > 1 ? refuse("'None' must be the first and only value") : [];
  const errors = clusterIPs.flatMap((ip, index) => validateIp(ip, ipsAt.index(index), old?.clusterIPs));
  if (errors.length > 0) return errors;
  const [first = '', second] = clusterIPs;
  if (second && familyOf(first) === familyOf(second)) return refuse('may specify no more than one IP for each IP family');
  return clusterIPs.flatMap((ip, index) => {
    const expected = ipFamilies[index];
    if (!expected || expected === familyOf(ip)) return [];
    return [fieldInvalid(ipsAt.index(index), ip, `expected an ${expected} value as indicated by \`ipFamilies[${index}]\``)];
  });
}

/** A service keeps its first address and family as long as it has any; the second one it may get and give back. */
export function clusterIPUpdateErrors(next: Spec, old: Spec): FieldError[] {
  if (next.type === 'ExternalName' || old.type === 'ExternalName') return [];
  const errors: FieldError[] = [];
  const [from, to] = [old.clusterIPs ?? [], next.clusterIPs ?? []];
  if (from[0] && !to[0]) return [fieldInvalid(ipsAt.index(0), to, 'primary clusterIP can not be unset')];
  if (from[0] && from[0] !== to[0]) errors.push(fieldInvalid(ipsAt.index(0), to, 'may not change once set'));
  if (from[1] && to[1] && from[1] !== to[1]) errors.push(fieldInvalid(ipsAt.index(1), to, 'may not change once set'));
  const [was, is] = [old.ipFamilies?.[0], next.ipFamilies?.[0]];
  if (was && is && was !== is) errors.push(fieldInvalid(familiesAt.index(0), next.ipFamilies, 'may not change once set'));
  return errors;
}
