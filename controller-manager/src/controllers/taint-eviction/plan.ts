import { parseTime, tolerationMatches } from '@keelson/machinery';
import type { Taint, Toleration } from '@keelson/types';

/** What taints do to a pod: nothing, or its end at a time in milliseconds since the epoch. */
export type Verdict = { readonly type: 'stay' } | { readonly type: 'evict'; readonly at: number };

/**
 * Judges a pod by the NoExecute taints of its node. A toleration for some seconds counts from when the taint was put on, or,
 * when the taint does not tell, from `known`: when the pod was first seen beside it.
 */
export function judge(taints: readonly Taint[], tolerations: readonly Toleration[], known: number): Verdict {
  let at = Number.POSITIVE_INFINITY;
  for (const taint of taints.filter(({ effect }) => effect === 'NoExecute')) {
    const fitting = tolerations.filter((toleration) => tolerationMatches(toleration, taint));
    if (fitting.length === 0) return { type: 'evict', at: known };
    const seconds = fitting.map(({ tolerationSeconds }) => tolerationSeconds).filter((one) => one !== undefined);
    if (seconds.length === 0) continue;
    const since = parseTime(taint.timeAdded) ?? known;
    at = Math.min(at, since + Math.max(0, Math.min(...seconds)) * 1000);
  }
  return at === Number.POSITIVE_INFINITY ? { type: 'stay' } : { type: 'evict', at };
}
