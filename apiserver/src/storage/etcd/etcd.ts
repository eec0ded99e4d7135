import { Backoff, type Clock, sleep, systemClock } from '@keelson/base';
import type { ICompare, IKeyValue, IPutRequest, IRangeRequest, IRangeResponse, IRequestOp, ITxnRequest } from 'etcd3';
import { type KeyRange, rangeOf } from '../keys.ts';
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
import type { Subscription } from '../watch/subscription.ts';
import { Connection, type EtcdTls } from './connection.ts';
import { isLeaseLost, storeError } from './errors.ts';
import { allKeys, follow } from './follow.ts';
import { Leases } from './leases.ts';
import { Turn } from './turn.ts';

export interface EtcdStoreOptions {
  /** `http://host:port` or `https://host:port` of the cluster's members. */
  readonly endpoints: readonly string[];
  readonly tls?: EtcdTls;
  readonly clock?: Clock;
}

/** Entries in one message: larger ones would hold up the event loop while they are decoded. */
const page = 1_000;

/**
 * A store in an etcd cluster (3.4 or later), under the very keys given. Does not wait for the cluster to be reachable: until
 * then requests fail with `unavailable` and watches wait.
 */
export async function createEtcdStore({ endpoints, tls, clock = systemClock }: EtcdStoreOptions): Promise<Store> {
  return new EtcdStore(await Connection.open(endpoints, tls, clock), clock);
}

class EtcdStore implements Store {
  readonly exclusive = false;
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #leases: Leases;
  readonly #hub: WatchHub;
  readonly #closing = new AbortController();
  readonly #ready = Promise.withResolvers<void>();
  #started: Promise<void> | undefined;
  #compacted: number | undefined;

  constructor(connection: Connection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
    this.#leases = new Leases(connection, clock);
    this.#hub = new WatchHub(clock, 0);
  }

