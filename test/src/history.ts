import type { Clock } from '@keelson/base';
import type { KubeObject } from '@keelson/client';
import { kindKey } from '@keelson/runtime';
import type { Kind } from '@keelson/types';

/** As little of the API server's store as a witness needs. */
interface WatchedStore {
  watch(
    prefix: string,
    options: { readonly after: number; readonly signal: AbortSignal },
  ): AsyncIterable<{ readonly events: readonly StoreEvent[] }>;
}

type StoreEvent =
  | { readonly type: 'put'; readonly key: string; readonly value: Buffer; readonly revision: number; readonly created: boolean }
  | { readonly type: 'delete'; readonly key: string; readonly revision: number };

/** One change that the cluster's store took. */
export interface Write {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly revision: number;
  readonly type: 'added' | 'modified' | 'deleted';
  /** The kind's `apiVersion/kind`. */
  readonly kind: string;
  /** The object, or what it last was. */
  readonly object: KubeObject;
  readonly before: KubeObject | undefined;
}

/**
 * All that ever happened in a cluster, read from its store: what the objects are now, one line for each change, and a call for whoever
 * checks an invariant at every one of them. Objects are shared: nobody changes them.
 */
export class History {
  readonly #clock: Clock;
  readonly #byStoreKey = new Map<string, KubeObject>();
  readonly #byKind = new Map<string, Map<string, KubeObject>>();
  readonly #observers = new Set<(write: Write) => void>();
  readonly #lines: string[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Follows a store from its beginning until the signal aborts. */
  async follow(store: WatchedStore, signal: AbortSignal): Promise<void> {
    for await (const { events } of store.watch('/registry/', { after: 0, signal })) for (const event of events) this.#take(event);
  }

  get<T>(kind: Kind<T>, name: string, namespace = 'default'): T | undefined {
    const key = kind.namespaced ? `${namespace}/${name}` : name;
    // The map is by kind: what stands under `kind` is of T.
    return this.#byKind.get(kindKey(kind))?.get(key) as T | undefined;
  }

  /** In the order of their keys. */
  list<T>(kind: Kind<T>, namespace?: string): T[] {
    const all = [...(this.#byKind.get(kindKey(kind)) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
    return all.filter(([, { metadata }]) => namespace === undefined || metadata.namespace === namespace).map(([, object]) => object as T);
  }

  /** One line for each change so far: time, revision, what happened, and the stored bytes. */
  get transcript(): readonly string[] {
    return this.#lines;
  }

  /** Calls `observer` for every change from now on. Returns the way out. */
  onWrite(observer: (write: Write) => void): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  #take(event: StoreEvent): void {
    const { key, revision } = event;
    const at = this.#clock.now();
    const before = this.#byStoreKey.get(key);
    const text = event.type === 'put' ? event.value.toString() : '';
    const type = event.type === 'delete' ? 'deleted' : event.created ? 'added' : 'modified';
    this.#lines.push(`${new Date(at).toISOString()} ${revision} ${type} ${key} ${text}`);
    const object = event.type === 'put' ? (JSON.parse(text) as KubeObject) : before;
    if (!object) return;
    const kind = kindKey({ apiVersion: object.apiVersion ?? '', kind: object.kind ?? '' });
    this.#keep(key, kind, object, event.type === 'delete');
    for (const observe of this.#observers) observe({ at, revision, type, kind, object, before });
  }

  #keep(storeKey: string, kind: string, object: KubeObject, gone: boolean): void {
    const { namespace, name = '' } = object.metadata;
    const key = namespace ? `${namespace}/${name}` : name;
    const objects = this.#byKind.get(kind) ?? new Map<string, KubeObject>();
    this.#byKind.set(kind, objects);
    if (gone) {
      this.#byStoreKey.delete(storeKey);
      objects.delete(key);
    } else {
      this.#byStoreKey.set(storeKey, object);
      objects.set(key, object);
    }
  }
}
