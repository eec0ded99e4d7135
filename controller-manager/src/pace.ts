import type { Clock } from '@keelson/base';

/**
 * Spaces the work on a key by what it costs. The first look goes at once, those that follow closely are put together: a burst of changes
 * to a thousand pods costs some ten looks at all of them instead of a thousand, and a lone change waits for nothing.
 */
export class Pace {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #next = new Map<string, number>();

  /** `most` is the longest rest, in milliseconds. */
  constructor(clock: Clock, most: number) {
    this.#clock = clock;
    this.#most = most;
  }

  /** Milliseconds until `key` may be worked on again; 0: now. */
  wait(key: string): number {
    const next = this.#next.get(key);
    return next === undefined ? 0 : Math.max(0, next - this.#clock.now());
  }

  /** After work on `key` that looked at `objects` others: it rests a millisecond for every ten of them. */
  worked(key: string, objects: number): void {
    this.#next.set(key, this.#clock.now() + Math.min(this.#most, objects / 10));
  }

  /** When the key's object is gone. */
  forget(key: string): void {
    this.#next.delete(key);
  }
}
