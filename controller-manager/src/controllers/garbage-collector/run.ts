import { errorMessage, sleep } from '@keelson/base';
import { createInformers, type Informers, kindKey, runControllers } from '@keelson/runtime';
import { Deployment, EndpointSlice, Endpoints, type Kind, Namespace, Node, Pod, ReplicaSet, Service, ServiceAccount } from '@keelson/types';
import type { Claimable } from '../../claims.ts';
import { type Discovery, discover } from '../../discovery.ts';
import type { RunDeps } from '../types.ts';
import { garbageCollector } from './controller.ts';

/** Kinds that other controllers of this process watch whole and everywhere: their informers serve here too. */
const watched: readonly Kind<unknown>[] = [Deployment, Endpoints, EndpointSlice, Namespace, Node, Pod, ReplicaSet, Service, ServiceAccount];

/** What the server offers is asked for again this often. */
const rediscoverEvery = 30_000;

/** Runs the garbage collector over all kinds the server has, starting over when those change. */
export async function runGarbageCollector(deps: RunDeps, workers: number): Promise<void> {
  const informers = metadataInformers(deps);
  let kinds = collectable(await discoverPatiently(deps));
  while (!deps.signal.aborted) {
    const stop = new AbortController();
    const signal = AbortSignal.any([deps.signal, stop.signal]);
    for (const kind of kinds) informers.keepMetadataOnly(kind);
    const running = runControllers([garbageCollector(kinds, workers)], { ...deps, informers, signal });
    kinds = await nextKinds(kinds, deps);
    stop.abort();
    await running;
  }
}

/** Resolves when the server offers other kinds than these, or the signal aborts. */
async function nextKinds(before: readonly Kind<Claimable>[], deps: RunDeps): Promise<readonly Kind<Claimable>[]> {
  const names = before.map(kindKey).sort().join();
  while (!deps.signal.aborted) {
    await sleep(deps.clock, rediscoverEvery, deps.signal).catch(() => undefined);
    if (deps.signal.aborted) break;
    const kinds = collectable(await discoverPatiently(deps));
    if (kinds.map(kindKey).sort().join() !== names) return kinds;
  }
  return before;
}

async function discoverPatiently({ api, clock, log, signal }: RunDeps): Promise<Discovery> {
  while (!signal.aborted) {
    try {
      return await discover(api);
    } catch (error) {
      if (!signal.aborted) log.warn(`failed to discover resources: ${errorMessage(error)}`);
      await sleep(clock, 1000, signal).catch(() => undefined);
    }
  }
  return { resources: [], stale: [] };
}

function collectable({ resources }: Discovery): readonly Kind<Claimable>[] {
  return resources
    .filter(({ kind, verbs }) => kind.resource !== 'events' && ['list', 'watch', 'delete'].every((verb) => verbs.includes(verb)))
    .map(({ kind }) => kind);
}

interface MetadataInformers extends Informers {
  /** Drops everything but metadata from objects of a kind that only the collector reads. */
  keepMetadataOnly(kind: Kind<Claimable>): void;
}

function metadataInformers({ metadata, informers, clock, random, log }: RunDeps): MetadataInformers {
  const own = createInformers({ api: metadata, clock, random, log });
  const shared = new Set(watched.map(kindKey));
  return {
    for: (kind, options) => (shared.has(kindKey(kind)) ? informers : own).for(kind, options),
    start: async (signal) => void (await Promise.all([informers.start(signal), own.start(signal)])),
    keepMetadataOnly(kind) {
      if (!shared.has(kindKey(kind))) own.for(kind, { transform: tiesOnly });
    },
  };
}

/** One function for all kinds, so that an informer asked for again is asked for the same way. */
function tiesOnly({ metadata }: Claimable): Claimable {
  const { name, namespace, uid, resourceVersion, deletionTimestamp, finalizers, ownerReferences } = metadata;
  return { metadata: { name, namespace, uid, resourceVersion, deletionTimestamp, finalizers, ownerReferences } };
}
