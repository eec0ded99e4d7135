import { compareKeys, type KeyRange } from '../keys.ts';

const blockSize = 512;

interface Position {
  readonly block: number;
  readonly index: number;
}

/**
 * A map ordered by the bytes of its keys. Keys stand in sorted blocks of at most 512, so that finding costs a logarithm,
 * changing one block, counting a range its blocks, and listing a range its result.
 */
export class SortedMap<V> {
  readonly #values = new Map<string, V>();
  readonly #blocks: string[][] = [];

  get size(): number {
    return this.#values.size;
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: V): void {
    const known = this.#values.has(key);
    this.#values.set(key, value);
    if (!known) this.#insert(key);
  }

  delete(key: string): boolean {
    if (!this.#values.delete(key)) return false;
    const { block, index } = this.#find(key);
    const keys = this.#blocks[block];
    keys?.splice(index, 1);
    if (keys?.length === 0) this.#blocks.splice(block, 1);
    return true;
  }

  /** How many keys the range has. */
  count(range: KeyRange): number {
    const { start, end } = this.#bounds(range);
    let count = end.index - start.index;
    for (let block = start.block; block < end.block; block++) count += this.#blocks[block]?.length ?? 0;
    return Math.max(count, 0);
  }

  /** The range's values in the order of their keys; at most `limit`. */
  values(range: KeyRange, limit = Number.POSITIVE_INFINITY): V[] {
    const found: V[] = [];
    if (limit === 0) return found;
    for (const value of this.iterate(range)) if (found.push(value) === limit) break;
    return found;
  }

  /** As `values`, one at a time. The map must not change meanwhile. */
  *iterate(range: KeyRange): Generator<V> {
    const { start, end } = this.#bounds(range);
    for (let block = start.block; block <= end.block; block++) {
      const keys = this.#blocks[block] ?? [];
      const stop = block === end.block ? end.index : keys.length;
      for (let i = block === start.block ? start.index : 0; i < stop; i++) yield this.#values.get(keys[i] as string) as V;
    }
  }

  #bounds({ from, to }: KeyRange): { start: Position; end: Position } {
    const last = this.#blocks.length - 1;
    const end = to === undefined ? { block: Math.max(last, 0), index: this.#blocks[last]?.length ?? 0 } : this.#find(to);
    return { start: this.#find(from), end };
  }

  /** Where `key` stands, or would: in the last block that begins at or before it. */
  #find(key: string): Position {
    const block = Math.max(firstAfter(this.#blocks, (keys) => compareKeys(keys[0] as string, key) > 0) - 1, 0);
    return { block, index: firstAfter(this.#blocks[block] ?? [], (present) => compareKeys(present, key) >= 0) };
  }

  #insert(key: string): void {
    const { block, index } = this.#find(key);
    const keys = this.#blocks[block];
    if (!keys) {
      this.#blocks.push([key]);
      return;
    }
    keys.splice(index, 0, key);
    if (keys.length <= blockSize) return;
    // Ascending insertion, the common case, leaves full blocks behind; any other splits in the middle.
    const appended = index === keys.length - 1 && block === this.#blocks.length - 1;
    this.#blocks.splice(block + 1, 0, keys.splice(appended ? blockSize : blockSize / 2));
  }
}

/** The first index whose item is `past`; the length when none is. `past` must be false up to a point and true from there. */
function firstAfter<T>(items: readonly T[], past: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (past(items[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}
