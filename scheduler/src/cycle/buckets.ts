/** Rows by whole score, so that one of the best is found, and one row's score changed, in constant time. */
export class Buckets {
  readonly #buckets: number[][] = [];
  readonly #scoreOf: Int32Array;
  readonly #placeOf: Int32Array;
  #best = -1;
  #size = 0;

  constructor(capacity: number) {
    this.#scoreOf = new Int32Array(capacity).fill(-1);
    this.#placeOf = new Int32Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  set(row: number, score: number): void {
    if (this.#scoreOf[row] === score) return;
    this.delete(row);
    this.#buckets[score] ??= [];
    const bucket = this.#buckets[score];
    this.#scoreOf[row] = score;
    this.#placeOf[row] = bucket.length;
    bucket.push(row);
    this.#size++;
    if (score > this.#best) this.#best = score;
  }

  delete(row: number): void {
    const score = this.#scoreOf[row] as number;
    if (score < 0) return;
    const bucket = this.#buckets[score] as number[];
    const last = bucket.pop() as number;
    if (last !== row) {
      const place = this.#placeOf[row] as number;
      bucket[place] = last;
      this.#placeOf[last] = place;
    }
    this.#scoreOf[row] = -1;
    this.#size--;
    while (this.#best >= 0 && !this.#buckets[this.#best]?.length) this.#best--;
  }

  /** The rows with the highest score. Valid until the next change. */
  best(): readonly number[] {
    return this.#buckets[this.#best] ?? [];
  }
}
