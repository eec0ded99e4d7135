import { rfc3339 } from '@keelson/base';
import { conflict, copyOf, type FieldError, fieldInvalid, fieldUnsupported, invalid, notFound } from '@keelson/machinery';
import type { DeleteOptions } from '@keelson/types';
import { StoreError } from '../storage/types.ts';
import { parseEntry } from './entry.ts';
import type { KindStore } from './kind-store.ts';
import { release } from './markers.ts';
import type { Registry } from './registry.ts';
import { atRevision, encodeStored, withRevision } from './wire.ts';
import type { Writable } from './writable.ts';
import type { WriteRequest, Written } from './written.ts';

export interface Removal extends Written {
  /** False when the object stays for now: finalizers or a grace period hold it. */
  readonly removed: boolean;
}

const orphan = 'orphan';
const foreground = 'foregroundDeletion';
const policies = ['Foreground', 'Background', 'Orphan'];
const deleteTries = 10;

/**
 * Deletes one object, or marks it for deletion where a grace period or finalizers hold it.
 * @throws StatusError NotFound, Conflict for a failed precondition, or what an admission plugin refuses with.
 */
export async function remove(
  registry: Registry,
  store: KindStore,
  name: string,
  options: DeleteOptions,
  request: WriteRequest,
): Promise<Removal> {
  checkOptions(options);
  const key = store.keyOf(request.namespace, name);
  for (let attempt = 1; ; attempt++) {
    const entry = await registry.options.store.get(key);
    if (!entry) throw notFound(store.groupResource, name);
    const wire = withRevision(entry.value, entry.revision);
    try {
      return await removeOnce(registry, store, parseEntry<Writable>({ wire }), wire, entry.revision, options, request);
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'conflict') throw error;
      if (attempt === deleteTries) throw conflict(store.groupResource, name);
    }
  }
}

function checkOptions({ orphanDependents, propagationPolicy }: DeleteOptions): void {
  const errors: FieldError[] = [];
  if (orphanDependents !== undefined && propagationPolicy !== undefined) {
    errors.push(fieldInvalid('propagationPolicy', propagationPolicy, 'orphanDependents and deletionPropagation cannot be both set'));
  }
  if (propagationPolicy && !policies.includes(propagationPolicy)) {
    errors.push(fieldUnsupported('propagationPolicy', propagationPolicy, [...policies, 'nil']));
  }
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', errors);
}

async function removeOnce(
  registry: Registry,
  store: KindStore,
  object: Writable,
  wire: Buffer,
  revision: number,
  options: DeleteOptions,
  request: WriteRequest,
): Promise<Removal> {
  checkPreconditions(store, object, options);
  const attributes = {
    operation: 'DELETE' as const,
    store,
    object: undefined,
    old: copyOf(object),
    name: object.metadata.name ?? '',
    ...request,
  };
  await registry.admission.admit(attributes);
  await registry.admission.validate(attributes);
  const grace = store.definition.deletion?.graceSeconds?.(object, options.gracePeriodSeconds) ?? 0;
  const before = JSON.stringify(object.metadata);
  setPolicyFinalizers(store, object, options);
  const held = (object.metadata.finalizers?.length ?? 0) > 0 || store.definition.deletion?.pending?.(object) === true;
  if (!held && grace === 0) {
    // What may have time to end says that it had none.
    if (store.definition.deletion?.graceSeconds) mark(registry, store, object, 0);
    return removeNow(registry, store, object, revision, request.dryRun);
  }
  mark(registry, store, object, grace);
  if (JSON.stringify(object.metadata) === before) return { wire, object, changed: false, removed: false };
  const bytes = encodeStored(object, store.kind.kind, store.kind.apiVersion);
  if (request.dryRun) return { wire: withRevision(bytes, revision), object, changed: true, removed: false };
  const next = await registry.options.store.update(store.keyOf(request.namespace, object.metadata.name ?? ''), bytes, revision);
  registry.feed.acknowledged(next);
  return { wire: withRevision(bytes, next), object, changed: true, removed: false };
}

