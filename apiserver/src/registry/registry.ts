import type { Clock, Logger, Random } from '@keelson/base';
import type { KubeObject } from '@keelson/client';
import type { Kind } from '@keelson/types';
import type { AssignContext, KindDefinition } from '../kinds/types.ts';
import type { Store } from '../storage/types.ts';
import type { Admission } from './admission.ts';
import type { KindCache } from './cache.ts';
import { sharedEntry } from './entry.ts';
import { Feed } from './feed.ts';
import { FieldTypes } from './field-types.ts';
import { KindStore, prefixOf } from './kind-store.ts';
import { Turns } from './turns.ts';
import { withRevision } from './wire.ts';

export interface RegistryOptions<D extends KindDefinition = KindDefinition> {
  readonly store: Store;
  readonly kinds: readonly D[];
  readonly admission: (registry: Registry) => Admission;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Families of the services' addresses, the default first, and the ranges that are given out at the moment. */
  readonly families: AssignContext['families'];
  readonly ranges: (registry: Registry) => readonly string[];
  readonly nodePorts: AssignContext['nodePorts'];
  /** Whether what lies at a key should be written again though it has not changed. */
  readonly isStale?: ((key: string) => Promise<boolean>) | undefined;
}

/** All served kinds over one store: what the handlers, admission and the API server's own loops work with. */
export class Registry<D extends KindDefinition = KindDefinition> {
  readonly options: RegistryOptions<D>;
  readonly feed: Feed;
  readonly admission: Admission;
  readonly fields = new FieldTypes((...place) => this.find(...place));
  /** Of updates of an object that many write, by its key. */
  readonly updates = new Turns();
  readonly #stores = new Map<string, KindStore<D>>();
  #generation = 0;

  constructor(options: RegistryOptions<D>) {
    this.options = options;
    this.admission = options.admission(this);
    this.feed = new Feed(options.store, options.clock, options.log);
    const isOther = ({ version }: KindDefinition): boolean => version !== undefined;
    for (const definition of options.kinds.toSorted((a, b) => Number(isOther(a)) - Number(isOther(b)))) this.#add(definition);
  }

  /** The kind served at a path, or undefined. */
  find(group: string, version: string, resource: string): KindStore<D> | undefined {
    return this.#stores.get(`${group}/${version}/${resource}`);
  }

  /** @throws when the kind is not served: a programmer's mistake. */
  of(kind: Pick<Kind, 'group' | 'version' | 'resource'>): KindStore<D> {
    const store = this.find(kind.group, kind.version, kind.resource);
    if (!store) throw new Error(`kind ${kind.resource}.${kind.version}.${kind.group} is not served`);
    return store;
  }

  /** The kind that objects say they are of, or undefined. */
  named({ apiVersion, kind }: Pick<KubeObject, 'apiVersion' | 'kind'>): KindStore<D> | undefined {
    return [...this.stores].find((store) => store.kind.apiVersion === apiVersion && store.kind.kind === kind);
  }

  get stores(): Iterable<KindStore<D>> {
    return this.#stores.values();
  }

  /**
   * Serves versions of a kind from now on, or other definitions of them, and resolves once its objects are in the cache.
   * @param stored the version that is stored, which is served only where it is in the list.
   */
  async install(stored: D, served: readonly D[]): Promise<void> {
    const cache = this.#cacheAt(prefixOf(stored));
    const hub = new KindStore(stored, cache);
    if (!cache) await this.feed.join(hub.cache);
    for (const definition of served) {
      const { group, version, resource } = definition.kind;
      const store = definition === stored ? hub : new KindStore(definition, hub.cache, hub);
      this.#stores.set(`${group}/${version}/${resource}`, store);
    }
    this.#generation++;
  }

  /** Serves a kind no more, and ends the watches of what is stored with it, which stays stored. */
  uninstall({ group, version, resource }: Pick<Kind, 'group' | 'version' | 'resource'>): void {
    const key = `${group}/${version}/${resource}`;
    const store = this.#stores.get(key);
    if (!store) return;
    this.#stores.delete(key);
    this.#generation++;
    for (const watcher of [...store.cache.watchers.all()]) watcher.end?.();
    if ([...this.#stores.values()].every(({ cache }) => cache !== store.cache)) this.feed.leave(store.cache);
  }

  /** Rises when other kinds are served than before: what was made from the list of kinds is then out of date. */
  get generation(): number {
    return this.#generation;
  }

  /** One object from the cache, shared and frozen. */
  read<T extends KubeObject>(kind: Kind<T>, namespace: string, name: string): Readonly<T> | undefined {
    const store = this.of(kind);
    const entry = store.cache.get(store.keyOf(namespace, name));
    return entry && sharedEntry<T>(entry);
  }

  /** One object, shared and frozen; from the store, where the cache has not heard of it yet. */
  async readFresh<T extends KubeObject>(kind: Kind<T>, namespace: string, name: string): Promise<Readonly<T> | undefined> {
    const store = this.of(kind);
    const key = store.keyOf(namespace, name);
    const cached = store.cache.get(key);
    if (cached) return sharedEntry<T>(cached);
    const entry = await this.options.store.get(key);
    return entry && sharedEntry<T>({ wire: withRevision(entry.value, entry.revision) });
  }

  /** Versions of a kind are stored in one place, and share what is known of it. */
  #cacheAt(prefix: string): KindCache | undefined {
    return [...this.#stores.values()].find((store) => store.prefix === prefix)?.cache;
  }

  #add(definition: D): void {
    const { group, version, resource } = definition.kind;
    const hub = definition.version && this.of(definition.version.of);
    const store = new KindStore(definition, hub?.cache, hub);
    this.#stores.set(`${group}/${version}/${resource}`, store);
    if (store.isStored && !hub) this.feed.add(store.cache);
  }
}
