import type { Random } from '@keelson/base';
import type { PodInfo } from '../cache/pod-info.ts';
import type { NodeTable } from '../cache/table.ts';
import type { DefaultPreemptionArgs } from '../config/plugin-args.ts';
import { type Guard, splitByBudgets } from './budgets.ts';

/** A node that takes the pod once its victims are gone. */
export interface Preemption {
  readonly row: number;
  /** Highest priority first. */
  readonly victims: readonly PodInfo[];
  /** How many victims their disruption budgets would rather keep. */
  readonly violations: number;
}

/** Where eviction may help. */
export interface Candidates {
  readonly rows: readonly number[];
  /** The code of what refuses the pod on a row, as the table is now; 0 for nothing. */
  readonly judge: (row: number) => number;
  /** How many rows with victims are enough to choose among. */
  readonly enough: number;
  readonly guards: readonly Guard[];
}

/** What trying rows came to. */
export interface Attempts {
  readonly found: readonly Preemption[];
  /** What keeps the pod from a row although all less important pods were gone, by its code; 0 where there are none of these. */
  readonly refused: ReadonlyMap<number, number>;
}

/** Of `nodes` where eviction may help, how many with victims are compared. */
export function enoughCandidates(nodes: number, args: DefaultPreemptionArgs): number {
  return Math.min(nodes, Math.max(args.minCandidateNodesAbsolute, Math.trunc((nodes * args.minCandidateNodesPercentage) / 100)));
}

/**
 * DefaultPreemption: rows where eviction can help, with the victims of each: pods of lower priority, as few as will do. The table is as
 * before when this returns. Rows are tried from a drawn place on until enough have victims, one of them without breaking a budget, as
 * upstream.
 */
export function candidates(info: PodInfo, table: NodeTable, where: Candidates, random: Random): Attempts {
  const { rows, enough } = where;
  if (table.lowestPriority >= info.priority) return { found: [], refused: new Map(rows.map((row) => [row, 0])) };
  const from = Math.floor(random.next() * rows.length);
  const found: Preemption[] = [];
  const refused = new Map<number, number>();
  for (let i = 0; i < rows.length; i++) {
    if (found.length >= enough && found.some(({ violations }) => violations === 0)) break;
    const row = rows[(from + i) % rows.length] as number;
    const attempt = victimsOn(row, info, table, where);
    if (typeof attempt === 'number') refused.set(row, attempt);
    else found.push(attempt);
  }
  return { found, refused };
}

/** The one whose victims matter least; undefined of none. */
export function cheapest(found: readonly Preemption[]): Preemption | undefined {
  let best = found[0];
  for (const one of found) if (best && costsLess(one, best)) best = one;
  return best;
}

/**
 * Takes out all pods of lower priority, then lets back in those the pod has room beside: first those their budgets would keep, the most
 * important first. A number is the code of what refuses the pod even then.
 */
function victimsOn(row: number, info: PodInfo, table: NodeTable, { judge, guards }: Candidates): Preemption | number {
  const node = table.nameOf(row);
  const lower = [...(table.pods[row]?.values() ?? [])].filter(({ priority }) => priority < info.priority).sort(byImportance);
  if (lower.length === 0) return 0;
  for (const pod of lower) table.removePod(pod, node);
  const code = judge(row);
  if (code !== 0) {
    for (const pod of lower) table.addPod(pod, node);
    return code;
  }
  const { violating, others } = splitByBudgets(lower, guards);
  const victims = [...violating, ...others].filter((pod) => !hasRoom(pod, row, table, judge));
  for (const pod of victims) table.addPod(pod, node);
  const violations = victims.filter((pod) => violating.includes(pod)).length;
  return { row, victims: victims.sort(byImportance), violations };
}

/** Lets a pod back in if that does no harm. */
function hasRoom(pod: PodInfo, row: number, table: NodeTable, judge: (row: number) => number): boolean {
  const node = table.nameOf(row);
  table.addPod(pod, node);
  if (judge(row) === 0) return true;
  table.removePod(pod, node);
  return false;
}

/** Higher priority first, then the longer running. */
function byImportance(a: PodInfo, b: PodInfo): number {
  return b.priority - a.priority || startOf(a) - startOf(b);
}

function startOf({ pod }: PodInfo): number {
  const at = Date.parse(pod.status?.startTime ?? '');
  return Number.isNaN(at) ? Number.MAX_SAFE_INTEGER : at;
}

/** What it costs, the more important first: each is better when less. Priorities are summed up from the least there is. */
const costs: readonly ((one: Preemption) => number)[] = [
  ({ violations }) => violations,
  ({ victims }) => victims[0]?.priority ?? 0,
  ({ victims }) => victims.reduce((sum, { priority }) => sum + priority + 2 ** 31, 0),
  ({ victims }) => victims.length,
  ({ victims }) => -Math.min(...victims.filter(({ priority }) => priority === victims[0]?.priority).map(startOf)),
];

function costsLess(a: Preemption, b: Preemption): boolean {
  for (const cost of costs) {
    const difference = cost(a) - cost(b);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
