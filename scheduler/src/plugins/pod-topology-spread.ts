import { labelSelectorMatcher, tolerates } from '@keelson/machinery';
import type { TopologySpreadConstraint } from '@keelson/types';
import type { Counter } from '../cache/pod-index.ts';
import { withLabelKeys } from '../cache/pod-info.ts';
import type { Domains } from '../cache/table.ts';
import type { PodTopologySpreadArgs } from '../config/plugin-args.ts';
import { sumByDomain } from './domain-counts.ts';
import { requiredNodes } from './node-affinity.ts';
import { spreadHints } from './pod-topology-spread-hints.ts';
import { type DefaultSelector, eachOpen, type Plugin, type Question, type RowFilter } from './types.ts';

const name = 'PodTopologySpread';
const hostname = 'kubernetes.io/hostname';

/** One constraint with all it needs to be judged. */
interface Constraint {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly minDomains: number;
  /** 1 when the pod itself matches the selector. */
  readonly self: number;
  readonly domains: Domains;
  readonly counter: Counter;
  /** Rows whose pods and domains count, by the constraint's node policies; all when absent. */
  readonly counts: ((row: number) => boolean) | undefined;
}

/**
 * Even spreading of pods that match a selector over the domains of a topology. Pods that state no constraints get the default ones, with
 * the selector of their Services and owner.
 */
export function podTopologySpread(args: PodTopologySpreadArgs): Plugin {
  const system = args.defaultingType === 'System';
  const defaults = system ? systemDefaults : args.defaultConstraints;
  return {
    name,
    scope: 'cluster',
    weight: 2,
    requeueOn: spreadHints,
    filter(question) {
      const constraints = constraintsOf(question, 'DoNotSchedule', defaults);
      return constraints.length === 0 ? undefined : keepSkew(constraints, question);
    },
    score(question) {
      const constraints = constraintsOf(question, 'ScheduleAnyway', defaults);
      if (constraints.length === 0) return undefined;
      const lenient = system && statedIn(question).length === 0;
      const labelled = (row: number): boolean => constraints.every(({ domains }) => (domains.of.values[row] as number) >= 0);
      // Of one constraint alone, rows without its label have no domain anyway.
      const plain = lenient || constraints.length === 1;
      const counted = plain ? constraints : constraints.map((one) => ({ ...one, counts: bothHold(labelled, one.counts) }));
      const ignored = new Set<number>();
      return {
        score: (rows, scores) => scoreRows(counted, rows, scores, question.table.rows, lenient ? undefined : ignored),
        normalize: (rows, scores) => normalizeRows(rows, scores, ignored),
      };
    },
  };
}

function bothHold(one: (row: number) => boolean, other: ((row: number) => boolean) | undefined): (row: number) => boolean {
  return other ? (row) => one(row) && other(row) : one;
}

/** Kubernetes' own: over hosts and, less strictly, zones. */
const systemDefaults: readonly TopologySpreadConstraint[] = [
  { topologyKey: hostname, maxSkew: 3, whenUnsatisfiable: 'ScheduleAnyway' },
  { topologyKey: 'topology.kubernetes.io/zone', maxSkew: 5, whenUnsatisfiable: 'ScheduleAnyway' },
];

function statedIn({ info }: Question): readonly TopologySpreadConstraint[] {
  return info.pod.spec?.topologySpreadConstraints ?? [];
}

function constraintsOf(question: Question, action: string, defaults: readonly TopologySpreadConstraint[]): readonly Constraint[] {
  const all = statedIn(question);
  const wanted = ({ whenUnsatisfiable }: TopologySpreadConstraint): boolean => whenUnsatisfiable === action;
  if (all.length > 0) return all.filter(wanted).map((constraint) => prepare(constraint, question, ownPods(constraint, question)));
  const { spreadSelector } = question;
  if (!spreadSelector) return [];
  return defaults.filter(wanted).map((constraint) => prepare(constraint, question, likePods(spreadSelector, question)));
}

function keepSkew(constraints: readonly Constraint[], { table, reasons }: Question): RowFilter {
  const missing = reasons.code(name, false, "node(s) didn't match pod topology spread constraints (missing required label)");
  const skewed = reasons.code(name, true, "node(s) didn't match pod topology spread constraints");
  const counted = (row: number): boolean => constraints.every(({ domains }) => (domains.of.values[row] as number) >= 0);
  const limits = constraints.map((constraint) => limit(constraint, table.rows, counted));
  return eachOpen((row) => {
    if (!counted(row)) return missing;
    for (const { constraint, sums, least } of limits) {
      const count = sums[constraint.domains.of.values[row] as number] as number;
      if (count + constraint.self - least > constraint.maxSkew) return skewed;
    }
    return 0;
  });
}

/** The pods that a constraint spreads. */
type Spread = Pick<Constraint, 'self' | 'counter'>;

