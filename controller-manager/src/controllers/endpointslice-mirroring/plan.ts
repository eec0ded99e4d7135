import { equal, newControllerRef, parseIp } from '@keelson/machinery';
import { type Endpoint, type EndpointAddress, type EndpointSlice, type EndpointSubset, Endpoints, type Service } from '@keelson/types';
import { repacked } from './repack.ts';

export const serviceLabel = 'kubernetes.io/service-name';
export const managedBy = 'endpointslice.kubernetes.io/managed-by';
export const manager = 'endpointslicemirroring-controller.k8s.io';
const skip = 'endpointslice.kubernetes.io/skip-mirror';
const leader = 'control-plane.alpha.kubernetes.io/leader';
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/** Addresses of one subset that are mirrored, at most. */
const most = 1000;

/** Whether an Endpoints object is somebody's own work, which nothing else turns into slices. */
export function isMirrored({ metadata }: Endpoints, service: Service | undefined): boolean {
  if (!service || Object.keys(service.spec?.selector ?? {}).length > 0) return false;
  return metadata.labels?.[skip] !== 'true' && metadata.annotations?.[leader] === undefined && !metadata.deletionTimestamp;
}

export interface MirrorPlan {
  readonly create: readonly EndpointSlice[];
  readonly update: readonly EndpointSlice[];
  readonly remove: readonly EndpointSlice[];
}

/** The slices that say what an Endpoints object says, beside those there are. Undefined endpoints: none are wanted. */
export function planMirror(endpoints: Endpoints | undefined, present: readonly EndpointSlice[]): MirrorPlan {
  const wanted = endpoints ? wantedSlices(endpoints) : [];
  const left = [...present];
  const create: EndpointSlice[] = [];
  const update: EndpointSlice[] = [];
  for (const slice of wanted) {
    const index = left.findIndex(({ addressType, ports }) => addressType === slice.addressType && equal(ports ?? [], slice.ports ?? []));
    const [there] = index < 0 ? [] : left.splice(index, 1);
    if (!there) create.push(slice);
    else if (!says(there, slice))
      update.push({
        ...there,
        endpoints: slice.endpoints,
        metadata: { ...there.metadata, labels: slice.metadata.labels, annotations: slice.metadata.annotations },
      });
  }
  return { create, update, remove: left };
}

function says(there: EndpointSlice, wanted: EndpointSlice): boolean {
  return (
    equal(there.endpoints, wanted.endpoints) &&
    equal(there.metadata.labels ?? {}, wanted.metadata.labels ?? {}) &&
    equal(there.metadata.annotations ?? {}, wanted.metadata.annotations ?? {})
  );
}

function wantedSlices(endpoints: Endpoints): EndpointSlice[] {
  return repacked(endpoints.subsets ?? []).flatMap((subset) =>
    (['IPv4', 'IPv6'] as const).flatMap((addressType) => {
      const found = endpointsOf(subset, addressType);
      return found.length > 0 ? [sliceOf(endpoints, subset, addressType, found)] : [];
    }),
  );
}

function endpointsOf({ addresses = [], notReadyAddresses = [] }: EndpointSubset, addressType: 'IPv4' | 'IPv6'): Endpoint[] {
  const family = addressType === 'IPv4' ? 4 : 6;
  const of = (list: readonly EndpointAddress[], ready: boolean): Endpoint[] =>
    list.filter(({ ip }) => parseIp(ip)?.version === family).map((address) => endpointOf(address, ready));
  return [...of(addresses, true), ...of(notReadyAddresses, false)].slice(0, most);
}

function endpointOf({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname ? { hostname } : {}),
    ...(nodeName ? { nodeName } : {}),
    ...(targetRef ? { targetRef } : {}),
  };
}

function sliceOf({ metadata }: Endpoints, { ports = [] }: EndpointSubset, addressType: string, endpoints: Endpoint[]): EndpointSlice {
  const { [lastApplied]: _applied, 'endpoints.kubernetes.io/last-change-trigger-time': _time, ...annotations } = metadata.annotations ?? {};
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${metadata.name}-`,
      namespace: metadata.namespace,
      labels: { ...metadata.labels, [serviceLabel]: metadata.name ?? '', [managedBy]: manager },
      ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
      ownerReferences: [newControllerRef(metadata, Endpoints)],
    },
    addressType,
    endpoints,
    ports: ports.map(({ name = '', port, protocol = 'TCP', appProtocol }) => ({
      name,
      port,
      protocol,
      ...(appProtocol ? { appProtocol } : {}),
    })),
  };
}
