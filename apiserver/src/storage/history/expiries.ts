import { Heap } from '@keelson/base';

interface Expiry {
  readonly key: string;
  readonly at: number;
}

/** Which keys end when (milliseconds since the epoch). */
export class Expiries {
  readonly #heap = new Heap<Expiry>(
    (expiry) => expiry.key,
    (a, b) => a.at < b.at,
  );

  /** When the first key ends. */
  get next(): number | undefined {
    return this.#heap.peek()?.at;
  }

  /** `key` ends at `at`; never, when undefined. */
  set(key: string, at: number | undefined): void {
    if (at === undefined) this.#heap.delete(key);
    else this.#heap.set({ key, at });
  }

  /** Takes out the keys whose time has come, in that order; at most `limit`. */
  take(now: number, limit = Number.POSITIVE_INFINITY): string[] {
    const keys: string[] = [];
    for (let first = this.#heap.peek(); first && first.at <= now && keys.length < limit; first = this.#heap.peek()) {
      this.#heap.pop();
      keys.push(first.key);
    }
    return keys;
  }
}
