import { sleep } from '@keelson/base';
import type { KubeObject } from '@keelson/client';
import { createInformers, type Informer, type InformerOptions, type Informers, kindKey } from '@keelson/runtime';
import { Deployment, EndpointSlice, Endpoints, type Kind, Namespace, Node, Pod, ReplicaSet, Service, ServiceAccount } from '@keelson/types';
import type { Claimable } from '../../claims.ts';
import type { RunDeps } from '../types.ts';

/** Kinds that other controllers of this process watch whole and everywhere: their informers serve here too. */
const shared = new Set(
  [Deployment, Endpoints, EndpointSlice, Namespace, Node, Pod, ReplicaSet, Service, ServiceAccount].map((kind) => kindKey(kind)),
);

/** Milliseconds a kind may take to be listed. One that cannot be must not keep all others waiting. */
const patience = 30_000;

/**
 * Informers of the kinds that are collected. Those that no other controller needs hold metadata only, and each ends with its kind:
 * a custom resource comes and goes.
 */
export class CollectorInformers implements Informers {
  readonly #deps: RunDeps;
  readonly #own = new Map<string, { readonly informers: Informers; readonly stop: AbortController }>();

  constructor(deps: RunDeps) {
    this.#deps = deps;
  }

  /** Begins with kinds that are new and ends with those that are no more. */
  keepOnly(kinds: readonly Kind<Claimable>[]): void {
    const wanted = new Map(kinds.map((kind) => [kindKey(kind), kind]));
    for (const [name, { stop }] of this.#own) {
      if (wanted.has(name)) continue;
      stop.abort();
      this.#own.delete(name);
    }
    for (const [name, kind] of wanted) if (!shared.has(name) && !this.#own.has(name)) this.#own.set(name, this.#begin(kind));
  }

  #begin(kind: Kind<Claimable>): { readonly informers: Informers; readonly stop: AbortController } {
    const { metadata: api, clock, random, log } = this.#deps;
    const informers = createInformers({ api, clock, random, log });
    informers.for(kind, { transform: tiesOnly });
    return { informers, stop: new AbortController() };
  }

  for<T extends KubeObject>(kind: Kind<T>, options: InformerOptions<T> = {}): Informer<T> {
    return (this.#own.get(kindKey(kind))?.informers ?? this.#deps.informers).for(kind, options);
  }

  /** Resolves when all are listed, or patience ends. @throws the signal's reason. */
  async start(signal: AbortSignal): Promise<void> {
    const { clock, informers, signal: ever } = this.#deps;
    const own = [...this.#own.values()].map((one) => one.informers.start(AbortSignal.any([ever, one.stop.signal])));
    await Promise.race([Promise.all([informers.start(ever), ...own]), sleep(clock, patience, signal)]);
  }
}

/** One function for all kinds, so that an informer asked for again is asked for the same way. */
function tiesOnly({ metadata }: Claimable): Claimable {
  const { name, namespace, uid, resourceVersion, deletionTimestamp, finalizers, ownerReferences } = metadata;
  return { metadata: { name, namespace, uid, resourceVersion, deletionTimestamp, finalizers, ownerReferences } };
}
