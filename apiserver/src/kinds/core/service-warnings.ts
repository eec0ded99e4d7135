import type { Service } from '@keelson/types';
import { cidrWarnings, ipWarnings } from '../ip-warnings.ts';

/** What upstream warns of in a service. */
export function serviceWarnings({ metadata, spec }: Service): readonly string[] {
  const { type = 'ClusterIP', clusterIP, loadBalancerIP, externalIPs = [], externalName, sessionAffinity, trafficDistribution } = spec;
  const headless = type === 'ClusterIP' && clusterIP === 'None';
  const external = type === 'ExternalName';
  const found: (string | false | undefined)[] = [
    Object.hasOwn(metadata.annotations ?? {}, 'service.kubernetes.io/topology-aware-hints') &&
      'annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead',
    headless && loadBalancerIP && 'spec.loadBalancerIP is ignored for headless services',
    headless && externalIPs.length > 0 && 'spec.externalIPs is ignored for headless services',
    headless && sessionAffinity !== 'None' && 'spec.SessionAffinity is ignored for headless services',
    !headless && !external && externalIPs.length > 0 && 'spec.externalIPs is deprecated and may no longer be implemented in some clusters',
    external && externalIPs.length > 0 && 'spec.externalIPs is ignored when spec.type is "ExternalName"',
    !external && externalName && 'spec.externalName is ignored when spec.type is not "ExternalName"',
    trafficDistribution === 'PreferClose' && 'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
  ];
  return [...(found.filter((one) => typeof one === 'string' && one !== '') as string[]), ...addressWarnings(spec)];
}

function addressWarnings({
  type,
  clusterIPs = [],
  externalIPs = [],
  loadBalancerIP,
  loadBalancerSourceRanges = [],
}: Service['spec']): string[] {
  const own = type === 'ExternalName' || clusterIPs[0] === 'None' ? [] : clusterIPs;
  return [
    ...own.flatMap((ip, index) => ipWarnings(ip, `spec.clusterIPs[${index}]`)),
    ...externalIPs.flatMap((ip, index) => ipWarnings(ip, `spec.externalIPs[${index}]`)),
    ...(loadBalancerIP ? ipWarnings(loadBalancerIP, 'spec.loadBalancerIP') : []),
    ...loadBalancerSourceRanges.flatMap((range, index) => cidrWarnings(range, `spec.loadBalancerSourceRanges[${index}]`)),
  ];
}
