import type { Clock, Logger, Random } from '@keelson/base';
import type { KubeObject } from '@keelson/client';
import type { Kind } from '@keelson/types';
import type { AdmissionPlugin } from '../admission/types.ts';
import type { AssignContext, KindDefinition } from '../kinds/types.ts';
import type { Store } from '../storage/types.ts';
import { parseEntry } from './entry.ts';
import { Feed } from './feed.ts';
import { KindStore } from './kind-store.ts';
import { withRevision } from './wire.ts';

export interface RegistryOptions {
  readonly store: Store;
  readonly kinds: readonly KindDefinition[];
  readonly admission: readonly AdmissionPlugin[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly serviceCIDRs: readonly string[];
  readonly nodePorts: AssignContext['nodePorts'];
}

/** All served kinds over one store: what the handlers, admission and the API server's own loops work with. */
export class Registry {
  readonly options: RegistryOptions;
  readonly feed: Feed;
  readonly #stores = new Map<string, KindStore>();

  constructor(options: RegistryOptions) {
    this.options = options;
    this.feed = new Feed(options.store, options.clock, options.log);
    for (const definition of options.kinds) this.#add(definition);
  }

  /** The kind served at a path, or undefined. */
  find(group: string, version: string, resource: string): KindStore | undefined {
    return this.#stores.get(`${group}/${version}/${resource}`);
  }

  /** @throws when the kind is not served: a programmer's mistake. */
  of(kind: Pick<Kind, 'group' | 'version' | 'resource'>): KindStore {
    const store = this.find(kind.group, kind.version, kind.resource);
    if (!store) throw new Error(`kind ${kind.resource}.${kind.version}.${kind.group} is not served`);
    return store;
  }

  get stores(): Iterable<KindStore> {
    return this.#stores.values();
  }

  /** A private copy of one object from the cache. */
  read<T extends KubeObject>(kind: Kind<T>, namespace: string, name: string): T | undefined {
    const store = this.of(kind);
    const entry = store.cache.get(store.keyOf(namespace, name));
    return entry && parseEntry<T>(entry);
  }

  /** A private copy of one object; from the store, where the cache has not heard of it yet. */
  async readFresh<T extends KubeObject>(kind: Kind<T>, namespace: string, name: string): Promise<T | undefined> {
    const cached = this.read(kind, namespace, name);
    if (cached) return cached;
    const entry = await this.options.store.get(this.of(kind).keyOf(namespace, name));
    return entry && parseEntry<T>({ wire: withRevision(entry.value, entry.revision) });
  }

  #add(definition: KindDefinition): void {
    const { group, version, resource } = definition.kind;
    const store = new KindStore(definition);
    this.#stores.set(`${group}/${version}/${resource}`, store);
    if (store.isStored) this.feed.add(store.cache);
  }
}
