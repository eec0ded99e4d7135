import type { Counter } from '../cache/pod-index.ts';
import { type PodInfo, type Term, termMatches } from '../cache/pod-info.ts';
import type { Domains, NodeTable } from '../cache/table.ts';
import type { InterPodAffinityArgs } from '../config/plugin-args.ts';
import { inDomain, sumByDomain } from './domain-counts.ts';
import { affinityHints } from './inter-pod-affinity-hints.ts';
import { eachOpen, type Plugin, type Question, type RowFilter, type RowScore } from './types.ts';

const name = 'InterPodAffinity';

/** A topology and how much of something each of its domains has. */
interface Weighed {
  readonly domains: Domains;
  readonly sums: Float64Array;
  readonly weight: number;
}

/** Affinity and anti-affinity to other pods, the incoming pod's and those of pods already there. */
export function interPodAffinity(args: InterPodAffinityArgs): Plugin {
  return {
    name,
    scope: 'cluster',
    weight: 2,
    requeueOn: affinityHints,
    filter: required,
    score: (question) => preferred(question, args),
  };
}

function required(question: Question): RowFilter | undefined {
  const { info, table, reasons } = question;
  const { affinity, antiAffinity } = info.terms;
  const guarded = table.index.statedAbout(info, 'anti');
  if (affinity.length === 0 && antiAffinity.length === 0 && guarded.length === 0) return undefined;
  const attracted = attraction(question);
  const repelled = antiAffinity.map((term) => weigh(table, term.topologyKey, counterOf(question, [term]), 1));
  const kept = guarded.map(({ term, perRow }) => weigh(table, term.topologyKey, { perRow }, 1));
  const noAffinity = reasons.code(name, false, "node(s) didn't match pod affinity rules");
  const noAnti = reasons.code(name, true, "node(s) didn't match pod anti-affinity rules");
  const noExisting = reasons.code(name, true, "node(s) didn't satisfy existing pods anti-affinity rules");
  const present = ({ domains, sums }: Weighed, row: number): boolean => inDomain(domains, sums, row);
  return eachOpen((row) => {
    if (!attracted(row)) return noAffinity;
    if (repelled.some((one) => present(one, row))) return noAnti;
    return kept.some((one) => present(one, row)) ? noExisting : 0;
  });
}

function preferred(
  question: Question,
  { hardPodAffinityWeight: hard, ignorePreferredTermsOfExistingPods }: InterPodAffinityArgs,
): RowScore | undefined {
  const { info, table } = question;
  if (ignorePreferredTermsOfExistingPods && info.terms.preferred.length === 0) return undefined;
  const demanding = hard > 0 ? table.index.statedAbout(info, 'required') : [];
  const weighed = [
    ...info.terms.preferred.map((term) => weigh(table, term.topologyKey, counterOf(question, [term]), term.weight)),
    ...table.index.statedAbout(info, 'preferred').map(({ term, perRow }) => weigh(table, term.topologyKey, { perRow }, term.weight)),
    ...demanding.map(({ term, perRow }) => weigh(table, term.topologyKey, { perRow }, hard)),
  ];
  if (weighed.length === 0) return undefined;
  return {
    score(rows, scores) {
      for (const row of rows) {
        let sum = 0;
        for (const { domains, sums, weight } of weighed) {
          const id = domains.of.values[row] as number;
          if (id >= 0) sum += weight * (sums[id] as number);
        }
        scores[row] = sum;
      }
    },
    normalize: spreadOut,
  };
}

/** The least goes to 0, the most to 100, in floating point as upstream has it: 29 of 50 is 57. All 0 when they are equal. */
function spreadOut(rows: Int32Array, scores: Float64Array): void {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (const row of rows) {
    least = Math.min(least, scores[row] as number);
    most = Math.max(most, scores[row] as number);
  }
  for (const row of rows) scores[row] = most > least ? Math.trunc(100 * (((scores[row] as number) - least) / (most - least))) : 0;
}

/** Every required term has a pod in the row's domain that matches all terms; the first of a group that is to stay together may go anywhere. */
function attraction(question: Question): (row: number) => boolean {
  const { info, table } = question;
  const terms = info.terms.affinity;
  if (terms.length === 0) return () => true;
  const counter = counterOf(question, terms);
  const weighed = terms.map((term) => weigh(table, term.topologyKey, counter, 1));
  const first = weighed.every(({ sums }) => sums.every((sum) => sum === 0)) && matchesAll(terms, info, table);
  return (row) => weighed.every(({ domains, sums }) => (first ? (domains.of.values[row] as number) >= 0 : inDomain(domains, sums, row)));
}

function matchesAll(terms: readonly Term[], info: PodInfo, table: NodeTable): boolean {
  return terms.every((term) => termMatches(term, info, table.index.namespaceLabels));
}

function counterOf({ table }: Question, terms: readonly Term[]): Counter {
  return table.index.counter(`affinity ${terms.map(({ key }) => key).join()}`, (info) => matchesAll(terms, info, table));
}

function weigh(table: NodeTable, topologyKey: string, counter: Pick<Counter, 'perRow'>, weight: number): Weighed {
  const domains = table.domains(topologyKey);
  return { domains, sums: sumByDomain(domains, counter.perRow, table.rows), weight };
}
