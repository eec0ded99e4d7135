import { getCondition, isPodTerminal, labelsSelector } from '@keelson/machinery';
import { type Change, type Key, keyOf, mapped, type Stores, type Trigger } from '@keelson/runtime';
import { Pod, Service, type ServicePort } from '@keelson/types';

/** Keys of Services whose pods changed in a way that their endpoints can show. */
export const servicesOfPods: Trigger<Pod> = mapped(Pod, servicesSelecting, { when: changesEndpoints });

function servicesSelecting({ metadata }: Pod, stores: Stores): readonly Key[] {
  return stores
    .of(Service)
    .list(metadata.namespace)
    .filter(({ spec }) => selects(spec.selector, metadata.labels))
    .map(keyOf);
}

function selects(selector: Record<string, string> | undefined, labels: Record<string, string> | undefined): boolean {
  if (!selector) return false;
  for (const name in selector) if (labels?.[name] !== selector[name]) return false;
  return true;
}

function changesEndpoints(change: Change<Pod>): boolean {
  if (change.type !== 'updated') return change.object.status?.podIP !== undefined;
  return fingerprint(change.object) !== fingerprint(change.old);
}

/** All of a pod that its endpoints are made of. */
function fingerprint({ metadata, spec, status }: Pod): string {
  const { phase, podIP, podIPs, conditions } = status ?? {};
  const ready = getCondition(conditions, 'Ready');
  const parts = [metadata.uid, metadata.deletionTimestamp, metadata.labels, spec.nodeName, spec.hostname, spec.subdomain];
  return JSON.stringify([...parts, phase, podIP, podIPs, ready?.status]);
}

/** Pods a Service sends to, those that still have an address and have not ended. */
export function podsOf(service: Service, stores: Stores): readonly Pod[] {
  const selector = labelsSelector(service.spec.selector);
  return stores
    .of(Pod)
    .list(service.metadata.namespace)
    .filter((pod) => isReachable(pod) && selector.matches(pod.metadata.labels));
}

function isReachable(pod: Pod): boolean {
  return !isPodTerminal(pod) && addressesOf(pod).length > 0;
}

export function addressesOf({ status }: Pod): readonly string[] {
  const listed = (status?.podIPs ?? []).map(({ ip }) => ip).filter((ip): ip is string => Boolean(ip));
  return listed.length > 0 ? listed : status?.podIP ? [status.podIP] : [];
}

/** The number a Service's port has on a pod; undefined when the pod has no port of that name. */
export function portOn(pod: Pod, { targetPort, port, protocol = 'TCP' }: ServicePort): number | undefined {
  if (targetPort === undefined || targetPort === 0 || targetPort === '') return port;
  if (typeof targetPort === 'number') return targetPort;
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')];
  const ports = containers.flatMap((container) => container.ports ?? []);
  return ports.find((one) => one.name === targetPort && (one.protocol ?? 'TCP') === protocol)?.containerPort;
}

/** Endpoints carry the name of pods that ask for one below their Service's. */
export function hostnameOf({ metadata, spec }: Pod, service: Service): string | undefined {
  const named = spec.hostname && spec.subdomain === service.metadata.name && metadata.namespace === service.metadata.namespace;
  return named ? spec.hostname : undefined;
}

/** When the last of what is shown became so: the latest change of readiness, or the Service's own creation. */
export function lastTriggerTime(service: Service, pods: readonly Pod[]): string | undefined {
  // Times of objects are all of one form, in which later is greater.
  const times = [service.metadata.creationTimestamp, ...pods.map(readySince)].filter((time) => time !== undefined);
  return times.reduce<string | undefined>((latest, time) => (latest === undefined || time > latest ? time : latest), undefined);
}

function readySince({ status }: Pod): string | undefined {
  return getCondition(status?.conditions, 'Ready')?.lastTransitionTime;
}
