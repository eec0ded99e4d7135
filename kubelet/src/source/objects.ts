import type { Clock } from '@keelson/base';
import { type Api, ApiError } from '@keelson/client';
import { ConfigMap, type Kind, type Pod, Secret } from '@keelson/types';
import { podNamespace } from '../pod/naming.ts';
import type { References } from '../volume/references.ts';

/** How long a running pod may see an object as it was; Kubernetes' kubelet with its TTL strategy does the same. */
const freshFor = 60_000;

interface Entry<T> {
  readonly at: number;
  readonly object: Promise<T | undefined>;
}

/**
 * The ConfigMaps and Secrets that this node's pods name, each asked for by name (a node may read no others) and at most once a minute
 * however many pods share it.
 */
export class ReferencedObjects {
  readonly #configMaps = new Map<string, Entry<ConfigMap>>();
  readonly #secrets = new Map<string, Entry<Secret>>();
  readonly #api: Api;
  readonly #clock: Clock;

  constructor(api: Api, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
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
