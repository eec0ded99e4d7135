import type { Node } from '@keelson/types';
import { type Requests, readAmounts } from '../cache/resources.ts';
import type { NodeTable } from '../cache/table.ts';
import type { NodeResourcesFitArgs, ScoringStrategy } from '../config/plugin-args.ts';
import type { Reasons } from '../cycle/reasons.ts';
import { scoredColumns } from './resource-columns.ts';
import { scoreBy } from './scoring-strategy.ts';
import { always, type Plugin, type Question, type RowFilter, type RowScore } from './types.ts';

const name = 'NodeResourcesFit';

/** Requests fit into what is left of allocatable, extended resources that are ignored apart; nodes score by the strategy. */
export function nodeResourcesFit(args: NodeResourcesFitArgs): Plugin {
  const { scoringStrategy } = args;
  const usual = isUsual(scoringStrategy);
  return {
    name,
    scope: 'row',
    weight: 1,
    requeueOn: {
      NodeAdd: (info, { node }) => hasAll(info.requests, node, args),
      NodeAllocatable: (info, { node, before }) => hasAll(info.requests, node, args) && (!before || hasMore(info.requests, before, node)),
      AssignedPodDelete: always,
      AssignedPodScaleDown: ({ requests }, { pod, before }) => !before || takesLess(requests, before.requests, pod.requests),
      OwnScaleDown: always,
    },
    filter: ({ info, table, reasons }) => fits(info.requests, table, reasons, args),
    score: (question) =>
      usual
        ? leastAllocated(question)
        : { score: scoreBy(scoringStrategy, scoredColumns(scoringStrategy.resources, question.info.requests, question.table, false)) },
  };
}

/** Nearly everybody's, which has a loop of its own. */
function isUsual({ type, resources }: ScoringStrategy): boolean {
  const said = resources.map((one) => `${one.name} ${one.weight}`).toSorted();
  return type === 'LeastAllocated' && said.join() === 'cpu 1,memory 1';
}

function leastAllocated({ info, table }: Question): RowScore {
  const { cpu, memory } = info.requests.nonzero;
  return {
    score(rows, scores) {
      const [cpuHave, cpuUsed] = [table.allocatable.cpu.values, table.nonzero.cpu.values];
      const [memoryHave, memoryUsed] = [table.allocatable.memory.values, table.nonzero.memory.values];
      for (let i = 0; i < rows.length; i++) {
        const row = rows[i] as number;
        const a = cpuHave[row] as number;
        const b = memoryHave[row] as number;
        const counted = (a > 0 ? 1 : 0) + (b > 0 ? 1 : 0);
        const sum = free(a, (cpuUsed[row] as number) + cpu) + free(b, (memoryUsed[row] as number) + memory);
        scores[row] = counted === 0 ? 0 : Math.floor(sum / counted);
      }
    },
  };
}

function free(have: number, used: number): number {
  return have === 0 || used > have ? 0 : Math.floor(((have - used) * 100) / have);
}

interface Want {
  readonly label: string;
  readonly amount: number;
  readonly allocatable: { readonly values: Float64Array };
  readonly requested: { readonly values: Float64Array };
}

/** Loops over one column after the other; a node lacking several resources gets all of them as reasons. */
function fits({ amounts }: Requests, table: NodeTable, reasons: Reasons, args: NodeResourcesFitArgs): RowFilter {
  const wants: Want[] = [];
  const want = (label: string, amount: number, columns: Omit<Want, 'label' | 'amount'>): void => {
    if (amount > 0) wants.push({ label, amount, ...columns });
  };
  const of = (resource: 'pods' | 'cpu' | 'memory' | 'ephemeral') => ({
    allocatable: table.allocatable[resource],
    requested: table.requested[resource],
  });
  want('Too many pods', 1, of('pods'));
  want('Insufficient cpu', amounts.cpu, of('cpu'));
  want('Insufficient memory', amounts.memory, of('memory'));
  want('Insufficient ephemeral-storage', amounts.ephemeral, of('ephemeral'));
  for (const [resource, amount] of amounts.scalars)
    if (!isIgnored(resource, args)) want(`Insufficient ${resource}`, amount, table.scalar(resource));
  return (rows, verdicts) => {
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as number;
      if (verdicts[row] === 0 && lacksAny(wants, row)) verdicts[row] = explain(wants, row, reasons);
    }
  };
}

/** Only extended resources can be. */
function isIgnored(resource: string, { ignoredResources, ignoredResourceGroups }: NodeResourcesFitArgs): boolean {
  if (!resource.includes('/') || resource.includes('kubernetes.io/') || resource.startsWith('requests.')) return false;
  return ignoredResources.includes(resource) || ignoredResourceGroups.includes(resource.slice(0, resource.indexOf('/')));
}

function lacksAny(wants: readonly Want[], row: number): boolean {
  for (let i = 0; i < wants.length; i++) if (lacks(wants[i] as Want, row)) return true;
  return false;
}

function lacks({ amount, allocatable, requested }: Want, row: number): boolean {
  return amount > (allocatable.values[row] as number) - (requested.values[row] as number);
}

/** No eviction helps a pod that asks for more than the node has when empty. */
function explain(wants: readonly Want[], row: number, reasons: Reasons): number {
  const lacking = wants.filter((one) => lacks(one, row));
  const resolvable = lacking.every(
    ({ label, amount, allocatable }) => label === 'Too many pods' || amount <= (allocatable.values[row] ?? 0),
  );
  return reasons.code(name, resolvable, ...lacking.map(({ label }) => label));
}

/** What a pod asks for by name, itself among it. */
function asked({ amounts }: Requests): [string, number][] {
  const { cpu, memory, ephemeral, scalars } = amounts;
  return [['pods', 1], ['cpu', cpu], ['memory', memory], ['ephemeral-storage', ephemeral], ...scalars];
}

/** The pod fits on the node when that is empty. */
function hasAll(requests: Requests, node: Node, args: NodeResourcesFitArgs): boolean {
  const has = readAmounts(node.status?.allocatable);
  return asked(requests).every(([name, amount]) => amount <= (has.get(name) ?? 0) || isIgnored(name, args));
}

/** The node has more than before of something the pod asks for. */
function hasMore(requests: Requests, before: Node, node: Node): boolean {
  const [had, has] = [readAmounts(before.status?.allocatable), readAmounts(node.status?.allocatable)];
  return asked(requests).some(([name, amount]) => amount > 0 && (has.get(name) ?? 0) > (had.get(name) ?? 0));
}

/** Another pod takes less than before of something the pod asks for. */
function takesLess(requests: Requests, before: Requests, after: Requests): boolean {
  const [took, takes] = [new Map(asked(before)), new Map(asked(after))];
  return asked(requests).some(([name, amount]) => amount > 0 && (takes.get(name) ?? 0) < (took.get(name) ?? 0));
}
