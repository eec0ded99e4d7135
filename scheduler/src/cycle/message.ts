import type { Pod } from '@keelson/types';
import type { PodInfo } from '../cache/pod-info.ts';
import type { Diagnosis } from './cycle.ts';
import type { Reasons } from './reasons.ts';

export const noNodes = 'no nodes available to schedule pods';

/**
 * What users read of a pod that fits nowhere: how many nodes each reason keeps, the reasons in the order of their text. `preemption` tells
 * why eviction did not help; absent when it did.
 */
export function unschedulableMessage(diagnosis: Diagnosis, reasons: Reasons, preemption?: string): string {
  if (diagnosis.nodes === 0) return noNodes;
  const counts = new Map<string, number>();
  const own: string[] = [];
  for (const [code, nodes] of diagnosis.counts) {
    const reason = reasons.of(code);
    if (reason?.everywhere) own.push(...reason.words);
    else for (const words of reason?.words ?? []) counts.set(words, (counts.get(words) ?? 0) + nodes);
  }
  const why = own.length > 0 ? `0/${diagnosis.nodes} nodes are available: ${own.join(', ')}.` : summary(diagnosis.nodes, counts);
  return preemption === undefined ? why : `${why} preemption: ${preemption}`;
}

/** Why evicting pods does not help either. */
export function preemptionMessage(diagnosis: Diagnosis, reasons: Reasons, { pod }: Pick<PodInfo, 'pod'>): string {
  if (!mayPreempt(pod)) return 'not eligible due to preemptionPolicy=Never.';
  const counts = new Map<string, number>();
  for (const [code, nodes] of diagnosis.counts) {
    const words = reasons.of(code)?.resolvable
      ? 'No preemption victims found for incoming pod'
      : 'Preemption is not helpful for scheduling';
    counts.set(words, (counts.get(words) ?? 0) + nodes);
  }
  return summary(diagnosis.nodes, counts);
}

export function mayPreempt(pod: Pod): boolean {
  return pod.spec?.preemptionPolicy !== 'Never';
}

export const victimsLeaving = 'not eligible due to a terminating pod on the nominated node.';

function summary(nodes: number, counts: ReadonlyMap<string, number>): string {
  const parts = [...counts].map(([words, count]) => `${count} ${words}`).sort();
  return `0/${nodes} nodes are available: ${parts.join(', ')}.`;
}

/** Names of the plugins that refused a node: what must change before another try is worth it. */
export function refusedBy(diagnosis: Diagnosis, reasons: Reasons): Set<string> {
  return new Set([...diagnosis.counts.keys()].flatMap((code) => reasons.of(code)?.plugin ?? []));
}
