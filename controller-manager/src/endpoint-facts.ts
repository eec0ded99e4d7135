import { getCondition } from '@keelson/machinery';
import type { Pod, Service, ServicePort } from '@keelson/types';

/** A pod's addresses, the first one first. */
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
