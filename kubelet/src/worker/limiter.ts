/** What brings a pod on that has been begun goes before what begins or ends one. */
export type Turn = 'first' | 'after';

/**
 * Lets at most `size` pieces of work run at a time; the others wait, in order within their turn. Of many pods that start at once, the
 * first are ready long before the last, who lose nothing by it.
 */
export class Limiter {
  readonly #waiting: Record<Turn, Array<() => void>> = { first: [], after: [] };
  #free: number;

  constructor(size: number) {
    this.#free = size;
  }

  async run<T>(turn: Turn, work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting[turn].push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.first.shift() ?? this.#waiting.after.shift();
      if (next) next();
      else this.#free++;
    }
  }
}