  async get(key: string): Promise<Entry | undefined> {
    const { header, kvs } = await this.#connection.read((client) => client.kv.range({ key: Buffer.from(key) }));
    this.#hub.observe(key, Number(header.revision));
    return kvs[0] && entryOf(kvs[0]);
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ListResult> {
    const { startAfter, countOnly = false } = options;
    const limit = options.limit || Number.POSITIVE_INFINITY;
    // To etcd, 0 means now.
    let revision = options.revision === undefined ? 0 : Math.max(options.revision, 1);
    let count: number | undefined;
    const entries: Entry[] = [];
    for (let range = rangeOf(prefix, startAfter); ; range = rangeOf(prefix, entries.at(-1)?.key)) {
      const request = { ...keysOf(range), revision, limit: Math.min(page, limit - entries.length), count_only: countOnly };
      const response = await this.#range(request);
      revision ||= Number(response.header.revision);
      count ??= Number(response.count);
      for (const kv of response.kvs) entries.push(entryOf(kv));
      if (!response.more || countOnly || entries.length >= limit) break;
    }
    this.#hub.observe(prefix, revision);
    return { entries, revision: options.revision ?? revision, count };
  }

  async create(key: string, value: Buffer, options?: { ttlSeconds?: number }): Promise<number> {
    const swap = await this.#put(key, value, 0, options?.ttlSeconds);
    if (swap.revision !== undefined) return swap.revision;
    throw new StoreError('exists', `key ${key} exists`, { current: swap.current });
  }

  async update(key: string, value: Buffer, expected: number, options?: { ttlSeconds?: number }): Promise<number> {
    // To etcd, revision 0 is that of a missing key, which an update must not create.
    const swap = await this.#put(key, value, expected || -1, options?.ttlSeconds);
    if (swap.revision !== undefined) return swap.revision;
    throw conflict(key, expected, swap.current);
  }

  async delete(key: string, expected: number): Promise<number> {
    const swap = await this.#swap(key, expected || -1, { request_delete_range: { key: Buffer.from(key) } });
    if (swap.revision !== undefined) return swap.revision;
    throw conflict(key, expected, swap.current);
  }

  watch(prefix: string, { after, signal }: WatchOptions): AsyncIterable<WatchBatch> {
    const subscription = this.#hub.open(prefix, after, signal);
    if (this.#closing.signal.aborted) subscription.end();
    else void this.#catchUp(subscription, signal).catch((error: unknown) => subscription.end(error));
    return subscription;
  }

  async compact(revision: number): Promise<void> {
    try {
      await this.#connection.read((client) => client.kv.compact({ revision }));
    } catch (error) {
      // Somebody has compacted as far already.
      if (!(error instanceof StoreError && error.code === 'compacted')) throw error;
    }
    this.#compacted = Math.max(this.#compacted ?? 0, revision);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#ready.resolve();
    this.#hub.close();
    this.#connection.close();
    await this.#started;
  }

  async #range(request: IRangeRequest): Promise<IRangeResponse> {
    try {
      return await this.#connection.read((client) => client.kv.range(request));
    } catch (error) {
      const mapped = storeError(error);
      if (mapped.code !== 'compacted' || this.#compacted === undefined) throw mapped;
      throw new StoreError('compacted', mapped.message, { cause: mapped, compactRevision: this.#compacted });
    }
  }

  /** Writes `key` if its revision is `expected` (0: if it does not exist). */
  async #put(key: string, value: Buffer, expected: number, ttlSeconds: number | undefined): Promise<Swap> {
    const put: IPutRequest = { key: Buffer.from(key), value };
    if (ttlSeconds === undefined) return this.#swap(key, expected, { request_put: put });
    const lease = await this.#leases.lease(ttlSeconds);
    try {
      return await this.#swap(key, expected, { request_put: { ...put, lease } });
    } catch (error) {
      if (!isLeaseLost(error)) throw error;
      this.#leases.forget(lease);
      return this.#swap(key, expected, { request_put: { ...put, lease: await this.#leases.lease(ttlSeconds) } });
    }
  }

  async #swap(key: string, expected: number, operation: IRequestOp): Promise<Swap> {
    const bytes = Buffer.from(key);
    const compare: ICompare = { key: bytes, target: 'Mod', result: 'Equal', mod_revision: expected };
    const request: ITxnRequest = { compare: [compare], success: [operation], failure: [{ request_range: { key: bytes } }] };
    const { succeeded, header, responses } = await this.#connection.write((client) => client.kv.txn(request));
    const revision = Number(header.revision);
    if (succeeded) return { revision };
    const found = responses[0]?.response_range.kvs[0];
    this.#hub.observe(key, revision);
    return { current: found && entryOf(found) };
  }

  /** Feeds a watcher from a stream of its own until it is where the common one is, then leaves it to that. */
  async #catchUp(subscription: Subscription, watcher: AbortSignal): Promise<void> {
    this.#started ??= this.#run();
    await this.#ready.promise;
    if (subscription.revision >= this.#hub.revision) return this.#hub.join(subscription);
    const joined = new AbortController();
    await follow({
      connection: this.#connection,
      clock: this.#clock,
      after: subscription.revision,
      signal: AbortSignal.any([watcher, this.#closing.signal, joined.signal]),
      onEvents: (events, revision) => {
        subscription.push(events, revision);
        if (!subscription.ended && revision < this.#hub.revision) return;
        this.#hub.join(subscription);
        joined.abort();
      },
    });
  }

  /** The one stream that feeds all watchers, from the first `watch` to `close`. */
  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const revision = await this.#currentRevision();
      if (revision === undefined) break;
      this.#hub.reset(revision);
      this.#ready.resolve();
      const turn = new Turn((events, upTo) => this.#hub.publish(events, upTo));
      const onEvents = (events: readonly StoreEvent[], upTo: number): void => turn.add(events, upTo);
      const error = await follow({ connection: this.#connection, clock: this.#clock, after: revision, signal, onEvents }).catch(
        (reason: unknown) => reason,
      );
      turn.end();
      if (error !== undefined) this.#hub.fail(error);
    }
  }

  /** Waits for a member that can tell. Undefined once the store is closing. */
  async #currentRevision(): Promise<number | undefined> {
    const { signal } = this.#closing;
    const backoff = new Backoff({ initial: 20, max: 2_000 }, this.#clock);
    while (!signal.aborted) {
      try {
        // One key, which nobody has: to count them all would cost what the cluster holds.
        const { header } = await this.#range({ key: allKeys.key, count_only: true });
        return Number(header.revision);
      } catch {
        await sleep(this.#clock, backoff.next(''), signal).catch(() => undefined);
      }
    }
    return undefined;
  }
}

/** What a compare-and-swap came to: its revision, or the entry that stood in the way, if there is one. */
type Swap = { readonly revision: number } | { readonly revision?: never; readonly current: Entry | undefined };

function conflict(key: string, expected: number, current: Entry | undefined): StoreError {
  const found = current ? `is at revision ${current.revision}` : 'does not exist';
  return new StoreError('conflict', `key ${key} ${found}, expected revision ${expected}`, { current });
}

function keysOf({ from, to }: KeyRange): { key: Buffer; range_end: Buffer } {
  return { key: from === '' ? allKeys.key : Buffer.from(from), range_end: to === undefined ? allKeys.range_end : Buffer.from(to) };
}

/** The value is copied: what the client hands out keeps the whole message alive. */
function entryOf({ key, value, mod_revision }: IKeyValue): Entry {
  return { key: key.toString(), value: Buffer.from(value), revision: Number(mod_revision) };
}
