import type { KubeObject } from '@keelson/client';
import { keyOf } from './keys.ts';
import type { Change, IndexFunction, Key, Store } from './types.ts';

export type Indexes<T> = Readonly<Record<string, IndexFunction<T>>>;

/** Objects by key, with an array of them that is made when asked for and kept until one changes. */
class Bucket<T> {
  readonly #objects = new Map<Key, T>();
  #array: readonly T[] | undefined;

  get size(): number {
    return this.#objects.size;
  }

  get(key: Key): T | undefined {
    return this.#objects.get(key);
  }

  set(key: Key, object: T): void {
    this.#objects.set(key, object);
    this.#array = undefined;
  }

  delete(key: Key): void {
    this.#objects.delete(key);
    this.#array = undefined;
  }

  keys(): Iterable<Key> {
    return this.#objects.keys();
  }

  values(): readonly T[] {
    this.#array ??= [...this.#objects.values()];
    return this.#array;
  }
}

const byNamespace: IndexFunction<KubeObject> = (object) => [object.metadata.namespace ?? ''];

/** The store behind an informer. Arrays it hands out are never changed afterwards: what changes is replaced. */
export class IndexedStore<T extends KubeObject> implements Store<T> {
  resourceVersion: string | undefined;
  readonly #all = new Bucket<T>();
  readonly #namespaces = new Index<T>(byNamespace);
  readonly #indexes = new Map<string, Index<T>>();

  constructor(indexes: Indexes<T> = {}) {
    this.addIndexes(indexes);
  }

  get size(): number {
    return this.#all.size;
  }

  get(key: Key): T | undefined {
    return this.#all.get(key);
  }

  list(namespace?: string): readonly T[] {
    return namespace ? this.#namespaces.find(namespace) : this.#all.values();
  }

  byIndex(index: string, value: string): readonly T[] {
    const found = this.#indexes.get(index);
    if (!found) throw new Error(`no index ${index} was declared`);
    return found.find(value);
  }

  /** Declares more indexes, over what is already there too. One declared before stays. */
  addIndexes(indexes: Indexes<T>): void {
    for (const [name, valuesOf] of Object.entries(indexes)) {
      if (this.#indexes.has(name)) continue;
      const index = new Index(valuesOf);
      for (const object of this.#all.values()) index.change(keyOf(object), undefined, object);
      this.#indexes.set(name, index);
    }
  }

  set(object: T): Change<T> {
    const key = keyOf(object);
    const old = this.#all.get(key);
    this.#all.set(key, object);
    this.#reindex(key, old, object);
    return old ? { type: 'updated', object, old } : { type: 'added', object };
  }

  /** Removes the object of `last`'s key; `last` is its final state. Undefined when there was none. */
  delete(last: T): Change<T> | undefined {
    const key = keyOf(last);
    const old = this.#all.get(key);
    if (!old) return undefined;
    this.#all.delete(key);
    this.#reindex(key, old, undefined);
    return { type: 'deleted', object: last };
  }

  /** Makes `objects` all there is and tells what changed. Those that did not change revision are no change, nor replaced. */
  replace(objects: readonly T[]): Change<T>[] {
    const present = new Set(objects.map(keyOf));
    const gone = this.#all.values().filter((object) => !present.has(keyOf(object)));
    const changed = objects.filter((object) => !isSame(this.#all.get(keyOf(object)), object));
    return [...gone.flatMap((object) => this.delete(object) ?? []), ...changed.map((object) => this.set(object))];
  }

  #reindex(key: Key, old: T | undefined, object: T | undefined): void {
    this.#namespaces.change(key, old, object);
    for (const index of this.#indexes.values()) index.change(key, old, object);
  }
}

class Index<T> {
  readonly #valuesOf: IndexFunction<T>;
  readonly #buckets = new Map<string, Bucket<T>>();

  constructor(valuesOf: IndexFunction<T>) {
    this.#valuesOf = valuesOf;
  }

  find(value: string): readonly T[] {
    return this.#buckets.get(value)?.values() ?? [];
  }

  change(key: Key, old: T | undefined, object: T | undefined): void {
    const values = object ? this.#valuesOf(object) : [];
    for (const value of old ? this.#valuesOf(old) : []) if (!values.includes(value)) this.#remove(value, key);
    for (const value of values) this.#add(value, key, object as T);
  }

  #add(value: string, key: Key, object: T): void {
    const bucket = this.#buckets.get(value) ?? new Bucket<T>();
    if (bucket.size === 0) this.#buckets.set(value, bucket);
    bucket.set(key, object);
  }

  #remove(value: string, key: Key): void {
    const bucket = this.#buckets.get(value);
    bucket?.delete(key);
    if (bucket?.size === 0) this.#buckets.delete(value);
  }
}

function isSame(known: KubeObject | undefined, listed: KubeObject): boolean {
  const { uid, resourceVersion } = listed.metadata;
  return resourceVersion !== undefined && known?.metadata.resourceVersion === resourceVersion && known.metadata.uid === uid;
}
