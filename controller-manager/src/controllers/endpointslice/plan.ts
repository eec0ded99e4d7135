import { equal, isPodReady, isPodTerminating, newControllerRef, parseIp, stableJson } from '@keelson/machinery';
import { type Endpoint, type EndpointSlice, type Node, type Pod, Service } from '@keelson/types';
import { addressesOf, hostnameOf, lastTriggerTime, portOn } from '../../endpoint-facts.ts';
import { giveHints, type Spreading } from './hints.ts';
import { zoneLabel, zonesOf } from './zones.ts';

export const serviceNameLabel = 'kubernetes.io/service-name';
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
export const manager = 'endpointslice-controller.k8s.io';
export const headlessLabel = 'service.kubernetes.io/headless';
export const triggerAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time';

const dropped: ReadonlySet<string> = new Set(['kubectl.kubernetes.io/last-applied-configuration', triggerAnnotation]);
const reservedLabels: ReadonlySet<string> = new Set([serviceNameLabel, managedByLabel, headlessLabel]);

export interface View {
  readonly service: Service;
  /** Pods it selects that have an address and have not ended. */
  readonly pods: readonly Pod[];
  /** The slices this controller keeps for the service. */
  readonly slices: readonly EndpointSlice[];
  readonly nodeOf: (name: string) => Node | undefined;
  /** All there are. */
  readonly nodes: () => readonly Node[];
  /** `--max-endpoints-per-slice`. */
  readonly max: number;
}

export interface Writes {
  readonly create: readonly EndpointSlice[];
  readonly update: readonly EndpointSlice[];
  readonly remove: readonly EndpointSlice[];
}

export interface Plan extends Writes {
  readonly spreadings: readonly Spreading[];
  /** Pods left out because nobody knows their node: each may be right again when somebody does. */
  readonly lost: readonly Pod[];
}

type Ports = NonNullable<EndpointSlice['ports']>;

/** Endpoints that stand in slices together: one address type, the same ports. */
interface Group {
  readonly addressType: string;
  readonly ports: Ports;
  readonly endpoints: Map<string, Endpoint>;
}

/** Brings a Service's slices in line with its pods, writing as few of them as it can. */
export function planSlices(view: View): Plan {
  const { service, slices } = view;
  const types = addressTypesOf(service);
  const lost = view.pods.filter((pod) => isLost(pod, view));
  const kept = slices.filter((slice) => types.includes(slice.addressType) && isOwnedBy(slice, service));
  const placed = { ...view, slices: kept, pods: view.pods.filter((pod) => !lost.includes(pod)) };
  const parts = types.map((addressType) => planType(placed, addressType));
  return {
    create: parts.flatMap(({ create }) => create),
    update: parts.flatMap(({ update }) => update),
    remove: [...slices.filter((slice) => !kept.includes(slice)), ...parts.flatMap(({ remove }) => remove)],
    spreadings: parts.flatMap(({ spreading }) => spreading ?? []),
    lost,
  };
}

/** What a former Service of the same name has left is about to be collected: nothing may be put there. */
function isOwnedBy({ metadata }: EndpointSlice, service: Service): boolean {
  return metadata.ownerReferences?.some(({ uid, controller }) => controller && uid === service.metadata.uid) ?? false;
}

/** Whether its node is gone, or not known yet; who publishes all addresses does not care. */
function isLost({ spec }: Pod, { service, nodeOf }: View): boolean {
  return service.spec.publishNotReadyAddresses !== true && !nodeOf(spec.nodeName ?? '');
}

/** By the Service's IP families; an ExternalName has no endpoints. */
function addressTypesOf({ spec }: Service): string[] {
  if (spec.type === 'ExternalName') return [];
  const families = spec.ipFamilies?.length ? spec.ipFamilies : [spec.clusterIP?.includes(':') ? 'IPv6' : 'IPv4'];
  return [...new Set(families)];
}

