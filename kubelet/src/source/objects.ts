import type { Clock } from '@keelson/base';
import { type Api, ApiError, type KubeObject } from '@keelson/client';
import { runWatchLoop, type StoreEffect, type WatchLoopDeps } from '@keelson/runtime';
import { ConfigMap, type Kind, type Pod, Secret } from '@keelson/types';
import { podNamespace, podUid } from '../pod/naming.ts';
import type { References } from '../volume/references.ts';

/** How long a running pod may see an object as it was, when nobody tells of its changes. */
const freshFor = 60_000;

/** Each watch is a connection: objects beyond these are asked for again when they are no longer fresh. */
const mostWatches = 64;

interface Entry<T> {
  readonly at: number;
  readonly object: Promise<T | undefined>;
}

interface Followed {
  /** Uids of the pods that show the object. */
  readonly pods: Set<string>;
  readonly stop: AbortController;
}

/**
 * The ConfigMaps and Secrets that this node's pods name, each asked for by name (a node may read no others) and at most once a minute
 * however many pods share it. Those that running pods show are watched, as Kubernetes' kubelet does, so that changes arrive at once.
 */
export class ReferencedObjects {
  readonly #configMaps = new Map<string, Entry<ConfigMap>>();
  readonly #secrets = new Map<string, Entry<Secret>>();
  readonly #followed = new Map<string, Followed>();
  readonly #deps: WatchLoopDeps;
  readonly #signal: AbortSignal;
  readonly #changed: (podUids: Iterable<string>) => void;

  /** `changed`: an object that these pods show is another now. Watches end with `signal`. */
  constructor(deps: WatchLoopDeps, signal: AbortSignal, changed: (podUids: Iterable<string>) => void) {
    this.#deps = deps;
    this.#signal = signal;
    this.#changed = changed;
  }

  get #api(): Api {
    return this.#deps.api;
  }

  get #clock(): Clock {
    return this.#deps.clock;
  }

  /** What `references` names, without what does not exist. `since`: objects fetched before then are fetched again. */
  async fetch(pod: Pod, references: References, since = 0): Promise<{ configMaps: Map<string, ConfigMap>; secrets: Map<string, Secret> }> {
    const namespace = podNamespace(pod);
    const [configMaps, secrets] = await Promise.all([
      this.#all(ConfigMap, this.#configMaps, namespace, references.configMaps, since),
      this.#all(Secret, this.#secrets, namespace, references.secrets, since),
    ]);
    this.#expire();
    return { configMaps, secrets };
  }

  /** Tells of changes of what `references` names, until the pod is let go. */
  follow(pod: Pod, references: References): void {
    for (const name of references.configMaps) this.#follow(ConfigMap, this.#configMaps, pod, name);
    for (const name of references.secrets) this.#follow(Secret, this.#secrets, pod, name);
  }

  unfollow(uid: string): void {
    for (const [key, { pods, stop }] of this.#followed) {
      if (!pods.delete(uid) || pods.size > 0) continue;
      stop.abort();
      this.#followed.delete(key);
    }
  }

  #follow<T extends KubeObject>(kind: Kind<T>, cache: Map<string, Entry<T>>, pod: Pod, name: string): void {
    const namespace = podNamespace(pod);
    const key = `${kind.resource}/${namespace}/${name}`;
    const known = this.#followed.get(key);
    if (known) return void known.pods.add(podUid(pod));
    if (this.#followed.size >= mostWatches) return;
    const followed: Followed = { pods: new Set([podUid(pod)]), stop: new AbortController() };
    this.#followed.set(key, followed);
    const apply = (effect: StoreEffect<T>): void => void this.#apply(cache, `${namespace}/${name}`, followed, effect);
    const signal = AbortSignal.any([this.#signal, followed.stop.signal]);
    void runWatchLoop({ kind, selection: { namespace, fieldSelector: `metadata.name=${name}` }, apply, signal }, this.#deps);
  }

  async #apply<T extends KubeObject>(cache: Map<string, Entry<T>>, key: string, { pods }: Followed, effect: StoreEffect<T>): Promise<void> {
    if (effect.type === 'seen') return;
    const [object] = effect.type === 'replace' ? effect.objects : effect.type === 'set' ? [effect.object] : [];
    const held = cache.get(key);
    cache.set(key, { at: this.#clock.now(), object: Promise.resolve(object) });
    const before = await held?.object.catch(() => undefined);
    if (before?.metadata.resourceVersion !== object?.metadata.resourceVersion) this.#changed(pods);
  }

  async #all<T>(
    kind: Kind<T>,
    cache: Map<string, Entry<T>>,
    namespace: string,
    names: ReadonlySet<string>,
    since: number,
  ): Promise<Map<string, T>> {
    const found = new Map<string, T>();
    await Promise.all(
      [...names].map(async (name) => {
        const object = await this.#get(kind, cache, namespace, name, since);
        if (object !== undefined) found.set(name, object);
      }),
    );
    return found;
  }

  #get<T>(kind: Kind<T>, cache: Map<string, Entry<T>>, namespace: string, name: string, since: number): Promise<T | undefined> {
    const key = `${namespace}/${name}`;
    const now = this.#clock.now();
    const held = cache.get(key);
    if (held && held.at >= since && now - held.at < freshFor) return held.object;
    const object = this.#api.get(kind, { namespace, name }).catch((error: unknown) => {
      // What does not exist yet is asked for again: it may be made the next moment.
      cache.delete(key);
      if (error instanceof ApiError && error.code === 404) return undefined;
      throw error;
    });
    cache.set(key, { at: now, object });
    return object;
  }

  #expire(): void {
    const before = this.#clock.now() - 2 * freshFor;
    for (const cache of [this.#configMaps, this.#secrets]) {
      for (const [key, entry] of cache) if (entry.at < before) cache.delete(key);
    }
  }
}
