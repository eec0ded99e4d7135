import type { Random } from '@keelson/base';
import type { PodInfo } from '../cache/pod-info.ts';
import type { NodeTable } from '../cache/table.ts';
import { type DefaultPreemptionArgs, defaultArgs } from '../config/plugin-args.ts';
import type { Plugin, Question, RowScore } from '../plugins/types.ts';
import { candidates, cheapest, enoughCandidates, type Preemption } from './preemption.ts';
import { Reasons } from './reasons.ts';
import { openOf, Template, templateKey } from './template.ts';

/** What a cycle came to. */
export type Decision =
  | { readonly type: 'node'; readonly row: number; readonly feasible: number }
  | { readonly type: 'none'; readonly diagnosis: Diagnosis };

/** The nodes that score highest, or why there is none. */
export type Ranking =
  | { readonly type: 'nodes'; readonly best: readonly number[]; readonly feasible: number }
  | { readonly type: 'none'; readonly diagnosis: Diagnosis };

/** Why no node does: how many nodes each reason keeps, by its code. */
export interface Diagnosis {
  readonly nodes: number;
  readonly counts: ReadonlyMap<number, number>;
  /** Rows where evicting pods may help. */
  readonly resolvable: readonly number[];
  /** What the codes stand for, where these are not the cycle's. */
  readonly reasons?: Reasons;
}

/** All rows that do with their scores, and why the others do not. Nobody else's: it stays as it is. */
export type Feasible =
  | { readonly type: 'rows'; readonly rows: Int32Array; readonly totals: Float64Array; readonly verdicts: Uint16Array }
  | { readonly type: 'none'; readonly diagnosis: Diagnosis };

/** What plugins say of a pod. `template`: it is all in there. `rows`: with the scores in the cycle's own columns. */
type Found =
  | { readonly type: 'template'; readonly template: Template }
  | { readonly type: 'rows'; readonly rows: Int32Array; readonly verdicts: Uint16Array }
  | { readonly type: 'none'; readonly diagnosis: Diagnosis };

/** What a cycle is told of a pod beyond the pod itself, see `Question`. */
export type Around = Partial<Pick<Question, 'spreadSelector' | 'volumes'>>;

/** Templates kept; the longest unused goes first. */
const maxTemplates = 64;

/**
 * Finds a node for one pod after the other. Decides from the table alone; remembers only what it could compute again, so that a fresh
 * cycle on the same table ranks alike.
 */
export class Cycle {
  readonly reasons = new Reasons();
  readonly #table: NodeTable;
  readonly #plugins: readonly Plugin[];
  readonly #preemption: DefaultPreemptionArgs;
  readonly #templates = new Map<string, Template>();
  #verdicts = new Uint16Array(0);
  #totals = new Float64Array(0);
  #scores = new Float64Array(0);

  constructor(table: NodeTable, plugins: readonly Plugin[], preemption: DefaultPreemptionArgs = defaultArgs.DefaultPreemption) {
    this.#table = table;
    this.#plugins = plugins;
    this.#preemption = preemption;
  }

  /** Filter, score, choose. Among the best, each is as likely. */
  decide(info: PodInfo, around: Around | undefined, random: Random): Decision {
    const ranking = this.rank(info, around);
    if (ranking.type === 'none') return ranking;
    const { best, feasible } = ranking;
    return { type: 'node', row: best[Math.floor(random.next() * best.length)] as number, feasible };
  }

