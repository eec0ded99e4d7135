import type { Random } from '@keelson/base';
import type { Node } from '@keelson/types';
import type { PodInfo } from '../cache/pod-info.ts';
import type { NodeTable } from '../cache/table.ts';
import type { Around, Cycle, Decision, Feasible } from '../cycle/cycle.ts';
import { cheapest, type Preemption } from '../cycle/preemption.ts';
import type { Plugin } from '../plugins/types.ts';
import type { Extenders, Kept } from './extenders.ts';

const name = 'Extender';

/** Stands for all extenders where the queue looks for what refused a pod. */
export const extenderEvents: Plugin = { name, scope: 'cluster', requeueOn: 'anything' };

/** Who decides, and by what. */
export interface Deciding {
  readonly cycle: Cycle;
  readonly extenders: Extenders;
  readonly table: NodeTable;
  readonly random: Random;
}

/**
 * Plugins filter and score; extenders take nodes away and add to the scores; among the best, each is as likely. Nodes that go away
 * meanwhile are out. @throws what kept an extender that is not ignorable from answering
 */
export async function decideWith(
  { cycle, extenders, table, random }: Deciding,
  info: PodInfo,
  around: Around | undefined,
): Promise<Decision> {
  const feasible = cycle.feasible(info, around);
  if (feasible.type === 'none') return feasible;
  const totals = new Map<string, number>();
  const nodes: Node[] = [];
  for (const row of feasible.rows) {
    const node = table.nodes[row];
    if (!node) continue;
    nodes.push(node);
    totals.set(node.metadata.name ?? '', feasible.totals[row] ?? 0);
  }
  const kept = await extenders.filter(info.pod, nodes);
  if (kept.nodes.length === 0) return refusal(cycle, table, feasible, kept);
  const more = kept.nodes.length > 1 ? await extenders.scores(info.pod, kept.nodes) : new Map<string, number>();
  const ranked = kept.nodes.flatMap(({ metadata: { name: node = '' } }) => {
    const row = table.rowOf(node);
    return row === undefined ? [] : [{ row, total: (totals.get(node) ?? 0) + (more.get(node) ?? 0) }];
  });
  const most = Math.max(...ranked.map(({ total }) => total));
  const best = ranked.filter(({ total }) => total === most);
  const chosen = best[Math.floor(random.next() * best.length)];
  return chosen ? { type: 'node', row: chosen.row, feasible: ranked.length } : refusal(cycle, table, feasible, kept);
}

function refusal(cycle: Cycle, table: NodeTable, feasible: Extract<Feasible, { type: 'rows' }>, { refused }: Kept): Decision {
  const reasons = cycle.reasons.copy();
  for (const [node, { why, resolvable }] of refused) {
    const row = table.rowOf(node);
    if (row !== undefined) feasible.verdicts[row] = reasons.code(name, resolvable, ...(why === undefined ? [] : [why]));
  }
  return { type: 'none', diagnosis: cycle.diagnose(feasible.verdicts, reasons) };
}

/** The node whose victims matter least, of what extenders leave of `candidates`. @throws what kept one from answering */
export async function preemptWith(
  { extenders, table }: Deciding,
  info: PodInfo,
  candidates: readonly Preemption[],
): Promise<Preemption | undefined> {
  const named = candidates.map(({ row, victims, violations }) => ({ node: table.nameOf(row), pods: victims, violations }));
  const podsOn = (node: string): readonly PodInfo[] | undefined => {
    const row = table.rowOf(node);
    return row === undefined ? undefined : [...(table.pods[row]?.values() ?? [])];
  };
  const left = await extenders.preempt(info.pod, named, podsOn);
  return cheapest(
    left.flatMap(({ node, pods, violations }) => {
      const row = table.rowOf(node);
      return row === undefined ? [] : [{ row, victims: pods.toSorted((a, b) => b.priority - a.priority), violations }];
    }),
  );
}
