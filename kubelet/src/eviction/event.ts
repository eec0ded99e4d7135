import type { Event } from '@keelson/types';
import { rfc3339 } from '../pod/naming.ts';
import type { Eviction } from './manager.ts';

/**
 * The event of a pod that is evicted for want of something of the node's: its annotations say what, and which containers used more than
 * they asked for. Event recorders send none.
 */
export function evictionEvent({ pod, message, annotations }: Eviction, host: string, now: number): Event {
  const { name = '', namespace = '', uid = '', resourceVersion } = pod.metadata ?? {};
  const time = rfc3339(now);
  return {
    apiVersion: 'v1',
    kind: 'Event',
    // As client-go: nanoseconds make names of a pod's events differ.
    metadata: { name: `${name}.${(BigInt(now) * 1_000_000n).toString(16)}`, namespace, annotations: { ...annotations } },
    involvedObject: { apiVersion: 'v1', kind: 'Pod', name, namespace, uid, ...(resourceVersion ? { resourceVersion } : {}) },
    type: 'Warning',
    reason: 'Evicted',
    message,
    source: { component: 'kubelet', host },
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
    reportingComponent: 'kubelet',
    reportingInstance: host,
  };
}
