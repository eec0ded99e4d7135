import { type Entry, type Store, StoreError, type StoreEvent, type WatchBatch } from './types.ts';

/** A value in our own form. The same Buffer where it has it already; undefined where that is known without a wait. */
export type Translate = (key: string, value: Buffer) => Promise<Buffer> | undefined;

/** A store that others write to as well, in forms of their own: what is read of it is in ours. Writes go through as they are. */
export class TranslatingStore implements Store {
  readonly #inner: Store;
  readonly #translate: Translate;

  constructor(inner: Store, translate: Translate) {
    this.#inner = inner;
    this.#translate = translate;
  }

  get exclusive(): boolean {
    return this.#inner.exclusive;
  }

  async get(key: string): Promise<Entry | undefined> {
    const entry = await this.#inner.get(key);
    return entry && this.#own(entry);
  }

  async list(...asked: Parameters<Store['list']>): ReturnType<Store['list']> {
    const result = await this.#inner.list(...asked);
    return { ...result, entries: await Promise.all(result.entries.map((entry) => this.#own(entry))) };
  }

  create(...asked: Parameters<Store['create']>): Promise<number> {
    return this.#told(this.#inner.create(...asked));
  }

  update(...asked: Parameters<Store['update']>): Promise<number> {
    return this.#told(this.#inner.update(...asked));
  }

  delete(...asked: Parameters<Store['delete']>): Promise<number> {
    return this.#told(this.#inner.delete(...asked));
  }

  async *watch(...asked: Parameters<Store['watch']>): AsyncIterable<WatchBatch> {
    for await (const { events, revision } of this.#inner.watch(...asked)) {
      const own: StoreEvent[] = [];
      for (const event of events) own.push(event.type === 'put' ? await this.#own(event) : event);
      yield { revision, events: own };
    }
  }

  compact(revision: number): Promise<void> {
    return this.#inner.compact(revision);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  /** What stood in the way of a write is told in our form, too. */
  async #told(write: Promise<number>): Promise<number> {
    try {
      return await write;
    } catch (error) {
      if (!(error instanceof StoreError) || !error.current) throw error;
      throw new StoreError(error.code, error.message, { current: await this.#own(error.current), cause: error });
    }
  }

  async #own<T extends { readonly key: string; readonly value: Buffer }>(entry: T): Promise<T> {
    const value = this.#translate(entry.key, entry.value);
    return value === undefined ? entry : { ...entry, value: await value };
  }
}
