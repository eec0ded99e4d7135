import { compareKeys, inRange, type KeyRange } from '../keys.ts';
import { SortedMap } from './sorted-map.ts';

/** One write. A removal has no value. `previous` is what it replaced, as long as that is remembered. */
export interface Version<V> {
  readonly key: string;
  readonly revision: number;
  readonly created: boolean;
  readonly value: V | undefined;
  previous: Version<V> | undefined;
}

/** A version that is not a removal. */
export type Present<V> = Version<V> & { readonly value: V };

/** The revision of a store nothing was ever written to: as etcd's, so that 0 never names a state. */
const emptyRevision = 1;

/** All versions since the last compaction: by key for reads of the present and of the past, and by revision for watches. */
export class History<V> {
  readonly #live = new SortedMap<Present<V>>();
  /** Removed keys whose past is still remembered. */
  readonly #removed = new SortedMap<Version<V>>();
  /** Dense: the version at index i has revision `#base + 1 + i`. */
  #log: Version<V>[] = [];
  #base = emptyRevision;
  #compacted = 0;

  get revision(): number {
    return this.#base + this.#log.length;
  }

  /** The oldest revision that can be read; 0 when there was no compaction. */
  get compacted(): number {
    return this.#compacted;
  }

  get(key: string): Present<V> | undefined {
    return this.#live.get(key);
  }

  /** Takes in the state at the compaction a store was saved after: what then lived. Before any `append`. */
  restore(key: string, revision: number, value: V): void {
    this.#live.set(key, { key, revision, created: true, value, previous: undefined });
  }

  /** As `restore`, for a removal of a key. */
  restoreRemoval(key: string): void {
    this.#live.delete(key);
  }

  /** Ends restoring: the next version appended follows `compacted`. */
  restored(compacted: number): void {
    this.#base = Math.max(compacted, emptyRevision);
    this.#compacted = compacted;
  }

  /** Appends a write of `key`; without a value, its removal. */
  append(key: string, value: V | undefined): Version<V> {
    const previous = this.#live.get(key) ?? this.#removed.get(key);
    const created = value !== undefined && previous?.value === undefined;
    const version: Version<V> = { key, revision: this.revision + 1, created, value, previous };
    this.#log.push(version);
    if (isPresent(version)) {
      if (created) this.#removed.delete(key);
      this.#live.set(key, version);
    } else {
      this.#live.delete(key);
      this.#removed.set(key, version);
    }
    return version;
  }

  list(range: KeyRange, limit: number): Present<V>[] {
    return this.#live.values(range, limit);
  }

  count(range: KeyRange): number {
    return this.#live.count(range);
  }

  /** What `list` answered when the store was at `revision`. */
  listAt(revision: number, range: KeyRange, limit: number): Present<V>[] {
    const found: Present<V>[] = [];
    if (limit === 0) return found;
    for (const latest of merged(this.#live.iterate(range), this.#removed.iterate(range))) {
      let version: Version<V> | undefined = latest;
      while (version && version.revision > revision) version = version.previous;
      if (version && isPresent(version) && found.push(version) === limit) break;
    }
    return found;
  }

  /** What `count` answered when the store was at `revision`. */
  countAt(revision: number, range: KeyRange): number {
    let count = this.#live.count(range);
    for (let i = this.#log.length - 1; i >= Math.max(revision - this.#base, 0); i--) {
      const version = this.#log[i] as Version<V>;
      const change = version.created ? 1 : version.value === undefined ? -1 : 0;
      if (change !== 0 && inRange(version.key, range)) count -= change;
    }
    return count;
  }

  /** Every change under `prefix` after `revision`, which must be readable, and not after `upTo`. */
  after(revision: number, prefix: string, upTo = this.revision): Version<V>[] {
    const versions: Version<V>[] = [];
    for (let i = Math.max(revision - this.#base, 0); i < Math.min(this.#log.length, upTo - this.#base); i++) {
      const version = this.#log[i] as Version<V>;
      if (version.key.startsWith(prefix)) versions.push(version);
    }
    return versions;
  }

  /** Makes `revision` the oldest readable one, unless it is older already. What that supersedes goes by `forget`. */
  compact(revision: number): void {
    this.#compacted = Math.max(this.#compacted, revision);
  }

  /**
   * Lets go of versions superseded at or before the compaction, looking at no more than `most` writes at a time. Answers
   * with their revisions; undefined when nothing is left to look at.
   */
  forget(most = Number.POSITIVE_INFINITY): number[] | undefined {
    if (this.#base >= this.#compacted) return undefined;
    const passed = this.#log.slice(0, Math.min(this.#compacted - this.#base, most));
    const forgotten: number[] = [];
    for (const version of passed) {
      if (version.previous?.value !== undefined) forgotten.push(version.previous.revision);
      version.previous = undefined;
      if (version.value !== undefined) continue;
      forgotten.push(version.revision);
      if (this.#removed.get(version.key) === version) this.#removed.delete(version.key);
    }
    this.#log = this.#log.slice(passed.length);
    this.#base += passed.length;
    return forgotten;
  }
}

function isPresent<V>(version: Version<V>): version is Present<V> {
  return version.value !== undefined;
}

function* merged<V>(a: Iterator<Version<V>>, b: Iterator<Version<V>>): Generator<Version<V>> {
  let left = a.next();
  let right = b.next();
  while (!left.done || !right.done) {
    if (right.done || (!left.done && compareKeys(left.value.key, right.value.key) < 0)) {
      yield left.value as Version<V>;
      left = a.next();
    } else {
      yield right.value;
      right = b.next();
    }
  }
}
