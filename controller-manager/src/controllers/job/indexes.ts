type Interval = readonly [first: number, last: number];

/** A set of completion indexes, as ordered intervals that neither touch nor overlap: 100,000 of them are mostly a handful. Never changed. */
export class IndexSet {
  readonly #intervals: readonly Interval[];

  private constructor(intervals: readonly Interval[]) {
    this.#intervals = intervals;
  }

  static readonly empty: IndexSet = new IndexSet([]);

  static of(indexes: Iterable<number>): IndexSet {
    return new IndexSet(joined([...indexes].map((index) => [index, index])));
  }

  /**
   * Reads `1,3-5,7`. What is no index is left out, as is what is not below `completions`: an elastic job that shrank has forgotten its
   * upper indexes.
   */
  static parse(text: string | undefined, completions: number): IndexSet {
    const intervals: Interval[] = [];
    for (const part of text ? text.split(',') : []) {
      const [, low = '', high = low] = /^([0-9]+)(?:-([0-9]+))?$/.exec(part) ?? [];
      const interval: Interval = [Number(low), Math.min(Number(high), completions - 1)];
      if (low !== '' && interval[0] <= interval[1]) intervals.push(interval);
    }
    return new IndexSet(joined(intervals));
  }

  get size(): number {
    return this.#intervals.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  }

  has(index: number): boolean {
    let [low, high] = [0, this.#intervals.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#intervals[middle]?.[1] ?? 0) < index) low = middle + 1;
      else high = middle;
    }
    const found = this.#intervals[low];
    return found !== undefined && found[0] <= index;
  }

  with(other: IndexSet): IndexSet {
    return new IndexSet(joined([...this.#intervals, ...other.#intervals]));
  }

  /** How many indexes are in both. */
  countShared(other: IndexSet): number {
    return this.size + other.size - this.with(other).size;
  }

  /** The lowest `count` indexes below `completions` that are not in the set. */
  missing(count: number, completions: number): number[] {
    const free: number[] = [];
    let next = 0;
    for (const [first, last] of [...this.#intervals, [completions, completions] as const]) {
      for (; next < Math.min(first, completions) && free.length < count; next++) free.push(next);
      next = Math.max(next, last + 1);
    }
    return free;
  }

  /** In the form of `completedIndexes`: three and more in a row are put as `first-last`. */
  toString(): string {
    return this.#intervals
      .map(([first, last]) => (first === last ? `${first}` : `${first}${last === first + 1 ? ',' : '-'}${last}`))
      .join(',');
  }
}

/** Put in order, with those that touch or overlap made one. */
function joined(intervals: Interval[]): Interval[] {
  const result: Interval[] = [];
  for (const [first, last] of intervals.sort((a, b) => a[0] - b[0])) {
    const before = result.at(-1);
    if (before && first <= before[1] + 1) result[result.length - 1] = [before[0], Math.max(before[1], last)];
    else result.push([first, last]);
  }
  return result;
}
