import { Backoff, type Clock, errorMessage, type Logger, sleep } from '@keelson/base';
import { type Entry, type Store, StoreError, type StoreEvent } from '../storage/types.ts';
import type { KindCache } from './cache.ts';

const root = '/registry/';
/** Under the root, and of nobody: to ask here costs a store the same however much it holds. */
const nobodys = `${root}\0/`;
const retryAfter = 500;
/** Milliseconds between looks whether what could not be read can be. */
const looks = { initial: 500, max: 5_000 };

/**
 * Brings the store's one ordered stream of changes to the caches of all kinds. Because it is one stream, a single number says how
 * far every cache has come.
 */
export class Feed {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #caches = new Map<string, KindCache>();
  /** Caches that are being filled by themselves: what happened to them meanwhile. */
  readonly #joining = new Map<KindCache, StoreEvent[]>();
  /** Caches that do not hold all that is stored, and are filled again until they do. */
  readonly #wanting = new Set<KindCache>();
  readonly #waiters: Array<{ revision: number; resolve: () => void }> = [];
  #revision = 0;
  /** Of the last time that everything was loaded. */
  #loadedAt = 0;
  #signal = new AbortController().signal;
  #acknowledged = 0;
  #asking: Promise<number> | undefined;
  #next: Promise<number> | undefined;

  constructor(store: Store, clock: Clock, log: Logger) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  /** Every change up to this revision is in the caches. */
  get revision(): number {
    return this.#revision;
  }

  /** Before `run`: the caches to feed. */
  add(cache: KindCache): void {
    this.#caches.set(cache.prefix, cache);
  }

  /** While running: fills a cache and feeds it from then on. Resolves when it holds what the store holds, as far as that can be read. */
  async join(cache: KindCache): Promise<void> {
    this.add(cache);
    try {
      await this.#fill(cache);
    } catch (error) {
      this.leave(cache);
      throw error;
    }
  }