function checkPreconditions(store: KindStore, object: Writable, { preconditions }: DeleteOptions): void {
  const { uid, resourceVersion, name = '' } = object.metadata;
  const { group, kind } = store.kind;
  const refuse = (what: string, wanted: string, found: string | undefined, perhaps: string): void => {
    const own = store.definition.deletion?.pending !== undefined;
    const bare = `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${found}`;
    if (own) throw conflict(store.groupResource, name, bare);
    const why = `the ${what} in the precondition (${wanted}) does not match the ${what} in record (${found}). The object might have been ${perhaps}`;
    throw conflict({ group, resource: kind }, name, why);
  };
  if (preconditions?.uid && preconditions.uid !== uid) refuse('UID', preconditions.uid, uid, 'deleted and then recreated');
  if (preconditions?.resourceVersion && preconditions.resourceVersion !== resourceVersion)
    refuse('ResourceVersion', preconditions.resourceVersion, resourceVersion, 'modified');
}

/** What the client said of its dependents, as finalizers for the garbage collector to act on. */
function setPolicyFinalizers(store: KindStore, object: Writable, options: DeleteOptions): void {
  const { finalizers = [] } = object.metadata;
  const named =
    options.propagationPolicy ?? (options.orphanDependents === undefined ? undefined : options.orphanDependents ? 'Orphan' : 'Background');
  const inherited = finalizers.includes(orphan) ? 'Orphan' : finalizers.includes(foreground) ? 'Foreground' : undefined;
  const open = store.definition.deletion?.defaultPolicy ?? 'Background';
  const policy = open === 'Unsupported' ? open : (named ?? inherited ?? open);
  const kept = finalizers.filter((finalizer) => finalizer !== orphan && finalizer !== foreground);
  if (policy === 'Orphan') kept.push(orphan);
  if (policy === 'Foreground') kept.push(foreground);
  object.metadata.finalizers = kept.length > 0 ? kept : undefined;
}

/** Sets or shortens the time of deletion; it never moves later. */
function mark(registry: Registry, store: KindStore, object: Writable, grace: number): void {
  const { metadata } = object;
  const { clock } = registry.options;
  if (metadata.deletionTimestamp) {
    shorten(metadata, grace, clock.now());
    return;
  }
  // What waits for more than finalizers is only marked; it is deleted later.
  if (store.definition.deletion?.pending?.(object) !== true) {
    metadata.deletionGracePeriodSeconds = grace;
    if (metadata.generation !== undefined) metadata.generation += 1;
  }
  metadata.deletionTimestamp = rfc3339(clock.now() + grace * 1000);
  store.definition.deletion?.mark?.(object);
}

/** Not into the past: when that is over which was asked for now, a second is left, unless none was asked for. */
function shorten(metadata: Writable['metadata'], grace: number, now: number): void {
  const { deletionTimestamp = '', deletionGracePeriodSeconds: before = 0 } = metadata;
  if (grace >= before) return;
  const end = Date.parse(deletionTimestamp) + (grace - before) * 1000;
  metadata.deletionTimestamp = rfc3339(Math.max(end, now));
  metadata.deletionGracePeriodSeconds = end < now && grace > 0 ? 1 : grace;
}

/** True when an object marked for deletion has nothing left that holds it. */
export function isFinished(store: KindStore, object: Writable): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata;
  if (!deletionTimestamp || (deletionGracePeriodSeconds ?? 0) > 0 || (finalizers?.length ?? 0) > 0) return false;
  return store.definition.deletion?.pending?.(object) !== true;
}

/** Takes the object out of the store. @throws StoreError conflict when it changed since `revision`. */
export async function removeNow(
  registry: Registry,
  store: KindStore,
  object: Writable,
  revision: number,
  dryRun: boolean,
): Promise<Removal> {
  const wire = withRevision(encodeStored(object, store.kind.kind, store.kind.apiVersion), revision);
  if (dryRun) return { wire, object, changed: true, removed: true };
  const removedAt = await registry.options.store.delete(store.keyOf(object.metadata.namespace ?? '', object.metadata.name ?? ''), revision);
  registry.feed.acknowledged(removedAt);
  await release(registry, store, object);
  return { wire: atRevision(wire, revision, removedAt), object, changed: true, removed: true };
}
