import { assert, type Clock, systemClock, type Timer } from '@keelson/base';
import type { Entry, ListOptions, ListResult, Store, StoreError, StoreEvent, WatchBatch, WatchOptions } from '../types.ts';
import { WatchHub } from '../watch/hub.ts';
import type { Subscription } from '../watch/subscription.ts';
import { type Answer, Channel, type Settled, type Success } from './channel.ts';
import type { Request, ResultBatch, Row } from './protocol.ts';

export interface SqliteStoreOptions {
  /** The database file; made, with its directory, when missing. `<path>.lock` keeps other processes out. */
  readonly path: string;
  /** What expiry goes by. */
  readonly clock?: Clock;
  /** The worker's code: `worker.ts` beside this file, or `sqlite-worker.js` beside the bundle, when absent. */
  readonly worker?: URL;
}

/** Between an attempt to expire keys that failed and the next. */
const expiryRetry = 1_000;

/**
 * The embedded store: a log in one SQLite file, written by a worker thread. A resolved write survives `kill -9` and power loss.
 * @throws StoreError `unavailable` when the file cannot be opened or another process has it.
 */
export async function createSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const bundled = !import.meta.url.endsWith('.ts');
  const worker = options.worker ?? (bundled ? new URL('./sqlite-worker.js', import.meta.url) : new URL('./worker.ts', import.meta.url));
  let store: SqliteStore | undefined;
  const { channel, opened } = await Channel.open({
    path: options.path,
    worker,
    onBatch: (settled, batch) => store?.accept(settled, batch),
    onLost: (error) => store?.lose(error),
  });
  store = new SqliteStore(channel, options.clock ?? systemClock, opened);
  return store;
}

class SqliteStore implements Store {
  readonly exclusive = true;
  readonly #channel: Channel;
  readonly #clock: Clock;
  readonly #hub: WatchHub;
  #timer: Timer | undefined;
  #armedFor: number | undefined;
  #closed = false;

  constructor(channel: Channel, clock: Clock, opened: { revision: number; nextExpiry: number | undefined }) {
    this.#channel = channel;
    this.#clock = clock;
    this.#hub = new WatchHub(clock, opened.revision);
    this.#arm(opened.nextExpiry);
  }

  async get(key: string): Promise<Entry | undefined> {
    const { result, values } = await this.#send('row', { op: 'get', key });
    return result.row && entryOf(result.row, values);
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ListResult> {
    const { startAfter, revision, limit = 0, countOnly = false } = options;
    const { result, values } = await this.#send('rows', { op: 'list', prefix, startAfter, revision, limit, countOnly });
    return { entries: result.rows.map((row) => entryOf(row, values)), revision: result.revision, count: result.count };
  }

  create(key: string, value: Buffer, options?: { ttlSeconds?: number }): Promise<number> {
    return this.#write({ op: 'create', key, value: 0, expires: this.#expires(options) }, value);
  }

  update(key: string, value: Buffer, expected: number, options?: { ttlSeconds?: number }): Promise<number> {
    return this.#write({ op: 'update', key, value: 0, expires: this.#expires(options), expected }, value);
  }

  delete(key: string, expected: number): Promise<number> {
    return this.#write({ op: 'delete', key, expected });
  }

  watch(prefix: string, { after, signal }: WatchOptions): AsyncIterable<WatchBatch> {
    const subscription = this.#hub.open(prefix, after, signal);
    if (this.#closed) subscription.end();
    else void this.#catchUp(subscription).catch((error: unknown) => subscription.end(this.#closed ? undefined : error));
    return subscription;
  }

  async compact(revision: number): Promise<void> {
    await this.#send('done', { op: 'compact', revision });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    this.#hub.close();
    await this.#channel.close();
  }

  /** What the worker has committed or read: watchers hear of it before whoever asked. */
  accept(settled: readonly Settled[], batch: ResultBatch): void {
    this.#hub.publish(settled.flatMap(eventsOf), batch.revision);
    for (const { request } of settled) {
      if (request.op === 'get') this.#hub.observe(request.key, batch.revision);
      if (request.op === 'list') this.#hub.observe(request.prefix, batch.revision);
    }
    if (!this.#closed) this.#arm(batch.nextExpiry);
  }

  /** The worker is gone: nothing can be read or written any more. */
  lose(error: StoreError): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#hub.fail(error);
  }

  async #write(request: Request, value?: Buffer): Promise<number> {
    const { result } = await this.#channel.send(request, value);
    assert(typeof result === 'number', 'a write answers with its revision');
    return result;
  }

  async #send<K extends Exclude<Success, number>['kind']>(kind: K, request: Request): Promise<Answer<Extract<Success, { kind: K }>>> {
    const { result, values } = await this.#channel.send(request);
    assert(typeof result === 'object' && result.kind === kind, `${request.op} answers with ${kind}`);
    return { result: result as Extract<Success, { kind: K }>, values };
  }

  /** Reads the past page by page until it reaches what the hub publishes next. */
  async #catchUp(subscription: Subscription): Promise<void> {
    while (!subscription.ended) {
      const { prefix, revision: after } = subscription;
      const { result, values } = await this.#send('changes', { op: 'history', prefix, after });
      const events = result.changes.map(({ key, revision, created, value }): StoreEvent => {
        return value === undefined
          ? { type: 'delete', key, revision }
          : { type: 'put', key, value: values[value] as Buffer, revision, created };
      });
      subscription.push(events, result.upTo);
      if (subscription.revision >= this.#hub.revision) return this.#hub.join(subscription);
    }
  }

  #expires(options: { ttlSeconds?: number } | undefined): number | null {
    return options?.ttlSeconds === undefined ? null : Math.ceil(this.#clock.now() + options.ttlSeconds * 1000);
  }

  #arm(at: number | undefined): void {
    if (at === this.#armedFor) return;
    this.#armedFor = at;
    this.#timer?.cancel();
    this.#timer = at === undefined ? undefined : this.#clock.after(Math.max(at - this.#clock.now(), 0), () => void this.#expire());
  }

  /** The answer arms the timer for what comes next. */
  async #expire(): Promise<void> {
    this.#armedFor = undefined;
    try {
      await this.#send('expired', { op: 'expire', now: this.#clock.now() });
    } catch {
      if (!this.#closed) this.#timer = this.#clock.after(expiryRetry, () => void this.#expire());
    }
  }
}

function entryOf({ key, value, revision }: Row, values: readonly Buffer[]): Entry {
  return { key, value: values[value] as Buffer, revision };
}

/** The changes a request made, in order. */
function eventsOf({ request, value, result }: Settled): StoreEvent[] {
  if (typeof result === 'object') {
    return result.kind === 'expired' ? result.keys.map((key, i) => ({ type: 'delete', key, revision: result.first + i })) : [];
  }
  assert(request.op === 'create' || request.op === 'update' || request.op === 'delete', 'only writes answer with a revision');
  return request.op === 'delete'
    ? [{ type: 'delete', key: request.key, revision: result }]
    : [{ type: 'put', key: request.key, value: value as Buffer, revision: result, created: request.op === 'create' }];
}
