import type { Clock, Timer } from '@keelson/base';
import type { StoreEvent } from '../types.ts';
import { Subscription } from './subscription.ts';

/** The longest a watcher hears nothing. */
const progressInterval = 10_000;
/** How long watchers of other prefixes than the one read may wait for the progress a read caused. */
const unrelatedDelay = 50;

/** Hands every change of a store to the watchers of its prefix, in order, and tells them how far they are. */
export class WatchHub {
  readonly #clock: Clock;
  readonly #all = new Set<Subscription>();
  readonly #live = new Set<Subscription>();
  #revision: number;
  #observed: number;
  #periodic: Timer | undefined;
  #unrelated: Timer | undefined;

  constructor(clock: Clock, revision: number) {
    this.#clock = clock;
    this.#revision = revision;
    this.#observed = revision;
  }

  /** Everything up to here has been published. */
  get revision(): number {
    return this.#revision;
  }

  /** A new watcher of `prefix`. It receives nothing from the hub before it `join`s; the signal ends it. */
  open(prefix: string, after: number, signal: AbortSignal): Subscription {
    const onAbort = (): void => subscription.end();
    const subscription = new Subscription(prefix, after, (ended) => {
      signal.removeEventListener('abort', onAbort);
      this.#all.delete(ended);
      this.#live.delete(ended);
      if (this.#all.size === 0) this.#disarm();
    });
    this.#all.add(subscription);
    if (signal.aborted) subscription.end();
    else signal.addEventListener('abort', onAbort, { once: true });
    return subscription;
  }

  /** From now on the hub feeds it. The subscription must be complete up to the hub's revision, or ask for later ones only. */
  join(subscription: Subscription): void {
    if (subscription.ended) return;
    this.#live.add(subscription);
    this.#periodic ??= this.#arm();
    subscription.progress();
  }

  /** All events up to `revision` that were not published before, in order. */
  publish(events: readonly StoreEvent[], revision: number): void {
    if (revision <= this.#revision) return;
    this.#revision = revision;
    const awaited = this.#observed >= revision;
    for (const subscription of this.#live) {
      subscription.push(events, revision);
      if (awaited) subscription.progress();
    }
  }

  /** A read of `prefix` (or of a key) was answered with this revision: watchers must learn that they have reached it. */
  observe(prefix: string, revision: number): void {
    if (revision <= this.#observed) return;
    this.#observed = revision;
    if (revision > this.#revision) return;
    for (const subscription of this.#live) {
      if (prefix.startsWith(subscription.prefix) || subscription.prefix.startsWith(prefix)) subscription.progress();
    }
    if (this.#live.size > 0) this.#unrelated ??= this.#clock.after(unrelatedDelay, () => this.#tellUnrelated());
  }

  /** Restarts the count at `revision` after every watcher was ended by `fail`. */
  reset(revision: number): void {
    this.#revision = revision;
    this.#observed = Math.max(this.#observed, revision);
  }

  /** Ends the watchers that are fed by the hub with an error. */
  fail(error: unknown): void {
    for (const subscription of [...this.#live]) subscription.end(error);
  }

  /** Ends every watcher without an error. */
  close(): void {
    for (const subscription of [...this.#all]) subscription.end();
    this.#disarm();
  }

  #tellUnrelated(): void {
    this.#unrelated = undefined;
    for (const subscription of this.#live) subscription.progress();
  }

  #arm(): Timer {
    return this.#clock.after(progressInterval, () => {
      for (const subscription of this.#live) subscription.progress(true);
      this.#periodic = this.#arm();
    });
  }

  #disarm(): void {
    this.#periodic?.cancel();
    this.#unrelated?.cancel();
    this.#periodic = undefined;
    this.#unrelated = undefined;
  }
}
