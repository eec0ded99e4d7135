import { equal, isPodReady, isPodTerminating, parseIp, stableJson } from '@keelson/machinery';
import type { EndpointAddress, EndpointSubset, Endpoints, Pod, Service } from '@keelson/types';
import { addressesOf, hostnameOf, lastTriggerTime, portOn } from '../../endpoint-facts.ts';

const triggerAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time';
const capacityAnnotation = 'endpoints.kubernetes.io/over-capacity';
const managedByLabel = 'endpoints.kubernetes.io/managed-by';
const headlessLabel = 'service.kubernetes.io/headless';

/** Addresses an Endpoints object holds, at most. */
const capacity = 1000;

interface Entry {
  readonly address: EndpointAddress;
  readonly ready: boolean;
  readonly ports: NonNullable<EndpointSubset['ports']>;
}

/** The Endpoints object of a Service, or undefined when the present one is right already. */
export function planEndpoints(service: Service, pods: readonly Pod[], present: Endpoints | undefined): Endpoints | undefined {
  const publish = service.spec.publishNotReadyAddresses === true;
  const all = pods.filter((pod) => publish || !isPodTerminating(pod)).flatMap((pod) => entryOf(service, pod, publish));
  const entries = all.toSorted((a, b) => Number(b.ready) - Number(a.ready)).slice(0, capacity);
  const subsets = subsetsOf(entries);
  const labels = labelsOf(service);
  if (present && equal(present.subsets, subsets) && equal({ labels: present.metadata.labels }, { labels })) return undefined;
  const { name, namespace } = service.metadata;
  const time = lastTriggerTime(service, pods);
  const annotations = {
    ...service.metadata.annotations,
    ...(time ? { [triggerAnnotation]: time } : {}),
    ...(all.length > capacity ? { [capacityAnnotation]: 'truncated' } : {}),
  };
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { ...(present?.metadata ?? { name, namespace }), labels, annotations },
    ...(subsets.length > 0 ? { subsets } : {}),
  };
}

function labelsOf({ metadata, spec }: Service): Record<string, string> {
  const { [headlessLabel]: _, ...own } = metadata.labels ?? {};
  return { ...own, [managedByLabel]: 'endpoint-controller', ...(spec.clusterIP === 'None' ? { [headlessLabel]: '' } : {}) };
}

function entryOf(service: Service, pod: Pod, publish: boolean): Entry[] {
  const version = service.spec.ipFamilies?.[0] === 'IPv6' || service.spec.clusterIP?.includes(':') ? 6 : 4;
  const ip = addressesOf(pod).find((address) => parseIp(address)?.version === version);
  if (ip === undefined) return [];
  const { name, namespace, uid } = pod.metadata;
  const { nodeName } = pod.spec;
  const hostname = hostnameOf(pod, service);
  const ports = (service.spec.ports ?? []).flatMap((servicePort) => {
    const port = portOn(pod, servicePort);
    const { name: portName, protocol = 'TCP', appProtocol } = servicePort;
    return port === undefined ? [] : [{ ...(portName ? { name: portName } : {}), port, protocol, ...(appProtocol ? { appProtocol } : {}) }];
  });
  const headlessWithoutPorts = (service.spec.ports ?? []).length === 0 && service.spec.clusterIP === 'None';
  if (ports.length === 0 && !headlessWithoutPorts) return [];
  const targetRef = { kind: 'Pod', namespace, name, uid };
  return [
    {
      address: { ip, ...(hostname ? { hostname } : {}), ...(nodeName ? { nodeName } : {}), targetRef },
      ready: publish || isPodReady(pod),
      ports,
    },
  ];
}

/** One subset for each set of ports, addresses in order. */
function subsetsOf(entries: readonly Entry[]): EndpointSubset[] {
  const groups = Map.groupBy(entries, ({ ports }) => ports.map(stableJson).sort().join());
  return [...groups.keys()].sort().map((key) => {
    const group = groups.get(key) ?? [];
    const some = (ready: boolean): EndpointAddress[] =>
      group
        .filter((entry) => entry.ready === ready)
        .map(({ address }) => address)
        .sort(byIp);
    const [addresses, notReadyAddresses, ports] = [some(true), some(false), group[0]?.ports ?? []];
    return {
      ...(addresses.length > 0 ? { addresses } : {}),
      ...(notReadyAddresses.length > 0 ? { notReadyAddresses } : {}),
      ...(ports.length > 0 ? { ports } : {}),
    };
  });
}

function byIp(a: EndpointAddress, b: EndpointAddress): number {
  return a.ip < b.ip ? -1 : a.ip > b.ip ? 1 : (a.targetRef?.uid ?? '') < (b.targetRef?.uid ?? '') ? -1 : 1;
}
