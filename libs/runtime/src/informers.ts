import { type Clock, errorMessage, type Logger, type Random } from '@keelson/base';
import type { Api, KubeObject } from '@keelson/client';
import type { Kind } from '@keelson/types';
import { unlessAborted } from './abort.ts';
import { IndexedStore } from './store.ts';
import type { AnyKind, Change, Informer, InformerOptions, Informers } from './types.ts';
import { runWatchLoop } from './watch-loop.ts';
import type { StoreEffect } from './watcher.ts';

export interface InformersDeps {
  readonly api: Api;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/**
 * One list and watch per kind of this process. Objects lose their managed fields on the way in, unless a transform of its own says
 * otherwise: no controller reads them, and they are often the larger half.
 */
export function createInformers(deps: InformersDeps): Informers {
  return new SharedInformers(deps);
}

class SharedInformers implements Informers {
  readonly #deps: InformersDeps;
  readonly #byKind = new Map<string, { informer: SharedInformer<never>; start: (signal: AbortSignal) => void }>();
  #signal: AbortSignal | undefined;

  constructor(deps: InformersDeps) {
    this.#deps = deps;
  }

  for<T extends KubeObject>(kind: Kind<T>, options: InformerOptions<T> = {}): Informer<T> {
    const name = kindKey(kind);
    const known = this.#byKind.get(name);
    if (known) {
      // The map is by kind and only this method fills it: what stands under `kind` is of T.
      const informer = known.informer as unknown as SharedInformer<T>;
      informer.join(options);
      return informer;
    }
    const informer = new SharedInformer(kind, options, this.#deps);
    const start = (signal: AbortSignal): void => informer.start(signal);
    this.#byKind.set(name, { informer: informer as unknown as SharedInformer<never>, start });
    if (this.#signal) start(this.#signal);
    return informer;
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#signal ??= signal;
    const all = [...this.#byKind.values()];
    for (const { start } of all) start(this.#signal);
    await unlessAborted(signal, Promise.all(all.map(({ informer }) => informer.synced)));
  }
}

class SharedInformer<T extends KubeObject> implements Informer<T> {
  readonly store: IndexedStore<T>;
  readonly synced: Promise<void>;
  hasSynced = false;
  readonly #kind: Kind<T>;
  readonly #options: InformerOptions<T>;
  readonly #deps: InformersDeps;
  readonly #handlers = new Set<(change: Change<T>) => void>();
  readonly #transform: (object: T) => T;
  #markSynced: () => void = () => undefined;
  #started = false;

  constructor(kind: Kind<T>, options: InformerOptions<T>, deps: InformersDeps) {
    this.#kind = kind;
    this.#options = options;
    this.#deps = deps;
    this.#transform = options.transform ?? withoutManagedFields;
    this.store = new IndexedStore<T>(options.indexes);
    this.synced = new Promise((resolve) => {
      this.#markSynced = resolve;
    });
  }

  /** Another asker of the same kind. @throws Error when it wants other objects than the first. */
  join(options: InformerOptions<T>): void {
    const { indexes, ...wanted } = options;
    for (const [name, value] of Object.entries(wanted)) {
      const agreed = this.#options[name as keyof typeof wanted];
      if (value !== agreed) throw new Error(`the informer of ${this.#kind.kind} was asked for with another ${name} before`);
    }
    if (indexes) this.store.addIndexes(indexes);
  }

  start(signal: AbortSignal): void {
    if (this.#started) return;
    this.#started = true;
    const { namespace, labelSelector, fieldSelector } = this.#options;
    const selection = { namespace, labelSelector, fieldSelector };
    void runWatchLoop({ kind: this.#kind, selection, apply: (effect) => this.#apply(effect), signal }, this.#deps);
  }

  onChange(handler: (change: Change<T>) => void): () => void {
    for (const object of this.store.list()) this.#call(handler, { type: 'added', object });
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  #apply(effect: StoreEffect<T>): void {
    const changes = this.#change(effect);
    for (const change of changes) for (const handler of this.#handlers) this.#call(handler, change);
    if (this.hasSynced) return;
    this.hasSynced = true;
    this.#markSynced();
  }

  #change(effect: StoreEffect<T>): readonly Change<T>[] {
    this.store.resourceVersion = effect.resourceVersion;
    switch (effect.type) {
      case 'replace':
        return this.store.replace(effect.objects.map(this.#transform));
      case 'set':
        return [this.store.set(this.#transform(effect.object))];
      case 'delete': {
        const change = this.store.delete(this.#transform(effect.object));
        return change ? [change] : [];
      }
      case 'seen':
        return [];
    }
  }

  #call(handler: (change: Change<T>) => void, change: Change<T>): void {
    try {
      handler(change);
    } catch (err) {
      this.#deps.log.error(`a handler of ${this.#kind.kind} changes threw: ${errorMessage(err)}`, { err });
    }
  }
}

/** The name under which a kind stands: its group, version and kind. */
export function kindKey(kind: Pick<AnyKind, 'apiVersion' | 'kind'>): string {
  return `${kind.apiVersion}/${kind.kind}`;
}

function withoutManagedFields<T extends KubeObject>(object: T): T {
  const metadata: KubeObject['metadata'] & { managedFields?: unknown } = object.metadata;
  if (metadata.managedFields === undefined) return object;
  const { managedFields: _, ...kept } = metadata;
  return { ...object, metadata: kept };
}
