import { type Clock, systemClock, type Timer } from '@keelson/base';
import { Expiries } from '../history/expiries.ts';
import { History, type Present, type Version } from '../history/history.ts';
import { rangeOf } from '../keys.ts';
import {
  type Entry,
  type ListOptions,
  type ListResult,
  type Store,
  StoreError,
  type StoreEvent,
  type WatchBatch,
  type WatchOptions,
} from '../types.ts';
import { WatchHub } from '../watch/hub.ts';

export interface MemoryStoreOptions {
  readonly clock?: Clock;
}

/** A store that lives as long as its object: for tests and in-process clusters. It grows with what is not compacted. */
export function createMemoryStore({ clock = systemClock }: MemoryStoreOptions = {}): Store {
  return new MemoryStore(clock);
}

class MemoryStore implements Store {
  readonly exclusive = true;
  readonly #clock: Clock;
  readonly #history = new History<Buffer>();
  readonly #hub: WatchHub;
  readonly #expiries = new Expiries();
  #timer: Timer | undefined;
  #armedFor: number | undefined;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#hub = new WatchHub(clock, this.#history.revision);
  }

  async get(key: string): Promise<Entry | undefined> {
    this.#assertOpen();
    this.#hub.observe(key, this.#history.revision);
    const current = this.#history.get(key);
    return current && entryOf(current);
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ListResult> {
    this.#assertOpen();
    const history = this.#history;
    const revision = options.revision ?? history.revision;
    if (revision > history.revision) throw new StoreError('future', `revision ${revision} is not reached yet`);
    this.#assertReadable(revision);
    this.#hub.observe(prefix, history.revision);
    const range = rangeOf(prefix, options.startAfter);
    const limit = options.countOnly ? 0 : options.limit || Number.POSITIVE_INFINITY;
    return revision === history.revision
      ? { entries: history.list(range, limit).map(entryOf), revision, count: history.count(range) }
      : { entries: history.listAt(revision, range, limit).map(entryOf), revision, count: history.countAt(revision, range) };
  }

  async create(key: string, value: Buffer, { ttlSeconds }: { ttlSeconds?: number } = {}): Promise<number> {
    this.#assertOpen();
    const current = this.#history.get(key);
    if (current) throw new StoreError('exists', `key ${key} exists`, { current: entryOf(current) });
    return this.#write(key, value, ttlSeconds);
  }

  async update(key: string, value: Buffer, expected: number, { ttlSeconds }: { ttlSeconds?: number } = {}): Promise<number> {
    this.#assertCurrent(key, expected);
    return this.#write(key, value, ttlSeconds);
  }

  async delete(key: string, expected: number): Promise<number> {
    this.#assertCurrent(key, expected);
    return this.#write(key, undefined, undefined);
  }

  watch(prefix: string, { after, signal }: WatchOptions): AsyncIterable<WatchBatch> {
    const history = this.#history;
    const subscription = this.#hub.open(prefix, after, signal);
    if (this.#closed) subscription.end();
    else if (after < history.compacted) subscription.end(this.#compactedError(after));
    else {
      subscription.push(history.after(after, prefix).map(eventOf), history.revision);
      this.#hub.join(subscription);
    }
    return subscription;
  }

  async compact(revision: number): Promise<void> {
    this.#assertOpen();
    if (revision > this.#history.revision) throw new StoreError('future', `revision ${revision} is not reached yet`);
    this.#history.compact(revision);
    this.#history.forget();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    this.#hub.close();
  }

  #write(key: string, value: Buffer | undefined, ttlSeconds: number | undefined): number {
    this.#expiries.set(key, ttlSeconds === undefined ? undefined : this.#clock.now() + ttlSeconds * 1000);
    this.#arm();
    return this.#append(key, value);
  }

  #append(key: string, value: Buffer | undefined): number {
    const version = this.#history.append(key, value);
    this.#hub.publish([eventOf(version)], version.revision);
    return version.revision;
  }

  /** Sets the timer to the first expiry, if it is not set to that already. */
  #arm(): void {
    const at = this.#expiries.next;
    if (at === this.#armedFor) return;
    this.#timer?.cancel();
    this.#armedFor = at;
    this.#timer = at === undefined ? undefined : this.#clock.after(Math.max(at - this.#clock.now(), 0), () => this.#expire());
  }

  #expire(): void {
    this.#armedFor = undefined;
    for (const key of this.#expiries.take(this.#clock.now())) this.#append(key, undefined);
    this.#arm();
  }

  #assertOpen(): void {
    if (this.#closed) throw new StoreError('unavailable', 'the store is closed');
  }

  #assertCurrent(key: string, expected: number): void {
    this.#assertOpen();
    const current = this.#history.get(key);
    if (current?.revision === expected) return;
    const found = current ? `is at revision ${current.revision}` : 'does not exist';
    throw new StoreError('conflict', `key ${key} ${found}, expected revision ${expected}`, { current: current && entryOf(current) });
  }

  #assertReadable(revision: number): void {
    if (revision < this.#history.compacted) throw this.#compactedError(revision);
  }

  #compactedError(revision: number): StoreError {
    const oldest = this.#history.compacted;
    return new StoreError('compacted', `revision ${revision} has been compacted, the oldest is ${oldest}`, { compactRevision: oldest });
  }
}

function entryOf({ key, value, revision }: Present<Buffer>): Entry {
  return { key, value, revision };
}

function eventOf({ key, value, revision, created }: Version<Buffer>): StoreEvent {
  return value === undefined ? { type: 'delete', key, revision } : { type: 'put', key, value, revision, created };
}
