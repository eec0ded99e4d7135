import type { CacheEntry } from './entry.ts';

/** How many entries a block holds before it splits. */
const blockSize = 512;

/**
 * Entries in the order of their keys, as a list of sorted blocks: insertion and removal move at most a block, iteration is a walk.
 * Order is by UTF-16 code units, which for object keys (ASCII) is byte order.
 */
export class SortedEntries {
  readonly #blocks: CacheEntry[][] = [[]];

  /** Adds the entry, or replaces the one of its key. */
  set(entry: CacheEntry): void {
    const at = this.#blockFor(entry.key);
    const block = this.#blocks[at] as CacheEntry[];
    const position = lowerBound(block, entry.key);
    if (block[position]?.key === entry.key) {
      block[position] = entry;
      return;
    }
    block.splice(position, 0, entry);
    if (block.length > blockSize) this.#blocks.splice(at, 1, block.slice(0, blockSize / 2), block.slice(blockSize / 2));
  }

  delete(key: string): void {
    const at = this.#blockFor(key);
    const block = this.#blocks[at] as CacheEntry[];
    const position = lowerBound(block, key);
    if (block[position]?.key !== key) return;
    block.splice(position, 1);
    if (block.length === 0 && this.#blocks.length > 1) this.#blocks.splice(at, 1);
  }

  get isEmpty(): boolean {
    return this.#blocks.length === 1 && this.#blocks[0]?.length === 0;
  }

  /** Shows `visit` the entries under a prefix in order, until it answers false. */
  each(prefix: string, visit: (entry: CacheEntry) => boolean): void {
    for (let at = this.#blockFor(prefix); at < this.#blocks.length; at++) {
      const block = this.#blocks[at] as CacheEntry[];
      const whole = block.at(-1)?.key.startsWith(prefix) ?? false;
      for (let i = lowerBound(block, prefix); i < block.length; i++) {
        const entry = block[i] as CacheEntry;
        if ((!whole && !entry.key.startsWith(prefix)) || !visit(entry)) return;
      }
    }
  }

  /** The last block whose first key is not after `key`. */
  #blockFor(key: string): number {
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (((this.#blocks[middle] as CacheEntry[])[0] as CacheEntry).key <= key) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function lowerBound(block: readonly CacheEntry[], key: string): number {
  let low = 0;
  let high = block.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((block[middle] as CacheEntry).key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