  /** Filter and score. */
  rank(info: PodInfo, around: Around | undefined): Ranking {
    const found = this.#find(info, around);
    if (found.type === 'none') return found;
    if (found.type === 'template') return this.#fromBuckets(found.template);
    if (found.rows.length === 0) return { type: 'none', diagnosis: this.diagnose(found.verdicts) };
    return { type: 'nodes', best: bestOf(found.rows, this.#totals), feasible: found.rows.length };
  }

  /** Filter and score, for others to say more. */
  feasible(info: PodInfo, around: Around | undefined): Feasible {
    const found = this.#find(info, around);
    if (found.type === 'none') return found;
    const { rows, totals, verdicts } =
      found.type === 'rows'
        ? { ...found, totals: this.#totals }
        : { rows: found.template.open, totals: found.template.totals, verdicts: found.template.verdicts };
    if (rows.length === 0) return { type: 'none', diagnosis: this.diagnose(verdicts) };
    return { type: 'rows', rows: rows.slice(), totals: totals.slice(), verdicts: verdicts.slice() };
  }

  #find(info: PodInfo, around: Around | undefined): Found {
    const question = this.#question(info, around);
    const refusal = around?.volumes?.refusal;
    if (refusal) return { type: 'none', diagnosis: this.#nowhere(this.reasons.everywhere(refusal.plugin, refusal.words)) };
    const template = this.#template(question);
    const wide = this.#plugins.filter(({ scope }) => scope === 'cluster');
    const filters = wide.flatMap((plugin) => plugin.filter?.(question) ?? []);
    const scores = wide.flatMap((plugin) => {
      const score = plugin.score?.(question);
      return score ? [{ weight: plugin.weight ?? 1, score }] : [];
    });
    if (filters.length + scores.length + template.raw.length === 0) return { type: 'template', template };
    this.#fit();
    let { open: rows, verdicts } = template;
    if (filters.length > 0) {
      this.#verdicts.set(template.verdicts);
      for (const filter of filters) filter(rows, this.#verdicts);
      verdicts = this.#verdicts;
      rows = openOf(rows, verdicts);
    }
    if (rows.length > 0) this.#score(rows, template, scores);
    return { type: 'rows', rows, verdicts };
  }

  #score(rows: Int32Array, template: Template, scores: readonly { readonly weight: number; readonly score: RowScore }[]): void {
    this.#totals.set(template.totals);
    for (const { weight, score, raw } of template.raw) {
      this.#scores.set(raw);
      this.#weigh(rows, weight, score.normalize);
    }
    for (const { weight, score } of scores) {
      score.score(rows, this.#scores);
      this.#weigh(rows, weight, score.normalize);
    }
  }

  /** A node for the pod if others give way. Changes nothing. */
  preempt(info: PodInfo, around: Around | undefined, diagnosis: Diagnosis, random: Random): Preemption | undefined {
    return cheapest(this.candidates(info, around, diagnosis, random));
  }

  /** Nodes for the pod if others give way, among which `preempt` chooses. */
  candidates(info: PodInfo, around: Around | undefined, diagnosis: Diagnosis, random: Random): Preemption[] {
    const question = this.#question(info, around);
    const verdicts = new Uint16Array(this.#table.capacity);
    const fits = (row: number): boolean => {
      const rows = Int32Array.of(row);
      verdicts[row] = 0;
      for (const plugin of this.#plugins) if (verdicts[row] === 0) plugin.filter?.(question)?.(rows, verdicts);
      return verdicts[row] === 0;
    };
    const rows = diagnosis.resolvable;
    const enough = enoughCandidates(rows.length, this.#preemption);
    return candidates(info, this.#table, { rows, fits, enough }, random);
  }

  #question(info: PodInfo, { spreadSelector, volumes }: Around = {}): Question {
    return { info, table: this.#table, reasons: this.reasons, spreadSelector, volumes };
  }

  /** Every node is kept by the same reason. */
  #nowhere(code: number): Diagnosis {
    const nodes = this.#table.count;
    return { nodes, counts: new Map(nodes > 0 ? [[code, nodes]] : []), resolvable: [] };
  }

  #template(question: Question): Template {
    const key = templateKey(question.info);
    let template = this.#templates.get(key);
    this.#templates.delete(key);
    if (template?.current) template.refresh();
    else template = new Template(question, this.#plugins);
    this.#templates.set(key, template);
    for (const oldest of this.#templates.keys()) {
      if (this.#templates.size <= maxTemplates) break;
      this.#templates.delete(oldest);
    }
    return template;
  }

  #fromBuckets({ buckets, verdicts }: Template): Ranking {
    const best = buckets.best();
    return best.length === 0 ? { type: 'none', diagnosis: this.diagnose(verdicts) } : { type: 'nodes', best, feasible: buckets.size };
  }

  #weigh(rows: Int32Array, weight: number, normalize: ((rows: Int32Array, scores: Float64Array) => void) | undefined): void {
    const [scores, totals] = [this.#scores, this.#totals];
    normalize?.(rows, scores);
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as number;
      totals[row] = (totals[row] as number) + weight * (scores[row] as number);
    }
  }

  /** How many nodes each reason keeps. @param reasons what the codes stand for */
  diagnose(verdicts: Uint16Array, reasons: Reasons = this.reasons): Diagnosis {
    const counts = new Map<number, number>();
    const resolvable: number[] = [];
    for (const row of this.#table.rows) {
      const code = verdicts[row] ?? 0;
      counts.set(code, (counts.get(code) ?? 0) + 1);
      if (reasons.of(code)?.resolvable) resolvable.push(row);
    }
    return { nodes: this.#table.count, counts, resolvable, ...(reasons === this.reasons ? {} : { reasons }) };
  }

  #fit(): void {
    const { capacity } = this.#table;
    if (this.#verdicts.length === capacity) return;
    this.#verdicts = new Uint16Array(capacity);
    this.#totals = new Float64Array(capacity);
    this.#scores = new Float64Array(capacity);
  }
}

/** The rows with the highest total. */
function bestOf(rows: Int32Array, totals: Float64Array): number[] {
  const best: number[] = [];
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    const total = totals[row] as number;
    if (total < most) continue;
    if (total > most) best.length = 0;
    most = total;
    best.push(row);
  }
  return best;
}
