import type { Clock } from '@keelson/base';

/** Answers kept for a time, so many at most: the oldest go first. */
export class Expiring<V> {
  readonly #clock: Clock;
  readonly #size: number;
  readonly #held = new Map<string, { readonly value: V; readonly until: number }>();

  constructor(clock: Clock, size: number) {
    this.#clock = clock;
    this.#size = size;
  }

  get(key: string): V | undefined {
    const found = this.#held.get(key);
    if (!found) return undefined;
    if (found.until > this.#clock.now()) return found.value;
    this.#held.delete(key);
    return undefined;
  }

  /** @param life milliseconds; nothing is kept for none. */
  set(key: string, value: V, life: number): void {
    if (life <= 0) return;
    this.#held.delete(key);
    const oldest = this.#held.size >= this.#size ? this.#held.keys().next() : undefined;
    if (oldest && !oldest.done) this.#held.delete(oldest.value);
    this.#held.set(key, { value, until: this.#clock.now() + life });
  }
}
