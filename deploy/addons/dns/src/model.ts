import type { Clock } from '@keelson/base';
import { formatIp, parseIp } from '@keelson/machinery';
import type { Change, Informer, Informers } from '@keelson/runtime';
import { EndpointSlice, Namespace, Service } from '@keelson/types';
import { dashed } from './zone/names.ts';
import type { DnsEndpoint, DnsPort, DnsService, Model, ServedEndpoint } from './zone/types.ts';

const serviceNameLabel = 'kubernetes.io/service-name';

export interface ModelOptions {
  readonly domain: string;
  /** Seconds. */
  readonly ttl: number;
}

/** The zone's view of the cluster, read from informers at each question. */
export class ClusterModel implements Model {
  readonly domain: string;
  readonly ttl: number;
  readonly #services: Informer<Service>;
  readonly #slices: Informer<EndpointSlice>;
  readonly #namespaces: Informer<Namespace>;
  #serial: number;

  constructor(informers: Informers, { domain, ttl }: ModelOptions, clock: Clock) {
    this.domain = domain;
    this.ttl = ttl;
    this.#services = informers.for(Service, { indexes: { address: clusterIPsOf } });
    this.#slices = informers.for(EndpointSlice, { indexes: { service: ownersOf, address: addressesOf } });
    this.#namespaces = informers.for(Namespace);
    this.#serial = Math.floor(clock.now() / 1000);
    const changed = (): void => {
      this.#serial = Math.max(this.#serial, Math.floor(clock.now() / 1000));
    };
    this.#services.onChange(changed);
    this.#slices.onChange(changed);
  }

  get serial(): number {
    return this.#serial;
  }

  /** Calls `handler` for every change of an EndpointSlice. */
  onEndpoints(handler: (change: Change<EndpointSlice>) => void): void {
    this.#slices.onChange(handler);
  }

  hasNamespace(name: string): boolean {
    return this.#namespaces.store.get(name) !== undefined;
  }

  service(namespace: string, name: string): DnsService | undefined {
    const service = this.#services.store.get(`${namespace}/${name}`);
    return service && dnsService(service);
  }

  endpoints(namespace: string, service: string): readonly DnsEndpoint[] {
    return this.#slices.store.byIndex('service', `${namespace}/${service}`).flatMap(endpointsOf);
  }

  servicesAt(ip: string): readonly DnsService[] {
    return this.#services.store.byIndex('address', ip).map(dnsService);
  }

  endpointsAt(ip: string): readonly ServedEndpoint[] {
    return this.#slices.store.byIndex('address', ip).flatMap((slice) => {
      const namespace = slice.metadata?.namespace ?? '';
      const service = slice.metadata?.labels?.[serviceNameLabel] ?? '';
      const headless = this.service(namespace, service)?.clusterIPs.length === 0;
      return endpointsOf(slice)
        .filter((endpoint) => endpoint.ip === ip && (headless || endpoint.host !== dashed(ip)))
        .map((endpoint) => ({ ...endpoint, namespace, service }));
    });
  }
}

/** What of a Service matters to the zone. */
export function dnsService(service: Service): DnsService {
  const spec = service.spec ?? {};
  const key = { namespace: service.metadata?.namespace ?? '', name: service.metadata?.name ?? '' };
  const ports = (spec.ports ?? []).map(portOf);
  if (spec.type === 'ExternalName') {
    return { ...key, clusterIPs: [], ports: [], externalName: (spec.externalName ?? '').replace(/\.$/, '').toLowerCase() };
  }
  return { ...key, clusterIPs: clusterIPsOf(service), ports };
}

/** The endpoints of a slice that are ready; those of a service that publishes the others too are marked ready by their controller. */
export function endpointsOf(slice: EndpointSlice): DnsEndpoint[] {
  if (slice.addressType === 'FQDN') return [];
  const ports = (slice.ports ?? []).flatMap(({ name, protocol, port }) => (port ? [portOf({ name, protocol, port })] : []));
  return (slice.endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready ?? true)
    .flatMap(({ addresses, hostname }) =>
      addresses.slice(0, 1).map((ip) => ({ ip: canonical(ip), host: hostname?.toLowerCase() || dashed(ip), ports })),
    );
}

function portOf(port: { readonly name?: string | undefined; readonly protocol?: string | undefined; readonly port: number }): DnsPort {
  return { name: port.name ?? '', protocol: (port.protocol ?? 'TCP').toLowerCase(), port: port.port };
}

function clusterIPsOf({ spec = {} }: Service): string[] {
  if (spec.type === 'ExternalName') return [];
  const all = spec.clusterIPs?.length ? spec.clusterIPs : [spec.clusterIP ?? ''];
  return all.filter((ip) => ip !== '' && ip !== 'None').map(canonical);
}

function ownersOf({ metadata }: EndpointSlice): string[] {
  const name = metadata?.labels?.[serviceNameLabel];
  return name ? [`${metadata?.namespace ?? ''}/${name}`] : [];
}

function addressesOf({ endpoints }: EndpointSlice): string[] {
  return (endpoints ?? []).flatMap(({ addresses }) => addresses.slice(0, 1).map(canonical));
}

/** IPv6 addresses can be written in many ways; names made of them must meet. */
function canonical(ip: string): string {
  const address = ip.includes(':') ? parseIp(ip) : undefined;
  return address ? formatIp(address) : ip;
}
