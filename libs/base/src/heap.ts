/** A binary heap whose entries can be found, changed and removed by key in O(log n). The least by `before` is on top. */
export class Heap<T> {
  readonly #items: T[] = [];
  readonly #index = new Map<string, number>();
  readonly #keyOf: (item: T) => string;
  readonly #before: (a: T, b: T) => boolean;

  constructor(keyOf: (item: T) => string, before: (a: T, b: T) => boolean) {
    this.#keyOf = keyOf;
    this.#before = before;
  }

  get size(): number {
    return this.#items.length;
  }

  get(key: string): T | undefined {
    const at = this.#index.get(key);
    return at === undefined ? undefined : this.#items[at];
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  /** Adds `item`, or replaces the one with its key and restores the order. */
  set(item: T): void {
    const at = this.#index.get(this.#keyOf(item)) ?? this.#items.length;
    this.#place(item, at);
    this.#settle(at);
  }

  delete(key: string): T | undefined {
    const at = this.#index.get(key);
    if (at === undefined) return undefined;
    const item = this.#items[at] as T;
    const last = this.#items.pop() as T;
    this.#index.delete(key);
    if (at < this.#items.length) {
      this.#place(last, at);
      this.#settle(at);
    }
    return item;
  }

  pop(): T | undefined {
    const top = this.#items[0];
    return top === undefined ? undefined : this.delete(this.#keyOf(top));
  }

  *values(): IterableIterator<T> {
    yield* this.#items;
  }

  #place(item: T, at: number): void {
    this.#items[at] = item;
    this.#index.set(this.#keyOf(item), at);
  }

  #settle(start: number): void {
    let at = start;
    while (at > 0 && this.#swapIfBefore(at, (at - 1) >> 1)) at = (at - 1) >> 1;
    for (;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      const least = right < this.#items.length && this.#before(this.#items[right] as T, this.#items[left] as T) ? right : left;
      if (least >= this.#items.length || !this.#swapIfBefore(least, at)) return;
      at = least;
    }
  }

  #swapIfBefore(child: number, parent: number): boolean {
    const low = this.#items[child] as T;
    const high = this.#items[parent] as T;
    if (!this.#before(low, high)) return false;
    this.#place(low, parent);
    this.#place(high, child);
    return true;
  }
}
