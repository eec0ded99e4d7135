import { labelSelectorMatcher, tolerates } from '@keelson/machinery';
import type { TopologySpreadConstraint } from '@keelson/types';
import type { Counter } from '../cache/pod-index.ts';
import { withLabelKeys } from '../cache/pod-info.ts';
import type { Domains } from '../cache/table.ts';
import { sumByDomain } from './domain-counts.ts';
import { requiredNodes } from './node-affinity.ts';
import { eachOpen, type Plugin, type Question } from './types.ts';

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

/** Even spreading of pods that match a selector over the domains of a topology. */
export const podTopologySpread: Plugin = {
  name,
  scope: 'cluster',
  weight: 2,
  requeueOn: ['NodeAdd', 'NodeLabel', 'AssignedPodAdd', 'AssignedPodUpdate', 'AssignedPodDelete', 'NodeTaint'],
  filter(question) {
    const stated = (question.info.pod.spec?.topologySpreadConstraints ?? []).filter(
      ({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule',
    );
    if (stated.length === 0) return undefined;
    const { table, reasons } = question;
    const missing = reasons.code(name, false, "node(s) didn't match pod topology spread constraints (missing required label)");
    const skewed = reasons.code(name, true, "node(s) didn't match pod topology spread constraints");
    const constraints = stated.map((constraint) => prepare(constraint, question));
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
  },
  score(question) {
    const stated = (question.info.pod.spec?.topologySpreadConstraints ?? []).filter(
      ({ whenUnsatisfiable }) => whenUnsatisfiable === 'ScheduleAnyway',
    );
    const all = question.info.pod.spec?.topologySpreadConstraints ?? [];
    const byDefault = all.length === 0;
    const constraints = byDefault ? defaults(question) : stated.map((constraint) => prepare(constraint, question));
    if (constraints.length === 0) return undefined;
    const ignored = new Set<number>();
    return {
      score: (rows, scores) => scoreRows(constraints, rows, scores, question.table.rows, byDefault ? undefined : ignored),
      normalize: (rows, scores) => normalizeRows(rows, scores, ignored),
    };
  },
};

function prepare(stated: TopologySpreadConstraint, question: Question): Constraint {
  const { info, table } = question;
  const selector = withLabelKeys(stated.labelSelector, info.labels, stated.matchLabelKeys ?? []);
  const matcher = labelSelectorMatcher(selector);
  const { namespace } = info;
  const required = stated.nodeAffinityPolicy === 'Ignore' ? undefined : requiredNodes(info);
  const tolerations = stated.nodeTaintsPolicy === 'Honor' ? (info.pod.spec?.tolerations ?? []) : undefined;
  return {
    topologyKey: stated.topologyKey,
    maxSkew: stated.maxSkew,
    minDomains: stated.minDomains ?? 1,
    self: matcher.matches(info.labels) ? 1 : 0,
    domains: table.domains(stated.topologyKey),
    counter: table.index.counter(
      `spread ${namespace} ${matcher.toString()} ${matcher.nothing}`,
      (other) => other.namespace === namespace && !other.pod.metadata.deletionTimestamp && matcher.matches(other.labels),
    ),
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

/** Kubernetes' default: pods of one Service or owner spread over hosts and, less strictly, zones. */
function defaults({ info, table, spreadSelector }: Question): Constraint[] {
  if (!spreadSelector) return [];
  const { namespace } = info;
  const counter = table.index.counter(
    `default ${namespace} ${spreadSelector.key}`,
    (other) => other.namespace === namespace && !other.pod.metadata.deletionTimestamp && spreadSelector.matches(other.labels),
  );
  const self = spreadSelector.matches(info.labels) ? 1 : 0;
  const required = requiredNodes(info);
  const counts = required && ((row: number): boolean => table.nodes[row] !== undefined && required(table.nodes[row]));
  return [
    { topologyKey: hostname, maxSkew: 3, minDomains: 1, self, domains: table.domains(hostname), counter, counts },
    {
      topologyKey: 'topology.kubernetes.io/zone',
      maxSkew: 5,
      minDomains: 1,
      self,
      domains: table.domains('topology.kubernetes.io/zone'),
      counter,
      counts,
    },
  ];
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
