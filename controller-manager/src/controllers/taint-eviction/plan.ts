import { parseTime, tolerationMatches } from '@keelson/machinery';
import type { Taint, Toleration } from '@keelson/types';

/** What taints do to a pod: nothing, or its end at a time in milliseconds since the epoch. */
export type Verdict = { readonly type: 'stay' } | { readonly type: 'evict'; readonly at: number };

/** Judges a pod by the NoExecute taints of its node. A toleration for some seconds counts from when the taint was put on. */
export function judge(taints: readonly Taint[], tolerations: readonly Toleration[], now: number): Verdict {
  let at = Number.POSITIVE_INFINITY;
  for (const taint of taints.filter(({ effect }) => effect === 'NoExecute')) {
    const fitting = tolerations.filter((toleration) => tolerationMatches(toleration, taint));
    if (fitting.length === 0) return { type: 'evict', at: now };
    const seconds = fitting.map(({ tolerationSeconds }) => tolerationSeconds).filter((one) => one !== undefined);
    if (seconds.length === 0) continue;
    const since = parseTime(taint.timeAdded) ?? now;
    at = Math.min(at, since + Math.max(0, Math.min(...seconds)) * 1000);
  }
  return at === Number.POSITIVE_INFINITY ? { type: 'stay' } : { type: 'evict', at };
}
