import { copyOf } from '@keelson/machinery';
import type { KindStore } from './kind-store.ts';
import { mark, release, Taken } from './markers.ts';
import { throwInvalid } from './prepare.ts';
import type { Registry } from './registry.ts';
import type { Writable } from './writable.ts';
import type { WriteRequest, Written } from './written.ts';

/** An object on its way into the store. */
export interface Claimant {
  readonly next: Writable;
  readonly old: Writable | undefined;
  readonly request: WriteRequest;
}

/**
 * Fills in what an object leaves open of values that the cluster has one each of, and writes it. They are kept from others: from those
 * of this server until the write is in the cache, where everybody sees it, or has failed; from other servers by markers.
 * @throws StatusError Invalid when another object holds one that was asked for.
 */
export async function claiming(registry: Registry, store: KindStore, claimant: Claimant, write: () => Promise<Written>): Promise<Written> {
  if (!store.definition.assign) return write();
  const { next } = claimant;
  const asked = copyOf(next.spec);
  const lost = new Set<string>();
  for (;;) {
    const letGo = assign(registry, store, claimant, lost);
    try {
      const result = await (claimant.request.dryRun ? write() : marking(registry, store, claimant, write));
      void registry.feed.reached(Number(result.object.metadata.resourceVersion ?? 0)).then(letGo);
      return result;
    } catch (error) {
      letGo();
      if (!(error instanceof Taken)) throw error;
      lost.add(error.claim);
      next.spec = copyOf(asked);
    }
  }
}

/** @param lost what other servers have turned out to hold. @returns how to let go of what is claimed now. */
function assign(registry: Registry, store: KindStore, { next, old, request }: Claimant, lost: ReadonlySet<string>): () => void {
  const { claims } = store.cache;
  const { definition } = store;
  const { clock, random, families, ranges, nodePorts } = registry.options;
  const key = store.keyOf(request.namespace, next.metadata.name ?? '');
  const isTaken = (value: string): boolean => lost.has(value) || (claims.holder(value) ?? key) !== key;
  const context = { clock, random, user: request.user, families, ranges: ranges(registry), nodePorts, isTaken };
  throwInvalid(store, next, definition.assign?.(next, old, context) ?? []);
  return claims.hold(request.dryRun ? [] : (definition.claims?.(next) ?? []), key);
}

async function marking(registry: Registry, store: KindStore, { next, old }: Claimant, write: () => Promise<Written>): Promise<Written> {
  const undo = await mark(registry, store, next, old);
  try {
    const result = await write();
    if (old) await release(registry, store, old, next);
    return result;
  } catch (error) {
    await undo();
    throw error;
  }
}