/** Those that the constraint itself selects. */
function ownPods(stated: TopologySpreadConstraint, { info, table }: Question): Spread {
  const { namespace } = info;
  const matcher = labelSelectorMatcher(withLabelKeys(stated.labelSelector, info.labels, stated.matchLabelKeys ?? []));
  return {
    self: matcher.matches(info.labels) ? 1 : 0,
    counter: table.index.counter(
      `spread ${namespace} ${matcher.toString()} ${matcher.nothing}`,
      (other) => other.namespace === namespace && !other.pod.metadata.deletionTimestamp && matcher.matches(other.labels),
    ),
  };
}

/** Those of the pod's Services and owner. */
function likePods({ key, matches }: DefaultSelector, { info, table }: Question): Spread {
  const { namespace } = info;
  return {
    self: matches(info.labels) ? 1 : 0,
    counter: table.index.counter(
      `default ${namespace} ${key}`,
      (other) => other.namespace === namespace && !other.pod.metadata.deletionTimestamp && matches(other.labels),
    ),
  };
}

function prepare(stated: TopologySpreadConstraint, { info, table }: Question, spread: Spread): Constraint {
  const required = stated.nodeAffinityPolicy === 'Ignore' ? undefined : requiredNodes(info);
  const tolerations = stated.nodeTaintsPolicy === 'Honor' ? (info.pod.spec?.tolerations ?? []) : undefined;
  return {
    ...spread,
    topologyKey: stated.topologyKey,
    maxSkew: stated.maxSkew,
    minDomains: stated.minDomains ?? 1,
    domains: table.domains(stated.topologyKey),
    counts:
      (required || tolerations) &&
      ((row) => {
        const node = table.nodes[row];
        if (!node || (required && !required(node))) return false;
        const taints = tolerations ? (table.taintSets[table.taints.values[row] ?? 0] ?? []) : [];
        return taints.every((taint) => taint.effect === 'PreferNoSchedule' || tolerates(tolerations ?? [], taint));
      }),
  };
}

function limit(
  constraint: Constraint,
  rows: Int32Array,
  labelled: (row: number) => boolean,
): { constraint: Constraint; sums: Float64Array; least: number } {
  const { domains, counter, counts, minDomains } = constraint;
  const included = (row: number): boolean => labelled(row) && (!counts || counts(row));
  const sums = sumByDomain(domains, counter.perRow, rows, included);
  const there = new Set<number>();
  for (const row of rows) if (included(row)) there.add(domains.of.values[row] as number);
  let least = Number.POSITIVE_INFINITY;
  for (const id of there) least = Math.min(least, sums[id] as number);
  if (there.size < minDomains || there.size === 0) least = 0;
  return { constraint, sums, least };
}

/** Fewer matching pods in a row's domains is better. Rows without all the labels are ignored, unless the constraints are the default ones. */
function scoreRows(
  constraints: readonly Constraint[],
  rows: Int32Array,
  scores: Float64Array,
  all: Int32Array,
  ignored: Set<number> | undefined,
): void {
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    scores[row] = 0;
    if (ignored && constraints.some(({ domains }) => (domains.of.values[row] as number) < 0)) ignored.add(row);
  }
  for (const constraint of constraints) addScores(constraint, rows, scores, all, ignored?.size ?? 0);
  for (let i = 0; i < rows.length; i++) scores[rows[i] as number] = Math.round(scores[rows[i] as number] as number);
}

function addScores(
  { topologyKey, maxSkew, domains, counter, counts }: Constraint,
  rows: Int32Array,
  scores: Float64Array,
  all: Int32Array,
  ignored: number,
): void {
  const perHost = topologyKey === hostname;
  const ids = domains.of.values;
  const sums = perHost ? counter.perRow.values : sumByDomain(domains, counter.perRow, all, counts);
  const weight = Math.log((perHost ? rows.length - ignored : domainsIn(rows, ids, domains.values.size)) + 2);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    const id = ids[row] as number;
    if (id >= 0) scores[row] = (scores[row] as number) + (sums[perHost ? row : id] as number) * weight + (maxSkew - 1);
  }
}

function domainsIn(rows: Int32Array, ids: Int32Array, most: number): number {
  const seen = new Uint8Array(most);
  let count = 0;
  for (let i = 0; i < rows.length && count < most; i++) {
    const id = ids[rows[i] as number] as number;
    if (id < 0 || seen[id]) continue;
    seen[id] = 1;
    count++;
  }
  return count;
}

function normalizeRows(rows: Int32Array, scores: Float64Array, ignored: ReadonlySet<number>): void {
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    if (ignored.size > 0 && ignored.has(row)) continue;
    const score = scores[row] as number;
    if (score < least) least = score;
    if (score > most) most = score;
  }
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    if (ignored.size > 0 && ignored.has(row)) scores[row] = 0;
    else scores[row] = most === 0 ? 100 : Math.trunc((100 * (most + least - (scores[row] as number))) / most);
  }
}
