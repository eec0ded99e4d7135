import type { Random } from '@keelson/base';
import type { PodDisruptionBudget } from '@keelson/types';
import type { PodInfo } from '../cache/pod-info.ts';
import type { NodeTable } from '../cache/table.ts';
import { type DefaultPreemptionArgs, defaultArgs } from '../config/plugin-args.ts';
import type { Plugin, Question, RowScore } from '../plugins/types.ts';
import { guardsOf } from './budgets.ts';
import { Nominations } from './nominations.ts';
import { type Attempts, candidates, enoughCandidates } from './preemption.ts';
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
export type Around = Partial<Pick<Question, 'spreadSelector' | 'volumes' | 'devices'>>;

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
  readonly #nominations: Nominations;
  readonly #templates = new Map<string, Template>();
  #verdicts = new Uint16Array(0);
  #single = new Uint16Array(0);
  #totals = new Float64Array(0);
  #scores = new Float64Array(0);

  constructor(
    table: NodeTable,
    plugins: readonly Plugin[],
    preemption: DefaultPreemptionArgs = defaultArgs.DefaultPreemption,
    nominations: Nominations = new Nominations(),
  ) {
    this.#table = table;
    this.#plugins = plugins;
    this.#preemption = preemption;
    this.#nominations = nominations;
  }

  /** Filter, score, choose. Among the best, each is as likely. */
  decide(info: PodInfo, around: Around | undefined, random: Random): Decision {
    const ranking = this.rank(info, around);
    if (ranking.type === 'none') return ranking;
    const { best, feasible } = ranking;
    return { type: 'node', row: best[Math.floor(random.next() * best.length)] as number, feasible };
  }

  /** Filter and score. A node that the pod is nominated to is taken before all others. */
  rank(info: PodInfo, around: Around | undefined): Ranking {
    const found = this.#find(info, around);
    if (found.type === 'none') return found;
    const nominated = this.#nominatedRow(info, found.type === 'rows' ? found.verdicts : found.template.verdicts);
    if (nominated !== undefined) return { type: 'nodes', best: [nominated], feasible: 1 };
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
    const nominated = this.#nominatedRow(info, verdicts);
    return {
      type: 'rows',
      rows: nominated === undefined ? rows.slice() : Int32Array.of(nominated),
      totals: totals.slice(),
      verdicts: verdicts.slice(),
    };
  }

  #find(info: PodInfo, around: Around | undefined): Found {
    const question = this.#question(info, around);
    const refusal = refusalOf(around);
    if (refusal) return { type: 'none', diagnosis: this.#nowhere(this.reasons.everywhere(refusal.plugin, refusal.words)) };
    const template = this.#template(question);
    const wide = this.#plugins.filter(({ scope }) => scope === 'cluster');
    const filters = wide.flatMap((plugin) => plugin.filter?.(question) ?? []);
    const scores = wide.flatMap((plugin) => {
      const score = plugin.score?.(question);
      return score ? [{ weight: plugin.weight ?? 1, score }] : [];
    });
    const crowded = this.#crowded(question);
    if (filters.length + scores.length + template.raw.length + crowded.size === 0) return { type: 'template', template };
    this.#fit();
    let { open: rows, verdicts } = template;
    if (filters.length + crowded.size > 0) {
      this.#verdicts.set(template.verdicts);
      for (const filter of filters) filter(rows, this.#verdicts);
      for (const [row, code] of crowded) this.#verdicts[row] = code;
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

  /** Nodes for the pod if others give way. Changes nothing. @param budgets what their owners would have kept */
  candidates(
    info: PodInfo,
    around: Around | undefined,
    diagnosis: Diagnosis,
    { budgets, random }: { readonly budgets: readonly PodDisruptionBudget[]; readonly random: Random },
  ): Attempts {
    const question = this.#question(info, around);
    const ahead = this.#nominations.ahead(info);
    const judge = (row: number): number => this.#judgeBeside(question, row, ahead.get(this.#table.nameOf(row)) ?? []);
    const rows = diagnosis.resolvable;
    const enough = enoughCandidates(rows.length, this.#preemption);
    return candidates(info, this.#table, { rows, judge, enough, guards: guardsOf(budgets) }, random);
  }

  /** Rows where the pod does not fit beside pods that are nominated to them and come before it, with what refuses it. */
  #crowded(question: Question): ReadonlyMap<number, number> {
    const found = new Map<number, number>();
    for (const [node, pods] of this.#nominations.ahead(question.info)) {
      const row = this.#table.rowOf(node);
      const code = row === undefined ? 0 : this.#judgeWith(question, row, pods);
      if (row !== undefined && code !== 0) found.set(row, code);
    }
    return found;
  }

  /** What refuses a pod on a row beside others that are to come, or when these do not come after all; 0 for nothing. */
  #judgeBeside(question: Question, row: number, others: readonly PodInfo[]): number {
    return (others.length === 0 ? 0 : this.#judgeWith(question, row, others)) || this.#judge(question, row);
  }

  #judgeWith(question: Question, row: number, others: readonly PodInfo[]): number {
    const node = this.#table.nameOf(row);
    for (const other of others) this.#table.addPod(other, node);
    const code = this.#judge(question, row);
    for (const other of others) this.#table.removePod(other, node);
    return code;
  }

  #judge(question: Question, row: number): number {
    this.#fit();
    const [rows, verdicts] = [Int32Array.of(row), this.#single];
    verdicts[row] = 0;
    for (const plugin of this.#plugins) if (verdicts[row] === 0) plugin.filter?.(question)?.(rows, verdicts);
    return verdicts[row] ?? 0;
  }

  #nominatedRow({ pod }: PodInfo, verdicts: Uint16Array): number | undefined {
    const row = this.#table.rowOf(pod.status?.nominatedNodeName ?? '');
    return row !== undefined && verdicts[row] === 0 ? row : undefined;
  }

  #question(info: PodInfo, { spreadSelector, volumes, devices }: Around = {}): Question {
    return { info, table: this.#table, reasons: this.reasons, spreadSelector, volumes, devices };
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
    this.#single = new Uint16Array(capacity);
    this.#totals = new Float64Array(capacity);
    this.#scores = new Float64Array(capacity);
  }
}

/** Why the pod can go nowhere, whichever the node. */
function refusalOf(around: Around | undefined): { readonly plugin: string; readonly words: string } | undefined {
  if (around?.volumes?.refusal) return around.volumes.refusal;
  const words = around?.devices?.refusal;
  return words === undefined ? undefined : { plugin: 'DynamicResources', words };
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
