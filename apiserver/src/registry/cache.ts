import type { Entry, StoreEvent } from '../storage/types.ts';
import { Claims } from './claims.ts';
import { type CacheEntry, faultOf, type IndexReader, toEntry } from './entry.ts';
import { Indexes, type Pin } from './indexes.ts';
import { SortedEntries } from './sorted-entries.ts';
import { type CacheEvent, Frames, tell, type Watcher, Watchers } from './watchers.ts';

/**
 * Events kept for watches that resume: at least `least`, then only what is younger than `age` ms, never more than `most`, nor (but for
 * a few) more than `bytes` of objects.
 */
const history = { few: 100, least: 1_000, most: 50_000, age: 75_000, bytes: 64 * 1024 * 1024 };

/** The present state of one kind as wire bytes, its recent past, and who is watching. Fed by `Feed`; knows no storage. */
export class KindCache {
  readonly prefix: string;
  readonly watchers: Watchers;
  readonly claims = new Claims();
  readonly #read: IndexReader;
  readonly #entries = new Map<string, CacheEntry>();
  readonly #sorted = new SortedEntries();
  readonly #indexes: Indexes;
  readonly #recent: Array<CacheEvent & { at: number }> = [];
  /** What lies in the store and cannot be read, by its key. What was known of it before stays. */
  readonly #withheld = new Map<string, Error>();
  #bytes = 0;
  /** Changes after this revision are still in `#recent`. */
  #oldest = 0;

  constructor(prefix: string, read: IndexReader, indexedFields: readonly string[]) {
    this.prefix = prefix;
    this.#read = read;
    this.watchers = new Watchers(['metadata.name', ...indexedFields]);
    this.#indexes = new Indexes(this.#sorted, indexedFields);
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * Why the cache does not hold all that is stored, while it does not: something cannot be read. What it shows is then not the present;
   * who must know that asks the store, and nobody may watch.
   */
  get fault(): Error | undefined {
    return this.#withheld.values().next().value;
  }

  get(key: string): CacheEntry | undefined {
    return this.#entries.get(key);
  }

  /** Shows `visit` the entries under `prefix` in key order, until it answers false. Costs what it shows. */
  each(prefix: string, visit: (entry: CacheEntry) => boolean): void {
    this.#sorted.each(prefix, visit);
  }

  /** As `each`, of those entries only that can have all of the pinned values, as far as an index knows. */
  eachPinned(prefix: string, pins: readonly Pin[], visit: (entry: CacheEntry) => boolean): void {
    (this.#indexes.find(pins) ?? this.#sorted).each(prefix, visit);
  }

  /**
   * Replaces everything by a list taken at `revision`: the past before it is forgotten, watchers see the differences.
   * @returns the keys where no object lies: they are left out.
   */
  reset(entries: Iterable<Entry>, revision: number, now: number): string[] {
    const leftOut: string[] = [];
    this.#withheld.clear();
    const gone = new Set(this.#entries.keys());
    for (const entry of entries) {
      gone.delete(entry.key);
      if (this.#entries.get(entry.key)?.revision === entry.revision) continue;
      if (!this.apply({ type: 'put', created: false, ...entry }, now)) leftOut.push(entry.key);
    }
    for (const key of gone) this.apply({ type: 'delete', key, revision }, now);
    this.#forget(revision);
    return leftOut;
  }

  /** @returns false when what was put there is no object: it is left out, as if it had been removed. */
  apply(change: StoreEvent, now: number): boolean {
    const previous = this.#entries.get(change.key);
    const entry = change.type === 'put' ? toEntry(change.key, change.value, change.revision, this.#read) : undefined;
    const fault = change.type === 'put' && !entry ? faultOf(change) : undefined;
    if (fault) {
      this.#withhold(change.key, change.revision, fault);
      return true;
    }
    this.#withheld.delete(change.key);
    if (entry) {
      this.#entries.set(change.key, entry);
      this.#sorted.set(entry);
    } else if (previous) {
      this.#entries.delete(change.key);
      this.#sorted.delete(change.key);
    } else return change.type === 'delete';
    this.#indexes.changed(previous, entry);
    if (previous?.claims.length || entry?.claims.length) this.claims.changed(change.key, previous?.claims ?? [], entry?.claims ?? []);
    const event = { revision: change.revision, entry, previous, at: now };
    this.#remember(event);
    this.watchers.dispatch(event);
    return entry !== undefined || change.type === 'delete';
  }

  /** Changes after this revision are still known. */
  get oldest(): number {
    return this.#oldest;
  }

  /** True when every change after `revision` is still known. */
  reaches(revision: number): boolean {
    return revision >= this.#oldest;
  }

  /** Hands `watcher` all it missed since `revision`, in order. */
  replay(revision: number, watcher: Watcher): void {
    let from = this.#recent.length;
    while (from > 0 && (this.#recent[from - 1] as CacheEvent).revision > revision) from--;
    for (const event of this.#recent.slice(from)) tell(watcher, new Frames(event));
  }

  /** Watches end where they would miss something. Whoever comes back finds the past gone, and reads anew. */
  #withhold(key: string, revision: number, fault: Error): void {
    this.#withheld.set(key, fault);
    this.#forget(revision);
    for (const watcher of [...this.watchers.all()]) watcher.end?.();
  }

  /** What was before `revision`. */
  #forget(revision: number): void {
    this.#recent.length = 0;
    this.#bytes = 0;
    this.#oldest = revision;
  }

  #remember(event: CacheEvent & { at: number }): void {
    this.#recent.push(event);
    this.#bytes += sizeOf(event);
    const heavy = this.#bytes > history.bytes && this.#recent.length > history.few;
    if (!heavy && this.#recent.length < history.least * 2) return;
    const drop = this.#expendable(event.at);
    if (drop === 0 || (!heavy && drop < history.least / 2)) return;
    const dropped = this.#recent.splice(0, drop);
    this.#oldest = (dropped.at(-1) as CacheEvent).revision;
    for (const one of dropped) this.#bytes -= sizeOf(one);
  }

  /** How many of the oldest events may go; when they weigh too much, half of the weight at once. */
  #expendable(now: number): number {
    let drop = Math.max(0, this.#recent.length - history.most);
    let bytes = this.#bytes;
    const tooHeavy = bytes > history.bytes;
    while (this.#recent.length - drop > history.few) {
      const { at, ...event } = this.#recent[drop] as CacheEvent & { at: number };
      const old = this.#recent.length - drop > history.least && at < now - history.age;
      if (!old && !(tooHeavy && bytes > history.bytes / 2)) break;
      bytes -= sizeOf(event);
      drop++;
    }
    return drop;
  }
}

/** Bytes that are kept for the sake of the event alone, as good as. */
function sizeOf({ entry, previous }: CacheEvent): number {
  return (entry ?? previous)?.wire.length ?? 0;
}