function planType(view: View, addressType: string): Writes & { readonly spreading: Spreading | undefined } {
  const slices = view.slices.filter((slice) => slice.addressType === addressType);
  const groups = groupsOf(view, addressType);
  const endpoints = [...groups.values()].flatMap((group) => [...group.endpoints.values()]);
  const spreading = giveHints(view.service, addressType, endpoints, () => zonesOf(view.nodes()));
  const byPorts = Map.groupBy(slices, ({ ports }) => portsKey(ports ?? []));
  const filled = [...groups].map(([key, group]) => fill(view, group, byPorts.get(key) ?? []));
  const create = filled.flatMap((part) => part.create);
  const unused = [...byPorts].filter(([key]) => !groups.has(key)).flatMap(([, some]) => some);
  const remove = [...unused, ...filled.flatMap((part) => part.remove)];
  // A Service has at least one slice of each type, empty if need be.
  if (create.length === 0 && remove.length === slices.length)
    create.push(newSlice(view, { addressType, ports: [], endpoints: new Map() }, []));
  const update = filled.flatMap((part) => part.update);
  return { ...reuse(create, update, remove), spreading };
}

/** Slices to be made take the place of slices to be removed: a change instead of two, and nothing is missing in between. */
function reuse(create: readonly EndpointSlice[], update: readonly EndpointSlice[], remove: readonly EndpointSlice[]): Writes {
  const reused = create.slice(0, remove.length).map((made, i) => {
    const old = remove[i] as EndpointSlice;
    return { old, next: { ...made, metadata: { ...old.metadata, labels: made.metadata.labels, annotations: made.metadata.annotations } } };
  });
  const needed = reused.filter(({ old, next }) => !sameContent(old, next) || !sameLabels(old, next)).map(({ next }) => next);
  return { create: create.slice(remove.length), update: [...update, ...needed], remove: remove.slice(create.length) };
}

function groupsOf({ service, pods, nodeOf }: View, addressType: string): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const pod of pods) {
    const addresses = addressesOf(pod).filter((address) => `IPv${parseIp(address)?.version}` === addressType);
    const first = addresses[0];
    if (first === undefined) continue;
    const ports = portsOf(service, pod);
    const key = portsKey(ports);
    const group = groups.get(key) ?? { addressType, ports, endpoints: new Map<string, Endpoint>() };
    groups.set(key, group);
    group.endpoints.set(identity(pod.metadata.uid, first), endpointOf(service, pod, first, nodeOf));
  }
  return groups;
}

function portsOf({ spec }: Service, pod: Pod): Ports {
  return (spec.ports ?? []).flatMap((servicePort) => {
    const port = portOn(pod, servicePort);
    const { name = '', protocol = 'TCP', appProtocol } = servicePort;
    return port === undefined ? [] : [{ name, port, protocol, ...(appProtocol ? { appProtocol } : {}) }];
  });
}

function portsKey(ports: Ports): string {
  return ports.map(stableJson).sort().join();
}

function identity(uid: string | undefined, address: string | undefined): string {
  return `${uid}/${address}`;
}

function endpointOf(service: Service, pod: Pod, address: string, nodeOf: View['nodeOf']): Endpoint {
  const { name, namespace, uid } = pod.metadata;
  const { nodeName } = pod.spec;
  const serving = isPodReady(pod);
  const terminating = isPodTerminating(pod);
  const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating);
  const zone = nodeName && nodeOf(nodeName)?.metadata.labels?.[zoneLabel];
  const hostname = hostnameOf(pod, service);
  return {
    addresses: [address],
    conditions: { ready, serving, terminating },
    ...(hostname ? { hostname } : {}),
    targetRef: { kind: 'Pod', namespace, name, uid },
    ...(nodeName ? { nodeName } : {}),
    ...(zone ? { zone } : {}),
  };
}

