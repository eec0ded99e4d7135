/** How many keys a block holds before it splits. */
const blockSize = 512;

/**
 * Strings in order, as a list of sorted blocks: insertion and removal move at most a block, iteration is a walk.
 * Order is by UTF-16 code units, which for object keys (ASCII) is byte order.
 */
export class SortedKeys {
  readonly #blocks: string[][] = [[]];

  add(key: string): void {
    const at = this.#blockFor(key);
    const block = this.#blocks[at] as string[];
    block.splice(lowerBound(block, key), 0, key);
    if (block.length > blockSize) this.#blocks.splice(at, 1, block.slice(0, blockSize / 2), block.slice(blockSize / 2));
  }

  delete(key: string): void {
    const at = this.#blockFor(key);
    const block = this.#blocks[at] as string[];
    const position = lowerBound(block, key);
    if (block[position] !== key) return;
    block.splice(position, 1);
    if (block.length === 0 && this.#blocks.length > 1) this.#blocks.splice(at, 1);
  }

  *under(prefix: string, startAfter = ''): IterableIterator<string> {
    const first = startAfter > prefix ? startAfter : prefix;
    for (let at = this.#blockFor(first); at < this.#blocks.length; at++) {
      const block = this.#blocks[at] as string[];
      for (let i = lowerBound(block, first); i < block.length; i++) {
        const key = block[i] as string;
        if (key === startAfter) continue;
        if (!key.startsWith(prefix)) return;
        yield key;
      }
    }
  }

  /** The last block whose first key is not after `key`. */
  #blockFor(key: string): number {
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (((this.#blocks[middle] as string[])[0] as string) <= key) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function lowerBound(block: readonly string[], key: string): number {
  let low = 0;
  let high = block.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((block[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
