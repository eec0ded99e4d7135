import { getCondition, isPodTerminal, labelsSelector } from '@keelson/machinery';
import { type Change, type Key, keyOf, mapped, type Stores, type Trigger } from '@keelson/runtime';
import { Pod, Service } from '@keelson/types';
import { addressesOf } from './endpoint-facts.ts';

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
