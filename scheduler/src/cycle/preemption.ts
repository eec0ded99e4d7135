import type { Random } from '@keelson/base';
import type { PodInfo } from '../cache/pod-info.ts';
import type { NodeTable } from '../cache/table.ts';
import type { DefaultPreemptionArgs } from '../config/plugin-args.ts';

/** A node that takes the pod once its victims are gone. */
export interface Preemption {
  readonly row: number;
  /** Highest priority first. */
  readonly victims: readonly PodInfo[];
}

/** Whether the pod passes every filter on a row, as the table is now. */
export type Fits = (row: number) => boolean;

/** Where eviction may help. */
export interface Candidates {
  readonly rows: readonly number[];
  readonly fits: Fits;
  /** How many rows with victims are enough to choose among. */
  readonly enough: number;
}

/** Of `nodes` where eviction may help, how many with victims are compared. */
export function enoughCandidates(nodes: number, args: DefaultPreemptionArgs): number {
  return Math.min(nodes, Math.max(args.minCandidateNodesAbsolute, Math.trunc((nodes * args.minCandidateNodesPercentage) / 100)));
}

/**
 * DefaultPreemption: rows where eviction can help, with the victims of each: pods of lower priority, as few as will do. The table is as
 * before when this returns. Rows are tried from a drawn place on until enough have victims, as upstream.
 */
export function candidates(info: PodInfo, table: NodeTable, { rows, fits, enough }: Candidates, random: Random): Preemption[] {
  if (table.lowestPriority >= info.priority) return [];
  const from = Math.floor(random.next() * rows.length);
  const found: Preemption[] = [];
  for (let i = 0; i < rows.length && found.length < enough; i++) {
    const row = rows[(from + i) % rows.length] as number;
    const victims = victimsOn(row, info, table, fits);
    if (victims) found.push({ row, victims });
  }
  return found;
}

/** The one whose victims matter least; undefined of none. */
export function cheapest(found: readonly Preemption[]): Preemption | undefined {
  let best = found[0];
  for (const one of found) if (best && costsLess(one.victims, best.victims)) best = one;
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
