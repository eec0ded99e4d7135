import { errorMessage, sleep } from '@keelson/base';
import { type Informers, kindKey, runControllers } from '@keelson/runtime';
import { CustomResourceDefinition, type Kind } from '@keelson/types';
import type { Claimable } from '../../claims.ts';
import { type Discovery, discover } from '../../discovery.ts';
import type { RunDeps } from '../types.ts';
import { garbageCollector } from './controller.ts';
import { CollectorInformers } from './informers.ts';

/** What the server offers is asked for again this often. */
const rediscoverEvery = 30_000;
/** Milliseconds a new definition may take to be served. */
const servedWithin = 500;

/** Runs the garbage collector over all kinds the server has, starting over when those change. */
export async function runGarbageCollector(deps: RunDeps, workers: number): Promise<void> {
  const informers = new CollectorInformers(deps);
  let kinds = collectable(await discoverPatiently(deps));
  while (!deps.signal.aborted) {
    const stop = new AbortController();
    const signal = AbortSignal.any([deps.signal, stop.signal]);
    informers.keepOnly(kinds);
    const running = runControllers([garbageCollector(kinds, workers)], { ...deps, informers, signal });
    kinds = await nextKinds(kinds, deps, informers);
    stop.abort();
    await running;
  }
}

/** Resolves when the server offers other kinds than these, or the signal aborts. Definitions that come and go are noticed at once. */
async function nextKinds(before: readonly Kind<Claimable>[], deps: RunDeps, informers: Informers): Promise<readonly Kind<Claimable>[]> {
  const names = before.map(kindKey).sort().join();
  let changed = new AbortController();
  const leave = informers.for(CustomResourceDefinition).onChange(() => changed.abort());
  try {
    while (!deps.signal.aborted) {
      await sleep(deps.clock, rediscoverEvery, AbortSignal.any([deps.signal, changed.signal])).catch(() => undefined);
      // What has just been defined is served in a moment; should it take longer, its status tells when it is.
      if (changed.signal.aborted) await sleep(deps.clock, servedWithin, deps.signal).catch(() => undefined);
      if (deps.signal.aborted) break;
      changed = new AbortController();
      const kinds = collectable(await discoverPatiently(deps));
      if (kinds.map(kindKey).sort().join() !== names) return kinds;
    }
    return before;
  } finally {
    leave();
  }
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
