import type { KubeObject } from '@keelson/client';
import { type CacheEntry, parseEntry } from '../registry/entry.ts';
import type { KindStore } from '../registry/kind-store.ts';
import { fromStored, prepared } from '../registry/versions.ts';
import type { CacheEvent, Representation, Selection } from '../registry/watchers.ts';
import { atRevision, type WatchEventType } from '../registry/wire.ts';

/** Turns stored objects into the version one client watches, one event after another, where that takes time. */
export class Conversions {
  readonly #store: KindStore;
  readonly #shape: Representation;
  readonly #write: (frame: Buffer) => void;
  #last: Promise<void> = Promise.resolve();

  constructor(store: KindStore, shape: Representation, write: (frame: Buffer) => void) {
    this.#store = store;
    this.#shape = shape;
    this.#write = write;
  }

  /** Writes the event when it concerns the client. */
  add(event: CacheEvent, selection: Selection): void {
    const indexed = [event.entry, event.previous].filter((entry) => entry && selection.matches(entry));
    if (indexed.length > 0) this.after(() => this.#convert(event, selection));
  }

  /** What cannot be converted is left out: the watcher hears of the object again when it changes. */
  after(step: () => Promise<void> | void): void {
    this.#last = this.#last.then(step).catch(() => undefined);
  }

  async #convert({ entry, previous, revision }: CacheEvent, selection: Selection): Promise<void> {
    const [now, before] = [await this.#concerns(entry, selection), await this.#concerns(previous, selection)];
    if (now && entry) return this.#send(before ? 'MODIFIED' : 'ADDED', entry.wire);
    if (before && previous) return this.#send('DELETED', atRevision(previous.wire, previous.revision, revision));
  }

  async #concerns(entry: CacheEntry | undefined, { matches, matchesServed }: Selection): Promise<boolean> {
    if (!entry || !matches(entry)) return false;
    if (!matchesServed) return true;
    const object = parseEntry(entry);
    await prepared(this.#store, [object]);
    return matchesServed(fromStored(this.#store, object));
  }

  async #send(type: WatchEventType, wire: Buffer): Promise<void> {
    await prepared(this.#store, [JSON.parse(wire.toString()) as KubeObject]);
    this.#write(this.#shape.frame(type, this.#shape.encode(wire)));
  }
}
