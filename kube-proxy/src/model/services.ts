import { canonicalCidr, canonicalIp } from '@keelson/machinery';
import type { EndpointSlice, Service } from '@keelson/types';
import { candidates, choose } from './endpoints.ts';
import type { Family, HealthCheck, Place, Protocol, WantedPort, WantedService } from './types.ts';

export const serviceNameLabel = 'kubernetes.io/service-name';
const proxyNameLabel = 'service.kubernetes.io/service-proxy-name';
const headlessLabel = 'service.kubernetes.io/headless';

/** Label selector of the Services and EndpointSlices that a default proxy handles at all, as upstream asks the API server for them. */
export const handledByUs = `!${proxyNameLabel},!${headlessLabel}`;

/**
 * What `place` must do for `service`, or undefined when nothing: headless, ExternalName, without an address of this family, or left to
 * another proxy by label.
 */
export function wantedService(service: Service, slices: readonly EndpointSlice[], place: Place): WantedService | undefined {
  const spec = service.spec;
  const labels = service.metadata?.labels ?? {};
  const clusterIP = addressOf(service, place.family);
  if (!spec || !clusterIP || spec.type === 'ExternalName' || proxyNameLabel in labels || headlessLabel in labels) return undefined;
  const key = `${service.metadata?.namespace ?? ''}/${service.metadata?.name ?? ''}`;
  const ports = (spec.ports ?? []).map((port) => wantedPort(service, key, clusterIP, port, slices, place));
  const health = healthCheck(service, slices, place);
  return health ? { key, ports, health } : { key, ports };
}

type ServicePort = NonNullable<NonNullable<Service['spec']>['ports']>[number];

function wantedPort(
  service: Service,
  key: string,
  clusterIP: string,
  port: ServicePort,
  slices: readonly EndpointSlice[],
  place: Place,
): WantedPort {
  const spec = service.spec ?? {};
  const protocol = (port.protocol ?? 'TCP').toLowerCase() as Protocol;
  const external = {
    nodePort: port.nodePort ?? 0,
    externalIPs: (spec.externalIPs ?? []).map(canonicalIp).filter((ip) => familyOf(ip) === place.family),
    loadBalancerIPs: loadBalancerIPs(service, place.family),
  };
  const policy = {
    internalLocal: spec.internalTrafficPolicy === 'Local',
    externalLocal:
      spec.externalTrafficPolicy === 'Local' &&
      (spec.type === 'NodePort' || spec.type === 'LoadBalancer' || external.externalIPs.length > 0),
    external: external.nodePort > 0 || external.externalIPs.length > 0 || external.loadBalancerIPs.length > 0,
  };
  return {
    name: port.name ? `${key}:${port.name}` : key,
    protocol,
    clusterIP,
    port: port.port,
    ...external,
    sourceRanges: (spec.loadBalancerSourceRanges ?? [])
      .map((range) => canonicalCidr(range.trim()))
      .filter((range) => familyOf(range) === place.family),
    affinitySeconds: spec.sessionAffinity === 'ClientIP' ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800) : 0,
    internalLocal: policy.internalLocal,
    externalLocal: policy.externalLocal,
    ...choose(candidates(slices, port.name ?? '', protocol, place), policy, place),
  };
}

function addressOf(service: Service, family: Family): string | undefined {
  const addresses = service.spec?.clusterIPs?.length ? service.spec.clusterIPs : [service.spec?.clusterIP ?? ''];
  // Tools that write rules read leading zeros as octal, Kubernetes does not.
  return addresses.map(canonicalIp).find((ip) => ip !== '' && ip !== 'None' && familyOf(ip) === family);
}

/** Addresses of status, but for those whose traffic the load balancer delivers to node ports itself (`ipMode: Proxy`). */
function loadBalancerIPs(service: Service, family: Family): string[] {
  if (service.spec?.type !== 'LoadBalancer') return [];
  const ingress = service.status?.loadBalancer?.ingress ?? [];
  const own = ingress.flatMap(({ ip, ipMode }) => (ip && ipMode !== 'Proxy' ? [canonicalIp(ip)] : []));
  return own.filter((ip) => familyOf(ip) === family);
}

function healthCheck(service: Service, slices: readonly EndpointSlice[], place: Place): HealthCheck | undefined {
  const port = service.spec?.healthCheckNodePort ?? 0;
  if (port === 0 || service.spec?.externalTrafficPolicy !== 'Local') return undefined;
  const addresses = new Set<string>();
  for (const slice of slices) {
    if (slice.addressType !== place.family) continue;
    for (const endpoint of slice.endpoints ?? []) {
      const [ip] = endpoint.addresses;
      if (ip && endpoint.nodeName === place.nodeName && (endpoint.conditions?.ready ?? true)) addresses.add(ip);
    }
  }
  return { port, localEndpoints: addresses.size };
}

function familyOf(address: string): Family {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}
