import type { EndpointSlice, Service } from '@keelson/types';

/** The Service that an APIService names. */
export interface ServiceReference {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
}

/** Where a Service's server is reached, or why nowhere. */
export type Place =
  | { readonly type: 'at'; readonly host: string; readonly port: number }
  | { readonly type: 'none'; readonly message: string };

/** By the Service's own address: the node's proxy chooses the endpoint. Upstream's way unless `--enable-aggregator-routing`. */
export function placeByAddress(service: Service | undefined, { namespace, name, port }: ServiceReference): Place {
  if (!service) return { type: 'none', message: `service "${name}" not found` };
  const { type = 'ClusterIP', clusterIP = '', externalName = '' } = service.spec ?? {};
  if (type === 'ExternalName') return { type: 'at', host: externalName, port };
  if (clusterIP === 'None') return { type: 'none', message: 'cannot route to service with ClusterIP "None"' };
  if (!clusterIP || !portOf(service, port)) return noPort({ namespace, name, port });
  return { type: 'at', host: clusterIP, port };
}

/** By one of the Service's ready endpoints, which `chance` (in [0, 1)) picks. */
export function placeByEndpoint(
  service: Service | undefined,
  slices: readonly EndpointSlice[],
  reference: ServiceReference,
  chance: number,
): Place {
  const { namespace, name, port } = reference;
  if (!service) return { type: 'none', message: `service "${name}" not found` };
  if (service.spec?.type === 'ExternalName') return placeByAddress(service, reference);
  const wanted = portOf(service, port);
  if (!wanted) return noPort(reference);
  const all = activeEndpoints(slices, wanted.name ?? '');
  const chosen = all[Math.floor(chance * all.length)];
  return chosen ? { type: 'at', ...chosen } : { type: 'none', message: `no endpoints available for service "${namespace}/${name}"` };
}

function noPort({ namespace, name, port }: ServiceReference): Place {
  return { type: 'none', message: `no service port ${port} found for service "${namespace}/${name}"` };
}

/** The port of a Service with a number. */
export function portOf(service: Service, port: number): { readonly name?: string | undefined } | undefined {
  return service.spec?.ports?.find((one) => one.port === port);
}

/** Ready addresses behind a named port. */
export function activeEndpoints(slices: readonly EndpointSlice[], portName: string): { readonly host: string; readonly port: number }[] {
  return slices.flatMap(({ ports, endpoints }) => {
    const port = ports?.find(({ name = '' }) => name === portName)?.port;
    if (port === undefined) return [];
    const ready = (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false);
    return ready.flatMap(({ addresses }) => addresses.slice(0, 1).map((host) => ({ host, port })));
  });
}
