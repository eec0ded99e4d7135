import { errorMessage } from '@keelson/base';
import type { KubeObject } from '@keelson/client';
import { systemUser } from '../auth/types.ts';
import type { Markers } from '../kinds/types.ts';
import { StoreError } from '../storage/types.ts';
import { parseEntry } from './entry.ts';
import { accountOfCreate } from './fields.ts';
import type { KindStore } from './kind-store.ts';
import { prepareMeta } from './prepare.ts';
import type { Registry } from './registry.ts';
import { withRevision } from './wire.ts';
import type { Writable } from './writable.ts';
import type { WriteRequest } from './written.ts';

/** How long a marker may stand alone, in milliseconds: its object may still be on its way into the store. */
const lonely = 60_000;

/** A name that an object claims is marked as somebody else's. */
export class Taken extends Error {
  readonly claim: string;

  constructor(claim: string) {
    super(`${claim} is taken`);
    this.claim = claim;
  }
}

/**
 * Marks what `next` claims and `old` did not. Returns how to take these marks away again, should the write fail.
 * @throws Taken, with nothing marked, when another object has marked one of them.
 */
export async function mark(registry: Registry, store: KindStore, next: Writable, old?: Writable): Promise<() => Promise<void>> {
  const { markers } = store.definition;
  const made: string[] = [];
  const undo = async (): Promise<void> => {
    for (const name of made) await unmark(registry, store, name, next);
  };
  if (!markers) return undo;
  const had = new Set(old ? markers.names(old) : []);
  for (const name of markers.names(next)) {
    if (had.has(name)) continue;
    if (await makeMarker(registry, markers, name, next)) made.push(name);
    else if (!(await isMine(registry, markers, name, next))) {
      await undo();
      throw new Taken(name);
    }
  }
  return undo;
}

/** Takes away the marks of what `old` claimed and `next` does not; all of them when the object is gone. What fails is left to `repairMarkers`. */
export async function release(registry: Registry, store: KindStore, old: Writable, next?: Writable): Promise<void> {
  const { markers } = store.definition;
  if (!markers) return;
  const kept = new Set(next ? markers.names(next) : []);
  for (const name of markers.names(old)) if (!kept.has(name)) await unmark(registry, store, name, old);
}

/** Marks all claims that are not marked, and takes away marks whose object is gone or has given up the claim. */
export async function repairMarkers(registry: Registry, store: KindStore): Promise<void> {
  const { markers } = store.definition;
  if (!markers) return;
  const claims = new Map<string, Writable>();
  for (const object of objectsOf(store)) {
    for (const name of markers.names(object)) claims.set(name, object);
  }
  for (const [name, object] of claims) {
    if (registry.read(markers.kind, '', name)) continue;
    if (!(await makeMarker(registry, markers, name, object))) continue;
    registry.options.log.info('marked a claim anew', { claim: name, object: `${object.metadata.namespace}/${object.metadata.name}` });
  }
  const now = registry.options.clock.now();
  for (const marker of objectsOf(registry.of(markers.kind))) {
    const owner = markers.owner(marker);
    const claimant = claims.get(marker.metadata.name ?? '')?.metadata;
    if (!owner || (claimant?.name === owner.name && claimant.namespace === owner.namespace)) continue;
    if (now - Date.parse(marker.metadata.creationTimestamp ?? '') < lonely) continue;
    await unmark(registry, store, marker.metadata.name ?? '', { metadata: owner } as Writable);
  }
}

/** @throws Error while some of them cannot be read: what they claim must not be given away. */
function objectsOf({ cache }: KindStore): Writable[] {
  if (cache.fault) throw cache.fault;
  const objects: Writable[] = [];
  cache.each(cache.prefix, (entry) => objects.push(parseEntry<Writable>(entry)) > 0);
  return objects;
}

/** Whether it could be made: not when there is one of that name. */
async function makeMarker(registry: Registry, markers: Markers<never>, name: string, object: Writable): Promise<boolean> {
  const { clock, random } = registry.options;
  const store = registry.of(markers.kind);
  const marker = markers.make(name, object as never) as Writable;
  prepareMeta(store, marker, '', { clock, random, user: systemUser });
  marker.metadata.managedFields = await accountOfCreate(registry, store, marker, asServer());
  try {
    registry.feed.acknowledged(await registry.options.store.create(store.keyOf('', name), store.encode(marker)));
    return true;
  } catch (error) {
    if (error instanceof StoreError && error.code === 'exists') return false;
    throw error;
  }
}

function asServer(): WriteRequest {
  return { namespace: '', user: systemUser, dryRun: false, subresource: '', warnings: [] };
}

async function isMine(registry: Registry, markers: Markers<never>, name: string, { metadata }: Writable): Promise<boolean> {
  const entry = await registry.options.store.get(registry.of(markers.kind).keyOf('', name));
  const owner = entry && markers.owner(parseEntry<KubeObject>({ wire: withRevision(entry.value, entry.revision) }));
  return owner?.name === metadata.name && owner?.namespace === metadata.namespace;
}

/** Takes a mark away, if it is the object's. */
async function unmark(registry: Registry, { definition: { markers } }: KindStore, name: string, object: Writable): Promise<void> {
  if (!markers) return;
  const { store, log } = registry.options;
  const key = registry.of(markers.kind).keyOf('', name);
  try {
    const entry = await store.get(key);
    if (entry && (await isMine(registry, markers, name, object))) registry.feed.acknowledged(await store.delete(key, entry.revision));
  } catch (error) {
    log.warn('could not release a claim', { claim: name, err: errorMessage(error) });
  }
}
