import {
  type FieldError,
  type FieldPath,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  invalidBy,
  isDNS1123Subdomain,
  isQualifiedName,
  parseIp,
  path,
  validateCidr,
  validateIp,
  validateLabels,
} from '@keelson/machinery';
import type { Service } from '@keelson/types';
import { oneOf, optionalName, requiredName, requiredOneOf } from '../field-checks.ts';
import { specialMeanings } from '../special-addresses.ts';
import { clusterIPErrors, clusterIPUpdateErrors } from './service-ip-validation.ts';
import { portErrors } from './service-port-validation.ts';
import { needsHealthCheck } from './service-ports.ts';
import { hasExternalTraffic } from './service-update.ts';

type Spec = Service['spec'];

const at = path('spec');
const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const policies = ['Cluster', 'Local'];
const distributions = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];
const onlyBalanced = "may only be used when `type` is 'LoadBalancer'";

/** What is wrong with a service, as Kubernetes says it; addresses and ports that others hold are found when they are claimed. */
export function serviceErrors({ spec }: Service, old?: Service): FieldError[] {
  if (!spec) return [fieldRequired(at)];
  return [
    ...requiredOneOf(spec.type, types, at.child('type')),
    ...typeErrors(spec),
    ...clusterIPErrors(spec, old?.spec),
    ...portErrors(spec),
    ...validateLabels(spec.selector ?? {}, at.child('selector')),
    ...affinityErrors(spec),
    ...externalIPErrors(spec, old?.spec),
    ...balancerErrors(spec, old?.spec),
    ...trafficErrors(spec),
  ];
}

/** What may not change, besides. */
export function serviceUpdateErrors(next: Service, old: Service): FieldError[] {
  const errors = clusterIPUpdateErrors(next.spec, old.spec);
  const [from, to] = [old.spec.loadBalancerClass, next.spec.loadBalancerClass];
  if (old.spec.type === 'LoadBalancer' && next.spec.type === 'LoadBalancer' && from !== to)
    errors.push(fieldInvalid(at.child('loadBalancerClass'), to, 'may not change once set'));
  const asked = [next, old].every(({ spec }) => needsHealthCheck(spec));
  if (asked && next.spec.healthCheckNodePort !== old.spec.healthCheckNodePort)
    errors.push(fieldForbidden(at.child('healthCheckNodePort'), 'field is immutable'));
  return errors;
}

function typeErrors({ type, clusterIP, externalName, ...spec }: Spec): FieldError[] {
  const headless = clusterIP === 'None';
  if (headless && (type === 'LoadBalancer' || type === 'NodePort'))
    return [fieldInvalid(at.child('clusterIPs').index(0), clusterIP, `may not be set to 'None' for ${type} services`)];
  if (type !== 'ExternalName') return [];
  const set = { clusterIPs: spec.clusterIPs?.length, ipFamilies: spec.ipFamilies?.length, ipFamilyPolicy: spec.ipFamilyPolicy };
  return [
    ...Object.entries(set).flatMap(([field, value]) =>
      value ? [fieldForbidden(at.child(field), 'may not be set for ExternalName services')] : [],
    ),
    ...requiredName(externalName?.replace(/\.$/, ''), isDNS1123Subdomain, at.child('externalName')),
  ];
}

/** Seconds, the longest a client sticks to an endpoint: a day. */
const longestAffinity = 86_400;

function affinityErrors({ sessionAffinity, sessionAffinityConfig }: Spec): FieldError[] {
  const where = at.child('sessionAffinityConfig');
  const errors = requiredOneOf(sessionAffinity, ['ClientIP', 'None'], at.child('sessionAffinity'));
  if (sessionAffinity === 'None' && sessionAffinityConfig)
    errors.push(fieldForbidden(where, 'must not be set when session affinity is None'));
  if (sessionAffinity !== 'ClientIP') return errors;
  const timeout = where.child('clientIP', 'timeoutSeconds');
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (seconds === undefined) return [...errors, fieldRequired(timeout, `when session affinity type is ClientIP`)];
  if (seconds <= 0 || seconds > longestAffinity)
    errors.push(fieldInvalid(timeout, seconds, `must be greater than 0 and less than ${longestAffinity}`));
  return errors;
}

