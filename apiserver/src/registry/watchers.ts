import type { KubeObject } from '@keelson/client';
import type { CacheEntry, Indexed } from './entry.ts';
import type { Pin } from './indexes.ts';
import { atRevision, encodeEvent, type WatchEventType } from './wire.ts';

/** One change of one object as the cache saw it. */
export interface CacheEvent {
  readonly revision: number;
  /** Absent when the object was removed. */
  readonly entry: CacheEntry | undefined;
  /** The version before; absent when the object is new. */
  readonly previous: CacheEntry | undefined;
}

/** What a watcher wants. `fieldEquals` holds the fields a watcher pins to one value: they index it. */
export interface Selection {
  readonly namespace: string | undefined;
  readonly fieldEquals: Readonly<Record<string, string>>;
  /** Values of labels and fields an object must have to match: what an index can look up. */
  readonly pins?: readonly Pin[];
  /** False leaves an object out. Labels and fields, namespace included. */
  matches(object: Indexed): boolean;
  /** What only the object itself can tell, in the version that was asked for; absent when the index knows all. */
  matchesServed?(object: KubeObject): boolean;
}

/** Which form of the bytes a watcher reads; the frames of one event are made once per form, not once per watcher. */
export interface Representation {
  readonly name: string;
  /** The object's JSON in that form. */
  encode(wire: Buffer): Buffer;
  /** One event of a stream, of such JSON. */
  frame(type: WatchEventType, json: Buffer): Buffer;
}

export const plainObjects: Representation = { name: '', encode: (wire) => wire, frame: encodeEvent };

export interface Watcher {
  readonly selection: Selection;
  readonly representation: Representation;
  /** Takes one framed event. */
  deliver(frame: Buffer, revision: number): void;
  /** Takes every event of its bucket instead, and tells by itself which concern it. */
  decide?(event: CacheEvent): void;
  /** There is something that cannot be told. Absent: it waits until it can. */
  end?(): void;
}

/** Tells one watcher of an event. */
export function tell(watcher: Watcher, frames: Frames): void {
  watcher.decide?.(frames.event);
  const frame = watcher.decide ? undefined : frames.for(watcher);
  if (frame) watcher.deliver(frame, frames.event.revision);
}

/** The frames of one event, by representation and type. */
export class Frames {
  readonly event: CacheEvent;
  readonly #made = new Map<string, Buffer>();

  constructor(event: CacheEvent) {
    this.event = event;
  }

  /** What `watcher` should be told, or undefined when the event does not concern it. */
  for(watcher: Pick<Watcher, 'selection' | 'representation'>): Buffer | undefined {
    const { entry, previous } = this.event;
    const { selection } = watcher;
    const now = entry !== undefined && selection.matches(entry);
    const before = previous !== undefined && selection.matches(previous);
    if (now) return this.#frame(before ? 'MODIFIED' : 'ADDED', watcher.representation);
    return before ? this.#frame('DELETED', watcher.representation) : undefined;
  }

  #frame(type: WatchEventType, representation: Representation): Buffer {
    const id = `${type} ${representation.name}`;
    const made = this.#made.get(id);
    if (made) return made;
    const frame = representation.frame(type, representation.encode(this.#wire(type)));
    this.#made.set(id, frame);
    return frame;
  }

  /** A DELETED event carries the last state the watcher could see, at the revision of the event. */
  #wire(type: WatchEventType): Buffer {
    const { entry, previous, revision } = this.event;
    if (type !== 'DELETED') return (entry as CacheEntry).wire;
    const last = previous as CacheEntry;
    return atRevision(last.wire, last.revision, revision);
  }
}

/**
 * Watchers of one kind, each in exactly one bucket: by a pinned field, by namespace, or all. An event visits the buckets its old
 * and new versions fall into, so it costs what the watchers that may want it cost.
 */
export class Watchers {
  readonly #buckets = new Map<string, Set<Watcher>>();
  readonly #indexedFields: readonly string[];
  #count = 0;

  /** @param indexedFields selectable fields by which a watcher is found, most selective first. */
  constructor(indexedFields: readonly string[]) {
    this.#indexedFields = indexedFields;
  }

  get size(): number {
    return this.#count;
  }

  /** Returns the way out. */
  add(watcher: Watcher): () => void {
    const bucket = this.#bucketOf(watcher.selection);
    const set = this.#buckets.get(bucket) ?? new Set();
    this.#buckets.set(bucket, set.add(watcher));
    this.#count++;
    return () => {
      if (!set.delete(watcher)) return;
      this.#count--;
      if (set.size === 0) this.#buckets.delete(bucket);
    };
  }

  dispatch(event: CacheEvent): void {
    if (this.#count === 0) return;
    const frames = new Frames(event);
    for (const bucket of this.#bucketsFor(event)) {
      for (const watcher of this.#buckets.get(bucket) ?? []) tell(watcher, frames);
    }
  }

  *all(): IterableIterator<Watcher> {
    for (const set of this.#buckets.values()) yield* set;
  }

  #bucketOf({ namespace, fieldEquals }: Selection): string {
    const field = this.#indexedFields.find((name) => fieldEquals[name] !== undefined);
    if (field !== undefined) return `${field}=${fieldEquals[field]}`;
    return namespace === undefined ? '' : `/${namespace}`;
  }

  #bucketsFor({ entry, previous }: CacheEvent): Set<string> {
    const buckets = new Set(['']);
    for (const version of [entry, previous]) {
      if (!version) continue;
      buckets.add(`/${version.namespace}`);
      for (const field of this.#indexedFields) buckets.add(`${field}=${version.fields[field] ?? ''}`);
    }
    return buckets;
  }
}
