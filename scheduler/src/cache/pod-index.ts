import { IdColumn } from './columns.ts';
import { type PodInfo, type Term, termMatches } from './pod-info.ts';

/** Pods of one description, counted per node row. */
export interface Counter {
  readonly matches: (info: PodInfo) => boolean;
  readonly perRow: IdColumn;
  total: number;
}

/** How a term that pods on nodes state concerns a new pod. */
export type Stance = 'required' | 'anti' | 'preferred';

/** A term stated by pods on nodes, with how many state it per row. */
export interface StatedTerm {
  readonly stance: Stance;
  readonly term: Term;
  readonly perRow: IdColumn;
  total: number;
}

/** Counters beyond this many are forgotten, the longest unused first, and counted anew when asked for. */
const maxCounters = 512;

/** Rows of nodes and the pods on them. */
interface Rows {
  readonly capacity: number;
  readonly rows: Iterable<number>;
  readonly pods: readonly (ReadonlyMap<string, PodInfo> | undefined)[];
}

/** Answers "how many pods like this on each node" without looking at pods again: counts follow every pod that comes or goes. */
export class PodIndex {
  readonly namespaceLabels: (name: string) => Readonly<Record<string, string>>;
  readonly #table: Rows;
  readonly #counters = new Map<string, Counter>();
  readonly #stated = new Map<string, StatedTerm>();

  constructor(table: Rows, namespaceLabels: (name: string) => Readonly<Record<string, string>>) {
    this.#table = table;
    this.namespaceLabels = namespaceLabels;
  }

  /** The counter under `key`; `matches` tells whom it counts. */
  counter(key: string, matches: (info: PodInfo) => boolean): Counter {
    const known = this.#counters.get(key);
    const counter = known ?? this.#countAll(matches);
    this.#counters.delete(key);
    this.#counters.set(key, counter);
    for (const oldest of this.#counters.keys()) {
      if (this.#counters.size <= maxCounters) break;
      this.#counters.delete(oldest);
    }
    return counter;
  }

  /** Terms that some pod on a node states and that concern `info`. */
  statedAbout(info: PodInfo, stance: Stance): StatedTerm[] {
    return [...this.#stated.values()].filter(
      (stated) => stated.stance === stance && stated.total > 0 && termMatches(stated.term, info, this.namespaceLabels),
    );
  }

  get hasStatedTerms(): boolean {
    return this.#stated.size > 0;
  }

  count(info: PodInfo, row: number, sign: 1 | -1): void {
    for (const counter of this.#counters.values()) if (counter.matches(info)) bump(counter, row, sign);
    const { affinity, antiAffinity, preferred } = info.terms;
    for (const term of affinity) this.#state('required', term, row, sign);
    for (const term of antiAffinity) this.#state('anti', term, row, sign);
    for (const term of preferred) this.#state('preferred', term, row, sign);
  }

  grow(capacity: number): void {
    for (const { perRow } of [...this.#counters.values(), ...this.#stated.values()]) perRow.grow(capacity);
  }

  #state(stance: Stance, term: Term, row: number, sign: 1 | -1): void {
    const key = `${stance} ${term.key}`;
    const stated = this.#stated.get(key) ?? { stance, term, perRow: new IdColumn(this.#table.capacity), total: 0 };
    bump(stated, row, sign);
    if (stated.total > 0) this.#stated.set(key, stated);
    else this.#stated.delete(key);
  }

  #countAll(matches: (info: PodInfo) => boolean): Counter {
    const counter = { matches, perRow: new IdColumn(this.#table.capacity), total: 0 };
    for (const row of this.#table.rows) for (const info of this.#table.pods[row]?.values() ?? []) if (matches(info)) bump(counter, row, 1);
    return counter;
  }
}

function bump(counter: { readonly perRow: IdColumn; total: number }, row: number, by: number): void {
  counter.perRow.values[row] = (counter.perRow.values[row] ?? 0) + by;
  counter.total += by;
}