  async #fill(cache: KindCache): Promise<void> {
    const missed: StoreEvent[] = [];
    this.#joining.set(cache, missed);
    try {
      const { entries, revision } = await this.#store.list(cache.prefix);
      await this.reached(revision);
      // Everything may have been loaded meanwhile: then what was listed before is no news.
      if (revision >= this.#loadedAt) this.#reset(cache, entries, revision);
      const from = Math.max(revision, this.#loadedAt);
      for (const event of missed) if (event.revision > from) this.#apply(cache, event, this.#clock.now());
    } finally {
      this.#joining.delete(cache);
    }
  }

  leave(cache: KindCache): void {
    if (this.#caches.get(cache.prefix) === cache) this.#caches.delete(cache.prefix);
  }

  /** Loads everything, calls `onReady`, and follows the store until aborted. A broken stream is taken up again by itself. */
  async run(signal: AbortSignal, onReady: () => void): Promise<void> {
    this.#signal = signal;
    let loaded = false;
    while (!signal.aborted) {
      try {
        if (!loaded) await this.#load();
        loaded = true;
        onReady();
        await this.#follow(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#log.warn('the watch on the store broke; taking it up again', { err: errorMessage(error) });
        if (error instanceof StoreError && error.code === 'compacted') loaded = false;
        await sleep(this.#clock, retryAfter, signal).catch(() => undefined);
      }
    }
  }

  /** Notes a revision the store acknowledged to this process; what `fresh` waits for when nobody else writes. */
  acknowledged(revision: number): void {
    if (revision > this.#acknowledged) this.#acknowledged = revision;
  }

  /** Resolves when the caches hold everything that was acknowledged to anybody before the call: a linearizable read may follow. */
  async fresh(): Promise<void> {
    if (this.#store.exclusive) return this.reached(this.#acknowledged);
    return this.reached(await this.newest());
  }

  /** The store's revision, asked for after this call began. Whoever calls while a question is under way shares the next one. */
  newest(): Promise<number> {
    if (!this.#asking) return this.#ask();
    this.#next ??= this.#asking
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#ask();
      });
    return this.#next;
  }

  #ask(): Promise<number> {
    const asking = this.#store
      .list(nobodys, { countOnly: true, limit: 1 })
      .then(({ revision }) => revision)
      .finally(() => {
        if (this.#asking === asking) this.#asking = undefined;
      });
    this.#asking = asking;
    return asking;
  }

  reached(revision: number): Promise<void> {
    if (this.#revision >= revision) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ revision, resolve }));
  }

  async #load(): Promise<void> {
    const { entries, revision } = await this.#store.list(root);
    const byCache = new Map<KindCache, Entry[]>();
    for (const cache of this.#caches.values()) byCache.set(cache, []);
    for (const entry of entries) {
      const cache = this.#cacheOf(entry.key);
      if (cache) byCache.get(cache)?.push(entry);
    }
    this.#loadedAt = revision;
    for (const [cache, own] of byCache) this.#reset(cache, own, revision);
    this.#advance(revision);
  }

  #reset(cache: KindCache, entries: readonly Entry[], revision: number): void {
    this.#complain(cache.reset(entries, revision, this.#clock.now()));
    if (cache.fault) void this.#refill(cache);
  }

  async #follow(signal: AbortSignal): Promise<void> {
    for await (const batch of this.#store.watch(root, { after: this.#revision, signal })) {
      const now = this.#clock.now();
      for (const event of batch.events) this.#pass(event, now);
      this.#advance(batch.revision);
    }
  }

  #pass(event: StoreEvent, now: number): void {
    const cache = this.#cacheOf(event.key);
    if (!cache) return;
    const waiting = this.#joining.get(cache);
    if (waiting) waiting.push(event);
    else this.#apply(cache, event, now);
  }

  #apply(cache: KindCache, event: StoreEvent, now: number): void {
    if (!cache.apply(event, now)) this.#complain([event.key]);
    if (cache.fault) void this.#refill(cache);
  }

  /** Fills a cache again, until it holds all that is stored: what opens it may come back, or what cannot be opened may go. */
  async #refill(cache: KindCache): Promise<void> {
    if (this.#wanting.has(cache)) return;
    this.#wanting.add(cache);
    const backoff = new Backoff(looks, this.#clock);
    while (cache.fault && this.#caches.get(cache.prefix) === cache && !this.#signal.aborted) {
      this.#log.error('cannot read all that lies in the store under this prefix', { prefix: cache.prefix, err: cache.fault.message });
      await sleep(this.#clock, backoff.next(''), this.#signal).catch(() => undefined);
      // While it is filled it lags behind: only one that nobody relies on may.
      if (cache.fault)
        await this.#fill(cache).catch((error: unknown) => this.#log.warn('cannot fill a cache', { err: errorMessage(error) }));
    }
    this.#wanting.delete(cache);
  }

  /** Only strangers write what is no object, or one of a version that is served no more: it stays where it is, and nobody sees it. */
  #complain(keys: readonly string[]): void {
    for (const key of keys) this.#log.warn('cannot read what lies in the store under this key; leaving it out', { key });
  }

  #advance(revision: number): void {
    if (revision <= this.#revision) return;
    this.#revision = revision;
    for (let i = this.#waiters.length - 1; i >= 0; i--) {
      const waiter = this.#waiters[i] as { revision: number; resolve: () => void };
      if (waiter.revision > revision) continue;
      this.#waiters.splice(i, 1);
      waiter.resolve();
    }
  }

  /** Prefixes are one or two segments below the root: `/registry/pods/`, `/registry/services/specs/`. */
  #cacheOf(key: string): KindCache | undefined {
    const first = key.indexOf('/', root.length) + 1;
    const one = this.#caches.get(key.slice(0, first));
    if (one) return one;
    return this.#caches.get(key.slice(0, key.indexOf('/', first) + 1));
  }
}
