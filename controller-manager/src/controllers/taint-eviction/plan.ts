import { parseTime, tolerationMatches } from '@keelson/machinery';
import type { Taint, Toleration } from '@keelson/types';

/** What taints do to a pod: nothing, or its end at a time in milliseconds since the epoch. */
export type Verdict = { readonly type: 'stay' } | { readonly type: 'evict'; readonly at: number };

/** From when on seconds of tolerating a taint are counted, in milliseconds since the epoch. */
export type Since = (taint: Taint) => number;

/**
 * Judges a pod by NoExecute taints. A toleration for some seconds counts from when the taint was put on, unless `since` tells otherwise,
 * or, when the taint does not tell, from `known`: when the pod was first seen beside it.
 */
export function judge(
  taints: readonly Taint[],
  tolerations: readonly Toleration[],
  known: number,
  since: Since = ({ timeAdded }) => parseTime(timeAdded) ?? known,
): Verdict {
  let at = Number.POSITIVE_INFINITY;
  for (const taint of taints.filter(({ effect }) => effect === 'NoExecute')) {
    const fitting = tolerations.filter((toleration) => tolerationMatches(toleration, taint));
    if (fitting.length === 0) return { type: 'evict', at: known };
    const seconds = fitting.map(({ tolerationSeconds }) => tolerationSeconds).filter((one) => one !== undefined);
    if (seconds.length === 0) continue;
    at = Math.min(at, since(taint) + Math.max(0, Math.min(...seconds)) * 1000);
  }
  return at === Number.POSITIVE_INFINITY ? { type: 'stay' } : { type: 'evict', at };
}

/**
 * How taints of nodes count: from when the pod came there, if that was later; and one that took another's place goes on from `known`,
 * when the pod was first seen beside such a taint.
 */
export function besideTaint(known: number, there: number): Since {
  return ({ timeAdded }) => Math.max(Math.min(parseTime(timeAdded) ?? known, known), there);
}
