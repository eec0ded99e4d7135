import { type Clock, Heap, type Timer } from '@keelson/base';

interface Pending {
  readonly id: number;
  readonly at: number;
  readonly fn: () => void;
}

/** Turns of the event loop without a new or cancelled timer after which nothing more is expected to happen by itself. */
const quietTurns = 5;

/** A clock that stands still until a test moves it. Everything that shares it runs as fast as the machine can. */
export class SimulatedClock implements Clock {
  #now: number;
  #count = 0;
  readonly #pending = new Heap<Pending>(
    (timer) => String(timer.id),
    (a, b) => (a.at === b.at ? a.id < b.id : a.at < b.at),
  );

  /** `start` in milliseconds since the epoch. */
  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#now = start;
  }

  /** Timers that wait to fire. */
  get pending(): number {
    return this.#pending.size;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, fn: () => void): Timer {
    const id = ++this.#count;
    this.#pending.set({ id, at: this.#now + Math.max(ms, 0), fn });
    return {
      cancel: () => {
        if (this.#pending.delete(String(id))) this.#count++;
      },
    };
  }

  /** Moves `ms` ahead. Timers fire in order, each at its own time, and what they set off settles before the next. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await this.settle();
    while (this.#fireNext(until)) await this.settle();
    this.#now = until;
  }

  /** Moves from timer to timer until `condition` holds. @throws Error after `limit` milliseconds, or when nothing is left to wait for. */
  async runUntil(condition: () => boolean, limit = 60_000): Promise<void> {
    const until = this.#now + limit;
    await this.settle();
    while (!condition()) {
      if (!this.#fireNext(until)) throw new Error(`condition did not come true within ${limit} simulated milliseconds: ${condition}`);
      await this.settle();
    }
  }

  /** Lets promises and immediates run until none of them touches this clock any more. */
  async settle(): Promise<void> {
    for (let quiet = 0, seen = this.#count; quiet < quietTurns; quiet++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (seen === this.#count) continue;
      seen = this.#count;
      quiet = -1;
    }
  }

  #fireNext(until: number): boolean {
    const next = this.#pending.peek();
    if (!next || next.at > until) return false;
    this.#pending.pop();
    this.#now = Math.max(this.#now, next.at);
    next.fn();
    return true;
  }
}
