import type { Random } from '@keelson/base';
import type { PodInfo } from '../cache/pod-info.ts';
import type { NodeTable } from '../cache/table.ts';
import type { Plugin, Question } from '../plugins/types.ts';
import { type Preemption, preempt } from './preemption.ts';
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
}

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
  readonly #templates = new Map<string, Template>();
  #verdicts = new Uint16Array(0);
  #totals = new Float64Array(0);
  #scores = new Float64Array(0);

  constructor(table: NodeTable, plugins: readonly Plugin[]) {
    this.#table = table;
    this.#plugins = plugins;
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
    if (filters.length + scores.length + template.raw.length === 0) return this.#fromBuckets(template);
    this.#fit();
    let { open } = template;
    let { verdicts } = template;
    if (filters.length > 0) {
      this.#verdicts.set(template.verdicts);
      for (const filter of filters) filter(open, this.#verdicts);
      verdicts = this.#verdicts;
      open = openOf(open, verdicts);
    }
    if (open.length === 0) return { type: 'none', diagnosis: this.#diagnose(verdicts) };
    this.#totals.set(template.totals);
    for (const { weight, score, raw } of template.raw) {
      this.#scores.set(raw);
      this.#weigh(open, weight, score.normalize);
    }
    for (const { weight, score } of scores) {
      score.score(open, this.#scores);
      this.#weigh(open, weight, score.normalize);
    }
    return { type: 'nodes', best: bestOf(open, this.#totals), feasible: open.length };
  }

  /** A node for the pod if others give way. Changes nothing. */
  preempt(info: PodInfo, around: Around | undefined, diagnosis: Diagnosis, random: Random): Preemption | undefined {
    const question = this.#question(info, around);
    const verdicts = new Uint16Array(this.#table.capacity);
    const fits = (row: number): boolean => {
      const rows = Int32Array.of(row);
      verdicts[row] = 0;
      for (const plugin of this.#plugins) if (verdicts[row] === 0) plugin.filter?.(question)?.(rows, verdicts);
      return verdicts[row] === 0;
    };
    return preempt(info, this.#table, diagnosis.resolvable, fits, random);
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
    return best.length === 0 ? { type: 'none', diagnosis: this.#diagnose(verdicts) } : { type: 'nodes', best, feasible: buckets.size };
  }

  #weigh(rows: Int32Array, weight: number, normalize: ((rows: Int32Array, scores: Float64Array) => void) | undefined): void {
    const [scores, totals] = [this.#scores, this.#totals];
    normalize?.(rows, scores);
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as number;
      totals[row] = (totals[row] as number) + weight * (scores[row] as number);
    }
  }

  #diagnose(verdicts: Uint16Array): Diagnosis {
    const counts = new Map<number, number>();
    const resolvable: number[] = [];
    for (const row of this.#table.rows) {
      const code = verdicts[row] ?? 0;
      counts.set(code, (counts.get(code) ?? 0) + 1);
      if (this.reasons.of(code)?.resolvable) resolvable.push(row);
    }
    return { nodes: this.#table.count, counts, resolvable };
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
