import type { Random } from '@keelson/base';
import type { PodInfo } from '../cache/pod-info.ts';
import type { NodeTable } from '../cache/table.ts';

/** A node that takes the pod once its victims are gone. */
export interface Preemption {
  readonly row: number;
  /** Highest priority first. */
  readonly victims: readonly PodInfo[];
}

/** Whether the pod passes every filter on a row, as the table is now. */
export type Fits = (row: number) => boolean;

/**
 * DefaultPreemption: of the rows where eviction can help, the one whose victims matter least; undefined when there is none. Victims are
 * pods of lower priority, as few as will do. The table is as before when this returns. Of many rows only a tenth, but at least a hundred
 * with victims, are tried, from a drawn place on, as upstream.
 */
export function preempt(info: PodInfo, table: NodeTable, rows: readonly number[], fits: Fits, random: Random): Preemption | undefined {
  if (table.lowestPriority >= info.priority) return undefined;
  const enough = Math.max(100, Math.trunc(table.count / 10));
  const from = Math.floor(random.next() * rows.length);
  let best: Preemption | undefined;
  let found = 0;
  for (let i = 0; i < rows.length && found < enough; i++) {
    const row = rows[(from + i) % rows.length] as number;
    const victims = victimsOn(row, info, table, fits);
    if (!victims) continue;
    found++;
    if (!best || costsLess(victims, best.victims)) best = { row, victims };
  }
  return best;
}

/** Takes out all pods of lower priority, then lets back in, the most important first, those the pod has room beside. */
function victimsOn(row: number, info: PodInfo, table: NodeTable, fits: Fits): PodInfo[] | undefined {
  const node = table.nameOf(row);
  const lower = [...(table.pods[row]?.values() ?? [])].filter(({ priority }) => priority < info.priority).sort(byImportance);
  if (lower.length === 0) return undefined;
  for (const pod of lower) table.removePod(pod, node);
  const helps = fits(row);
  const victims: PodInfo[] = [];
  for (const pod of lower) {
    table.addPod(pod, node);
    if (!helps || fits(row)) continue;
    table.removePod(pod, node);
    victims.push(pod);
  }
  for (const pod of victims) table.addPod(pod, node);
  return helps && victims.length > 0 ? victims : undefined;
}

/** Higher priority first, then the longer running. */
function byImportance(a: PodInfo, b: PodInfo): number {
  return b.priority - a.priority || startOf(a) - startOf(b);
}

function startOf({ pod }: PodInfo): number {
  const at = Date.parse(pod.status?.startTime ?? '');
  return Number.isNaN(at) ? Number.MAX_SAFE_INTEGER : at;
}

/** The lower highest priority, then the lower sum of priorities (counted from the least there is), then fewer, then the shorter running. */
function costsLess(a: readonly PodInfo[], b: readonly PodInfo[]): boolean {
  const measures = [
    (victims: readonly PodInfo[]) => victims[0]?.priority ?? 0,
    (victims: readonly PodInfo[]) => victims.reduce((sum, { priority }) => sum + priority + 2 ** 31, 0),
    (victims: readonly PodInfo[]) => victims.length,
    (victims: readonly PodInfo[]) => -Math.min(...victims.filter(({ priority }) => priority === victims[0]?.priority).map(startOf)),
  ];
  for (const measure of measures) {
    const difference = measure(a) - measure(b);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
