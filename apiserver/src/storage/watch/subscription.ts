import type { StoreEvent, WatchBatch } from '../types.ts';

/**
 * One watcher: what it has not read yet, and up to which revision it is complete. It never blocks whoever pushes; events a
 * consumer does not fetch accumulate until its signal aborts.
 */
export class Subscription implements AsyncIterableIterator<WatchBatch> {
  readonly prefix: string;
  #events: StoreEvent[] = [];
  #revision: number;
  #reported: number;
  #report = false;
  #ended = false;
  #error: unknown;
  #waiting: { resolve: (result: IteratorResult<WatchBatch>) => void; reject: (error: unknown) => void } | undefined;
  readonly #onEnd: (subscription: Subscription) => void;

  constructor(prefix: string, after: number, onEnd: (subscription: Subscription) => void) {
    this.prefix = prefix;
    this.#revision = after;
    this.#reported = after;
    this.#onEnd = onEnd;
  }

  /** Complete up to this revision: pushed, if not read. */
  get revision(): number {
    return this.#revision;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Takes events in revision order, complete up to `revision`. Those of other prefixes or already delivered are dropped. */
  push(events: readonly StoreEvent[], revision: number): void {
    if (this.#ended || revision <= this.#revision) return;
    const before = this.#events.length;
    for (const event of events) {
      if (event.revision > this.#revision && event.key.startsWith(this.prefix)) this.#events.push(event);
    }
    this.#revision = revision;
    if (this.#events.length > before) this.#wake();
  }

  /** Has the consumer told how far the stream is: only if that is news to it, unless `always`. */
  progress(always = false): void {
    if (!always && this.#reported >= this.#revision) return;
    this.#report = true;
    this.#wake();
  }

  /** Ends the iteration. With an error: after what was pushed has been read, by throwing it. Without: at once. */
  end(error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    if (error === undefined) this.#events = [];
    this.#onEnd(this);
    this.#wake();
  }

  next(): Promise<IteratorResult<WatchBatch>> {
    const result = this.#take();
    if (result) return Promise.resolve(result);
    if (!this.#ended) return new Promise((resolve, reject) => (this.#waiting = { resolve, reject }));
    const error = this.#error;
    this.#error = undefined;
    return error === undefined ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(error);
  }

  return(): Promise<IteratorResult<WatchBatch>> {
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(): IteratorResult<WatchBatch> | undefined {
    if (this.#events.length === 0 && (!this.#report || this.#ended)) return undefined;
    const value: WatchBatch = { events: this.#events, revision: this.#revision };
    this.#events = [];
    this.#report = false;
    this.#reported = this.#revision;
    return { done: false, value };
  }

  #wake(): void {
    const waiting = this.#waiting;
    if (!waiting) return;
    this.#waiting = undefined;
    this.next().then(waiting.resolve, waiting.reject);
  }
}
