import { Backoff } from './backoff.ts';
import type { Clock, Timer } from './clock.ts';

/**
 * Keys waiting to be worked on. A key stands in it at most once, is never handed to two workers at a time, and is handed
 * out again if it was added while being worked on.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  readonly #ready = new Set<string>();
  readonly #working = new Set<string>();
  readonly #again = new Set<string>();
  readonly #delayed = new Map<string, { at: number; timer: Timer }>();
  readonly #takers: Array<(key: string | undefined) => void> = [];
  #closed = false;

  constructor(clock: Clock, backoff = new Backoff({ initial: 5, max: 1_000_000 }, clock)) {
    this.#clock = clock;
    this.#backoff = backoff;
  }

  /** Keys ready to be taken. */
  get depth(): number {
    return this.#ready.size;
  }

  /** True when nothing is ready, in work or delayed: what tests on a simulated clock wait for. */
  get idle(): boolean {
    return this.#ready.size + this.#working.size + this.#delayed.size === 0;
  }

  add(key: string): void {
    if (this.#closed) return;
    this.#cancelDelay(key);
    if (this.#working.has(key)) {
      this.#again.add(key);
      return;
    }
    const taker = this.#ready.has(key) ? undefined : this.#takers.shift();
    if (taker) {
      this.#working.add(key);
      taker(key);
    } else {
      this.#ready.add(key);
    }
  }

  /** Adds `key` in `ms`; an earlier pending delay for it stands. */
  addAfter(key: string, ms: number): void {
    if (this.#closed) return;
    if (ms <= 0) {
      this.add(key);
      return;
    }
    const at = this.#clock.now() + ms;
    const pending = this.#delayed.get(key);
    if (pending && pending.at <= at) return;
    this.#cancelDelay(key);
    this.#delayed.set(key, { at, timer: this.#clock.after(ms, () => this.add(key)) });
  }

  /** Adds `key` after its back-off: 5 ms doubling to 1000 s, as client-go's default per-item limiter. */
  retry(key: string): void {
    this.addAfter(key, this.#backoff.next(key));
  }

  /** Ends `key`'s back-off. */
  forget(key: string): void {
    this.#backoff.reset(key);
  }

  /** The next key, or undefined once closed. Whoever takes a key calls `done` with it. */
  take(): Promise<string | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    for (const key of this.#ready) {
      this.#ready.delete(key);
      this.#working.add(key);
      return Promise.resolve(key);
    }
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  done(key: string): void {
    this.#working.delete(key);
    if (this.#again.delete(key)) this.add(key);
  }

  close(): void {
    this.#closed = true;
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
    this.#ready.clear();
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }

  #cancelDelay(key: string): void {
    this.#delayed.get(key)?.timer.cancel();
    this.#delayed.delete(key);
  }
}
