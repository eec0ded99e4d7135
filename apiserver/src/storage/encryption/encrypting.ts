import { errorMessage } from '@keelson/base';
import { type Entry, type Store, StoreError, type StoreEvent, type WatchBatch } from '../types.ts';
import { type EncryptionRule, ruleFor } from './config.ts';
import { isSealedWith, type Transformer } from './transform.ts';

export interface EncryptionOptions {
  /** Those that hold now: others, once they have changed. */
  readonly rules: () => readonly EncryptionRule[];
  /** The resource a key belongs to: `secrets`, `deployments.apps`. */
  readonly resourceOf: (key: string) => string | undefined;
  /** Fresh random bytes: never the same twice. */
  readonly nonce: (length: number) => Buffer;
}

/**
 * A store whose values of some resources are sealed before they reach the one underneath. What was written under an older key, or in
 * clear, is read as long as its provider is listed, and sealed anew by the next write.
 */
export class EncryptingStore implements Store {
  readonly #inner: Store;
  readonly #options: EncryptionOptions;
  #known: Known;

  constructor(inner: Store, options: EncryptionOptions) {
    this.#inner = inner;
    this.#options = options;
    this.#known = knownOf(options.rules());
  }

  get exclusive(): boolean {
    return this.#inner.exclusive;
  }

  async get(key: string): Promise<Entry | undefined> {
    const entry = await this.#inner.get(key);
    return entry && this.#told(entry);
  }

  async list(...asked: Parameters<Store['list']>): ReturnType<Store['list']> {
    const result = await this.#inner.list(...asked);
    return { ...result, entries: await Promise.all(result.entries.map((entry) => this.#open(entry))) };
  }

  async create(key: string, value: Buffer, options?: { ttlSeconds?: number }): Promise<number> {
    return this.#clear(this.#inner.create(key, this.#seal(key, value), options));
  }

  async update(key: string, value: Buffer, expected: number, options?: { ttlSeconds?: number }): Promise<number> {
    return this.#clear(this.#inner.update(key, this.#seal(key, value), expected, options));
  }

  delete(key: string, expected: number): Promise<number> {
    return this.#clear(this.#inner.delete(key, expected));
  }

  async *watch(...asked: Parameters<Store['watch']>): AsyncIterable<WatchBatch> {
    for await (const { events, revision } of this.#inner.watch(...asked)) {
      yield {
        revision,
        events: await Promise.all(events.map((event): Told<StoreEvent> => (event.type === 'put' ? this.#open(event) : event))),
      };
    }
  }

  /** Whether a value lies there in another form than it would be written in now: under an older key, or in clear. */
  async isStale(key: string): Promise<boolean> {
    const transformer = this.#ruleFor(key)?.transformers[0];
    if (!transformer) return false;
    const entry = await this.#inner.get(key);
    if (entry === undefined) return false;
    return !isSealedWith(entry.value, transformer) || transformer.isCurrent?.(entry.value) === false;
  }

  compact(revision: number): Promise<void> {
    return this.#inner.compact(revision);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  /** What stood in the way of a write is told in clear, too. */
  async #clear(write: Promise<number>): Promise<number> {
    try {
      return await write;
    } catch (error) {
      if (!(error instanceof StoreError) || !error.current) throw error;
      throw new StoreError(error.code, error.message, { current: await this.#told(error.current), cause: error });
    }
  }

  #seal(key: string, value: Buffer): Buffer {
    const transformer = this.#ruleFor(key)?.transformers[0];
    return transformer ? transformer.seal(value, key, this.#options.nonce(transformer.nonceLength)) : value;
  }

  /** @throws why it cannot be told. */
  async #told(sealed: Entry): Promise<Entry> {
    const entry = await this.#open(sealed);
    if (entry.fault) throw entry.fault;
    return entry;
  }

  #open<T extends Entry>(entry: T): Told<T> {
    const rule = this.#ruleFor(entry.key);
    return rule ? opened(rule.transformers, entry) : entry;
  }

  #ruleFor(key: string): EncryptionRule | undefined {
    const { rules, byResource } = this.#current();
    const resource = this.#options.resourceOf(key);
    if (resource === undefined) return undefined;
    if (!byResource.has(resource)) byResource.set(resource, ruleFor(rules, resource));
    return byResource.get(resource);
  }

  #current(): Known {
    const rules = this.#options.rules();
    if (this.#known.rules !== rules) this.#known = knownOf(rules);
    return this.#known;
  }
}

interface Known {
  readonly rules: readonly EncryptionRule[];
  readonly byResource: Map<string, EncryptionRule | undefined>;
}

function knownOf(rules: readonly EncryptionRule[]): Known {
  return { rules, byResource: new Map() };
}

type Told<T> = T | Promise<T>;

/** Keys that lie elsewhere are fetched first. What none of them opens says why, in upstream's words. */
async function opened<T extends Entry>(transformers: readonly Transformer[], entry: T): Promise<T> {
  const { key, value } = entry;
  const faults: string[] = [];
  for (const transformer of transformers) {
    if (!isSealedWith(value, transformer)) continue;
    try {
      const missing = transformer.prepare?.(value);
      if (missing) await missing;
      return { ...entry, value: transformer.open(value, key) };
    } catch (error) {
      faults.push(errorMessage(error));
    }
  }
  const why = faults.length > 1 ? `[${faults.join(', ')}]` : (faults[0] ?? 'no matching prefix found');
  return { ...entry, fault: new Error(why) };
}