/** Keeps endpoints where they stand, then puts the rest into slices that are written anyway, then where all fit, then into new ones. */
function fill(view: View, group: Group, slices: readonly EndpointSlice[]): Writes {
  const missing = new Map(group.endpoints);
  const drafts = slices.map((slice) => draftOf(slice, group, missing));
  for (const draft of drafts.filter((one) => one.changed).sort((a, b) => b.endpoints.length - a.endpoints.length)) {
    take(draft, missing, view.max);
  }
  const roomy = drafts
    .filter((one) => one.endpoints.length + missing.size <= view.max)
    .sort((a, b) => b.endpoints.length - a.endpoints.length)[0];
  if (missing.size > 0 && roomy) take(roomy, missing, view.max);
  const used = drafts.filter(({ endpoints }) => endpoints.length > 0);
  const next = used.map((draft) => ({ draft, slice: refreshed(view, draft) }));
  return {
    create: chunks([...missing.values()], view.max).map((endpoints) => newSlice(view, group, endpoints)),
    update: next.filter(({ draft, slice }) => draft.changed || !sameLabels(draft.slice, slice)).map(({ slice }) => slice),
    remove: drafts.filter(({ endpoints }) => endpoints.length === 0).map(({ slice }) => slice),
  };
}

interface Draft {
  readonly slice: EndpointSlice;
  readonly endpoints: Endpoint[];
  changed: boolean;
}

function draftOf(slice: EndpointSlice, group: Group, missing: Map<string, Endpoint>): Draft {
  const draft: Draft = { slice, endpoints: [], changed: false };
  for (const endpoint of slice.endpoints ?? []) {
    const key = identity(endpoint.targetRef?.uid, endpoint.addresses[0]);
    const wanted = missing.has(key) ? group.endpoints.get(key) : undefined;
    if (!wanted) {
      draft.changed = true;
      continue;
    }
    missing.delete(key);
    draft.endpoints.push(wanted);
    draft.changed ||= !equal(wanted, endpoint);
  }
  return draft;
}

function take(draft: Draft, missing: Map<string, Endpoint>, max: number): void {
  for (const [key, endpoint] of missing) {
    if (draft.endpoints.length >= max) return;
    draft.endpoints.push(endpoint);
    draft.changed = true;
    missing.delete(key);
  }
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

function refreshed(view: View, { slice, endpoints, changed }: Draft): EndpointSlice {
  const annotations = changed ? annotationsOf(view) : slice.metadata.annotations;
  return { ...slice, metadata: { ...slice.metadata, labels: labelsOf(view.service), annotations }, endpoints };
}

function newSlice(view: View, { addressType, ports }: Group, endpoints: Endpoint[]): EndpointSlice {
  const { name, namespace } = view.service.metadata;
  const metadata = {
    generateName: `${name}-`,
    namespace,
    labels: labelsOf(view.service),
    annotations: annotationsOf(view),
    ownerReferences: [newControllerRef(view.service.metadata, Service)],
  };
  return { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata, addressType, endpoints, ports };
}

function labelsOf({ metadata, spec }: Service): Record<string, string> {
  const own = Object.entries(metadata.labels ?? {}).filter(([name]) => !reservedLabels.has(name));
  const headless = spec.clusterIP === 'None' ? { [headlessLabel]: '' } : {};
  return { ...Object.fromEntries(own), ...headless, [managedByLabel]: manager, [serviceNameLabel]: metadata.name ?? '' };
}

function annotationsOf({ service, pods }: View): Record<string, string> {
  const own = Object.entries(service.metadata.annotations ?? {}).filter(([name]) => !dropped.has(name));
  const time = lastTriggerTime(service, pods);
  return { ...Object.fromEntries(own), ...(time ? { [triggerAnnotation]: time } : {}) };
}

function sameLabels(a: EndpointSlice, b: EndpointSlice): boolean {
  return equal({ labels: a.metadata.labels }, { labels: b.metadata.labels });
}

function sameContent(a: EndpointSlice, b: EndpointSlice): boolean {
  return equal(a.endpoints, b.endpoints) && equal(a.ports, b.ports);
}