function externalIPErrors({ externalIPs }: Spec, old: Spec | undefined): FieldError[] {
  return (externalIPs ?? []).flatMap((ip, index) => {
    const where = at.child('externalIPs').index(index);
    const errors = validateIp(ip, where, old?.externalIPs);
    return errors.length > 0 ? errors : specialMeanings(ip).map((what) => fieldInvalid(where, ip, `may not be ${what}`));
  });
}

function balancerErrors(spec: Spec, old: Spec | undefined): FieldError[] {
  const balanced = spec.type === 'LoadBalancer';
  const [ranges, allocate, kind] = [
    // The path is upstream's, wrong as it is.
    at.child('LoadBalancerSourceRanges'),
    at.child('allocateLoadBalancerNodePorts'),
    at.child('loadBalancerClass'),
  ];
  const errors: FieldError[] = [];
  if (spec.loadBalancerSourceRanges?.length) {
    if (!balanced) errors.push(fieldForbidden(ranges, onlyBalanced));
    const before = old?.loadBalancerSourceRanges?.map((range) => range.trim());
    for (const [index, range] of spec.loadBalancerSourceRanges.entries())
      errors.push(...validateCidr(range.trim(), ranges.index(index), before));
  }
  if (balanced && spec.allocateLoadBalancerNodePorts === undefined) errors.push(fieldRequired(allocate));
  if (!balanced && spec.allocateLoadBalancerNodePorts !== undefined) errors.push(fieldForbidden(allocate, onlyBalanced));
  if (balanced) errors.push(...optionalName(spec.loadBalancerClass, isQualifiedName, kind));
  else if (spec.loadBalancerClass !== undefined) errors.push(fieldForbidden(kind, onlyBalanced));
  return errors;
}

function trafficErrors(spec: Spec): FieldError[] {
  const [external, health, internal] = [
    at.child('externalTrafficPolicy'),
    at.child('healthCheckNodePort'),
    at.child('internalTrafficPolicy'),
  ];
  const errors: FieldError[] = [];
  if (hasExternalTraffic(spec)) errors.push(...requiredOneOf(spec.externalTrafficPolicy, policies, external));
  else if (spec.externalTrafficPolicy)
    errors.push(fieldInvalid(external, spec.externalTrafficPolicy, 'may only be set for externally-accessible services'));
  if (spec.healthCheckNodePort && !needsHealthCheck(spec)) {
    const why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    errors.push(fieldInvalid(health, spec.healthCheckNodePort, why));
  }
  if (spec.type !== 'ExternalName') errors.push(...requiredOneOf(spec.internalTrafficPolicy, policies, internal));
  return [...errors, ...oneOf(spec.trafficDistribution, distributions, at.child('trafficDistribution'))];
}

export function serviceStatusErrors({ spec, status }: Service, old: Service): FieldError[] {
  const where = path('status', 'loadBalancer', 'ingress');
  const ingress = status?.loadBalancer?.ingress ?? [];
  if (ingress.length > 0 && spec.type !== 'LoadBalancer')
    return [fieldForbidden(where, "may only be used when `spec.type` is 'LoadBalancer'")];
  const before = (old.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []);
  return ingress.flatMap((one, index) => ingressErrors(one, before, where.index(index)));
}

type BalancerIngress = NonNullable<NonNullable<NonNullable<Service['status']>['loadBalancer']>['ingress']>[number];

function ingressErrors({ ip, ipMode, hostname }: BalancerIngress, before: readonly string[], at: FieldPath): FieldError[] {
  const errors = ip ? validateIp(ip, at.child('ip'), before) : [];
  if (ipMode !== undefined && !ip) errors.push(fieldForbidden(at.child('ipMode'), 'may not be specified when `ip` is not set'));
  else if (ip && ipMode === undefined) errors.push(fieldRequired(at.child('ipMode'), 'must be specified when `ip` is set'));
  else errors.push(...oneOf(ipMode, ['Proxy', 'VIP'], at.child('ipMode')));
  if (!hostname) return errors;
  errors.push(...invalidBy(isDNS1123Subdomain(hostname), at.child('hostname'), hostname));
  return parseIp(hostname) ? [...errors, fieldInvalid(at.child('hostname'), hostname, 'must be a DNS name, not an IP address')] : errors;
}
