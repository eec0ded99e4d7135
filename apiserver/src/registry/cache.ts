import type { StoreEvent } from '../storage/types.ts';
import { type CacheEntry, type FieldReader, toEntry } from './entry.ts';
import { SortedKeys } from './sorted-keys.ts';
import { type CacheEvent, Frames, type Watcher, Watchers } from './watchers.ts';

/** Events kept for watches that resume: at least `least`, then only what is younger than `age` ms, never more than `most`. */
const history = { least: 1_000, most: 50_000, age: 75_000 };

/** The present state of one kind as wire bytes, its recent past, and who is watching. Fed by `Feed`; knows no storage. */
export class KindCache {
  readonly prefix: string;
  readonly watchers: Watchers;
  readonly #fieldsOf: FieldReader;
  readonly #entries = new Map<string, CacheEntry>();
  readonly #sorted = new SortedKeys();
  readonly #recent: Array<CacheEvent & { at: number }> = [];
  /** Changes after this revision are still in `#recent`. */
  #oldest = 0;

  constructor(prefix: string, fieldsOf: FieldReader, indexedFields: readonly string[]) {
    this.prefix = prefix;
    this.#fieldsOf = fieldsOf;
    this.watchers = new Watchers(indexedFields);
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): CacheEntry | undefined {
    return this.#entries.get(key);
  }

  /** Entries under `prefix` after `startAfter`, in key order. Costs what it yields. */
  *under(prefix: string, startAfter?: string): IterableIterator<CacheEntry> {
    for (const key of this.#sorted.under(prefix, startAfter)) yield this.#entries.get(key) as CacheEntry;
  }

  /** Replaces everything by a list taken at `revision`: the past before it is forgotten, watchers see the differences. */
  reset(entries: Iterable<{ key: string; value: Buffer; revision: number }>, revision: number, now: number): void {
    const gone = new Set(this.#entries.keys());
    this.#recent.length = 0;
    for (const { key, value, revision: at } of entries) {
      gone.delete(key);
      if (this.#entries.get(key)?.revision !== at) this.apply({ type: 'put', key, value, revision: at, created: false }, now);
    }
    for (const key of gone) this.apply({ type: 'delete', key, revision }, now);
    this.#oldest = revision;
  }

  apply(change: StoreEvent, now: number): void {
    const previous = this.#entries.get(change.key);
    const entry = change.type === 'put' ? toEntry(change.key, change.value, change.revision, this.#fieldsOf) : undefined;
    if (entry) {
      this.#entries.set(change.key, entry);
      if (!previous) this.#sorted.add(change.key);
    } else if (previous) {
      this.#entries.delete(change.key);
      this.#sorted.delete(change.key);
    } else return;
    const event = { revision: change.revision, entry, previous, at: now };
    this.#remember(event);
    this.watchers.dispatch(event);
  }

  /** True when every change after `revision` is still known. */
  reaches(revision: number): boolean {
    return revision >= this.#oldest;
  }

  /** Hands `watcher` all it missed since `revision`, in order. */
  replay(revision: number, watcher: Watcher): void {
    let from = this.#recent.length;
    while (from > 0 && (this.#recent[from - 1] as CacheEvent).revision > revision) from--;
    for (const event of this.#recent.slice(from)) {
      const frame = new Frames(event).for(watcher);
      if (frame) watcher.deliver(frame, event.revision);
    }
  }

  #remember(event: CacheEvent & { at: number }): void {
    this.#recent.push(event);
    if (this.#recent.length < history.least * 2) return;
    let drop = Math.max(0, this.#recent.length - history.most);
    while (this.#recent.length - drop > history.least && (this.#recent[drop] as { at: number }).at < event.at - history.age) drop++;
    if (drop < history.least / 2) return;
    this.#oldest = (this.#recent[drop - 1] as CacheEvent).revision;
    this.#recent.splice(0, drop);
  }
}
