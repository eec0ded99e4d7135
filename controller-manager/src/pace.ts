import type { Clock } from '@keelson/base';

/**
 * Spaces a key's writes: the first goes at once, those that follow closely are put together into one per interval. A burst of changes
 * costs a few writes instead of one each, and a lone change waits for nothing.
 */
export class Pace {
  readonly #clock: Clock;
  readonly #interval: number;
  readonly #last = new Map<string, number>();

  /** `interval` in milliseconds. */
  constructor(clock: Clock, interval: number) {
    this.#clock = clock;
    this.#interval = interval;
  }

  /** Milliseconds until `key` may write again; 0: now. */
  wait(key: string): number {
    const last = this.#last.get(key);
    return last === undefined ? 0 : Math.max(0, last + this.#interval - this.#clock.now());
  }

  wrote(key: string): void {
    this.#last.set(key, this.#clock.now());
  }

  /** When the key's object is gone. */
  forget(key: string): void {
    this.#last.delete(key);
  }
}
