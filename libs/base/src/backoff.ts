import type { Clock } from './clock.ts';

export interface BackoffOptions {
  /** First delay, in milliseconds. */
  readonly initial: number;
  readonly max: number;
  readonly factor?: number;
  /** A key untouched for this long starts over. Never, when absent. */
  readonly resetAfter?: number;
}

/** Exponential delays per key: initial, initial × factor, … up to max. */
export class Backoff {
  readonly #entries = new Map<string, { delay: number; at: number }>();
  readonly #options: BackoffOptions;
  readonly #clock: Clock;

  constructor(options: BackoffOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** The delay in force for `key` in milliseconds; 0 when it has none. */
  get(key: string): number {
    return this.#live(key)?.delay ?? 0;
  }

  /** Moves `key` to its next delay and returns it. */
  next(key: string): number {
    const { initial, max, factor = 2 } = this.#options;
    const before = this.#live(key);
    const delay = before ? Math.min(before.delay * factor, max) : initial;
    this.#entries.set(key, { delay, at: this.#clock.now() });
    return delay;
  }

  reset(key: string): void {
    this.#entries.delete(key);
  }

  #live(key: string): { delay: number; at: number } | undefined {
    const entry = this.#entries.get(key);
    const { resetAfter } = this.#options;
    if (!entry || resetAfter === undefined || this.#clock.now() - entry.at <= resetAfter) return entry;
    this.#entries.delete(key);
    return undefined;
  }
}
