import type { Pod } from '@keelson/types';
import type { Diagnosis } from './cycle.ts';
import type { Reasons } from './reasons.ts';

export const noNodes = 'no nodes available to schedule pods';

/**
 * What users read of a pod that fits nowhere: how many nodes each reason keeps, the reasons in the order of their text. `remedies` tell why
 * neither freeing devices nor eviction helped; there are none when it did.
 */
export function unschedulableMessage(diagnosis: Diagnosis, reasons: Reasons, remedies: readonly string[] = []): string {
  if (diagnosis.nodes === 0) return noNodes;
  const counts = new Map<string, number>();
  const own: string[] = [];
  for (const [code, nodes] of diagnosis.counts) {
    const reason = reasons.of(code);
    if (reason?.everywhere) own.push(...reason.words);
    else for (const words of reason?.words ?? []) counts.set(words, (counts.get(words) ?? 0) + nodes);
  }
  const why = own.length > 0 ? `0/${diagnosis.nodes} nodes are available: ${own.join(', ')}.` : summary(diagnosis.nodes, counts);
  return remedies.length === 0 ? why : `${why} ${remedies.join(', ')}`;
}

/** Why evicting pods does not help either. @param refused by row, what still refuses the pod when all it may evict are gone, see `Attempts` */
export function preemptionMessage({ nodes }: Diagnosis, reasons: Reasons, refused: ReadonlyMap<number, number>): string {
  const counts = new Map<string, number>();
  const count = (words: string, times: number): Map<string, number> => counts.set(words, (counts.get(words) ?? 0) + times);
  for (const code of refused.values())
    for (const words of reasons.of(code)?.words ?? ['No preemption victims found for incoming pod']) count(words, 1);
  if (nodes > refused.size) count('Preemption is not helpful for scheduling', nodes - refused.size);
  return `preemption: ${summary(nodes, counts)}`;
}

export function mayPreempt(pod: Pod): boolean {
  return pod.spec?.preemptionPolicy !== 'Never';
}

export const neverPreempts = 'preemption: not eligible due to preemptionPolicy=Never.';
export const victimsLeaving = 'preemption: not eligible due to a terminating pod on the nominated node.';

function summary(nodes: number, counts: ReadonlyMap<string, number>): string {
  const parts = [...counts].map(([words, count]) => `${count} ${words}`).sort();
  return `0/${nodes} nodes are available: ${parts.join(', ')}.`;
}

/** Names of the plugins that refused a node: what must change before another try is worth it. */
export function refusedBy(diagnosis: Diagnosis, reasons: Reasons): Set<string> {
  return new Set([...diagnosis.counts.keys()].flatMap((code) => reasons.of(code)?.plugin ?? []));
}
