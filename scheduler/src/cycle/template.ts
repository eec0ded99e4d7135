import type { PodInfo } from '../cache/pod-info.ts';
import type { NodeTable } from '../cache/table.ts';
import type { Plugin, Question, RowFilter, RowScore } from '../plugins/types.ts';
import { Buckets } from './buckets.ts';

/** What plugins of scope `row` look at in a pod: pods with the same text are the same to them. */
export function templateKey({ pod, requests, ports, images }: PodInfo): string {
  const spec = pod.spec;
  const { amounts, nonzero } = requests;
  return JSON.stringify([
    [amounts.cpu, amounts.memory, amounts.ephemeral, nonzero.cpu, nonzero.memory, amounts.scalars.size === 0 ? 0 : [...amounts.scalars]],
    ports,
    images,
    spec?.nodeName,
    spec?.nodeSelector,
    spec?.affinity?.nodeAffinity,
    spec?.tolerations,
  ]);
}

interface Weighted {
  readonly weight: number;
  readonly score: RowScore;
}

/** A score that must be brought to scale anew in every cycle, with what each row had before. */
export interface RawScore extends Weighted {
  readonly raw: Float64Array;
}

/**
 * What the plugins of scope `row` say of every node to pods of one template. Kept from pod to pod: only rows that changed since, which is
 * one for each pod placed, are looked at again.
 */
export class Template {
  /** 0 where the pods may go. */
  readonly verdicts: Uint16Array;
  /** Weighted sum of the scores that need no normalising. */
  readonly totals: Float64Array;
  readonly raw: readonly RawScore[];
  readonly buckets: Buckets;
  readonly #table: NodeTable;
  readonly #filters: readonly RowFilter[];
  readonly #scores: readonly Weighted[];
  readonly #scratch: Float64Array;
  readonly #made: { readonly capacity: number; readonly epoch: number; readonly images: number; readonly taintSets: number };
  #seen: number;
  #open: Int32Array | undefined;
  #openAmong: Int32Array | undefined;

  constructor(question: Question, plugins: readonly Plugin[]) {
    const { table } = question;
    const { capacity } = table;
    const local = plugins.filter(({ scope }) => scope === 'row');
    this.#table = table;
    this.#filters = local.flatMap((plugin) => plugin.filter?.(question) ?? []);
    const scores = local.flatMap((plugin) => {
      const score = plugin.score?.(question);
      return score ? [{ weight: plugin.weight ?? 1, score }] : [];
    });
    this.#scores = scores.filter(({ score }) => !score.normalize);
    this.raw = scores.filter(({ score }) => score.normalize).map((one) => ({ ...one, raw: new Float64Array(capacity) }));
    this.verdicts = new Uint16Array(capacity);
    this.totals = new Float64Array(capacity);
    this.buckets = new Buckets(capacity);
    this.#scratch = new Float64Array(capacity);
    this.#made = { capacity, epoch: table.epoch, images: table.images.version, taintSets: table.taintSets.length };
    this.#seen = table.journal.length;
    this.#look(table.rows);
  }

  /** False when more than rows changed, so that a new one must be made. */
  get current(): boolean {
    const { capacity, epoch, images, taintSets } = this.#made;
    const table = this.#table;
    return capacity === table.capacity && epoch === table.epoch && images === table.images.version && taintSets === table.taintSets.length;
  }

  /** Rows where the pods may go, ascending. */
  get open(): Int32Array {
    const { rows } = this.#table;
    if (rows !== this.#openAmong) this.#open = undefined;
    this.#openAmong = rows;
    this.#open ??= openOf(rows, this.verdicts);
    return this.#open;
  }

  /** Looks again at the rows that changed. */
  refresh(): void {
    const { journal } = this.#table;
    if (this.#seen === journal.length) return;
    const changed = new Set<number>();
    for (let i = this.#seen; i < journal.length; i++) changed.add(journal[i] as number);
    this.#seen = journal.length;
    for (const row of changed) {
      if (this.#table.nodes[row] !== undefined) continue;
      this.buckets.delete(row);
      changed.delete(row);
    }
    if (changed.size > 0) this.#look(Int32Array.from(changed));
  }

  #look(rows: Int32Array): void {
    const { verdicts, totals } = this;
    const refused = rows.length === 1 ? verdicts[rows[0] as number] : undefined;
    for (let i = 0; i < rows.length; i++) {
      verdicts[rows[i] as number] = 0;
      totals[rows[i] as number] = 0;
    }
    for (const filter of this.#filters) filter(rows, verdicts);
    if (rows.length !== 1 || refused !== verdicts[rows[0] as number]) this.#open = undefined;
    const open = openOf(rows, verdicts);
    for (const { weight, score } of this.#scores) this.#add(open, weight, score);
    for (const { score, raw } of this.raw) score.score(open, raw);
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as number;
      if (verdicts[row] === 0) this.buckets.set(row, totals[row] as number);
      else this.buckets.delete(row);
    }
  }

  #add(rows: Int32Array, weight: number, score: RowScore): void {
    const [scratch, { totals }] = [this.#scratch, this];
    score.score(rows, scratch);
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as number;
      totals[row] = (totals[row] as number) + weight * (scratch[row] as number);
    }
  }
}

/** Those of `rows` that are not refused. */
export function openOf(rows: Int32Array, verdicts: Uint16Array): Int32Array {
  const open = new Int32Array(rows.length);
  let size = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    if (verdicts[row] === 0) open[size++] = row;
  }
  return open.subarray(0, size);
}
