import type { Pod } from '@keelson/types';
import { isZero, sameQuantity } from '../config/quantity.ts';
import { podSpec } from './containers.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

/** Kubernetes' quality-of-service class: by requests and limits of cpu and memory of every container, or of the pod as a whole. */
export function qosClass(pod: Pod): QosClass {
  const spec = podSpec(pod);
  const holders = spec.resources ? [spec.resources] : [...(spec.initContainers ?? []), ...(spec.containers ?? [])].map((c) => c.resources);
  const resources = ['cpu', 'memory'] as const;
  let asked = false;
  let guaranteed = true;
  for (const holder of holders) {
    for (const resource of resources) {
      const request = holder?.requests?.[resource];
      const limit = holder?.limits?.[resource];
      const named = [request, limit].some((q) => q !== undefined && !isZero(q));
      asked ||= named;
      guaranteed &&= limit !== undefined && !isZero(limit) && (request === undefined || sameQuantity(request, limit));
    }
  }
  if (!asked) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}
