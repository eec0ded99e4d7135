import { randomSuffix, timestamp } from '@keelson/base';
import type { KubeObject } from '@keelson/client';
import {
  alreadyExists,
  badRequest,
  conflict,
  equal,
  type FieldError,
  generateNameConflict,
  invalid,
  isDNS1123Subdomain,
  notFound,
  path,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from '@keelson/machinery';
import type { ObjectMeta } from '@keelson/types';
import { runAdmission } from '../admission/chain.ts';
import type { UserInfo } from '../auth/types.ts';
import type { WriteContext } from '../kinds/types.ts';
import { StoreError } from '../storage/types.ts';
import { isFinished, removeNow } from './delete.ts';
import { type CacheEntry, parseEntry, remember } from './entry.ts';
import type { KindStore } from './kind-store.ts';
import type { Registry } from './registry.ts';
import { encodeStored, withRevision } from './wire.ts';

/** An object whose metadata is at hand. */
export type Writable = KubeObject & { metadata: ObjectMeta; spec?: unknown; status?: unknown };

export interface WriteRequest {
  readonly namespace: string;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  readonly subresource: string;
  readonly warnings: string[];
}

/** What was written: the bytes clients read and the object they say. */
export interface Written {
  readonly wire: Buffer;
  readonly object: Writable;
  /** False when the update changed nothing, so that nothing was stored. */
  readonly changed: boolean;
}

/** Names drawn for one generateName before giving up, as upstream. */
const nameTries = 8;

/**
 * Stores a new object: defaults have run when it arrives here.
 * @throws StatusError AlreadyExists, Invalid, BadRequest, or what an admission plugin refuses with.
 */
export async function create(registry: Registry, store: KindStore, object: Writable, request: WriteRequest): Promise<Written> {
  const generated = !object.metadata.name && object.metadata.generateName;
  for (let attempt = 1; ; attempt++) {
    const candidate = generated ? structuredClone(object) : object;
    try {
      return await createOnce(registry, store, candidate, request);
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'exists') throw error;
      if (generated && attempt < nameTries) continue;
      const name = candidate.metadata.name ?? '';
      throw generated ? generateNameConflict(store.groupResource, name, 1) : alreadyExists(store.groupResource, name);
    }
  }
}

async function createOnce(registry: Registry, store: KindStore, object: Writable, request: WriteRequest): Promise<Written> {
  const { definition } = store;
  const context = writeContext(registry, request);
  prepareMeta(store, object, request.namespace, context);
  definition.prepareCreate?.(object, context);
  const attributes = {
    operation: 'CREATE' as const,
    store,
    registry,
    object,
    old: undefined,
    name: object.metadata.name ?? '',
    ...request,
  };
  await runAdmission(registry.options.admission, 'admit', attributes);
  throwInvalid(store, object, [...validateMeta(store, object), ...(definition.validate?.(object) ?? [])]);
  await runAdmission(registry.options.admission, 'validate', attributes);
  const key = store.keyOf(object.metadata.namespace ?? '', object.metadata.name ?? '');
  return claiming(registry, store, object, undefined, request, async () => {
    const bytes = encode(store, object);
    if (request.dryRun) {
      if (await registry.options.store.get(key)) throw new StoreError('exists', `key ${key} exists`);
      return { wire: bytes, object, changed: true };
    }
    const ttl = definition.ttlSeconds === undefined ? {} : { ttlSeconds: definition.ttlSeconds };
    const revision = await registry.options.store.create(key, bytes, ttl);
    return written(registry, object, bytes, revision);
  });
}

function prepareMeta(store: KindStore, object: Writable, namespace: string, { clock, random }: WriteContext): void {
  const { metadata } = object;
  if (metadata.resourceVersion) throw badRequest('resourceVersion should not be set on objects to be created');
  object.metadata = {
    ...metadata,
    name: metadata.name || (metadata.generateName ? metadata.generateName.slice(0, 58) + randomSuffix(random) : undefined),
    ...(store.kind.namespaced ? { namespace } : { namespace: undefined }),
    uid: random.uuid(),
    creationTimestamp: timestamp(clock),
    generation: hasGeneration(store) ? 1 : undefined,
    deletionTimestamp: undefined,
    deletionGracePeriodSeconds: undefined,
    selfLink: undefined,
    managedFields: undefined,
    resourceVersion: undefined,
  };
  if (store.definition.status && !store.definition.status.keepOnCreate) object.status = undefined;
}

/** How an update is made from what is there. Called again with the newer object when somebody else wrote in between. */
export interface Change {
  /** @param current a private copy. @returns the wanted object (may be `current`, changed). */
  apply(current: Writable): Promise<Writable> | Writable;
  /** Resource version the caller insists on; a mismatch is a conflict. */
  readonly expected?: string | undefined;
}

/** Conflicts met by an update that named no resourceVersion before giving up. */
const updateTries = 10;

/**
 * Replaces an object by what `change` makes of it, in the main resource or its status.
 * @throws StatusError NotFound, Conflict, Invalid, or what an admission plugin refuses with.
 */
export async function update(registry: Registry, store: KindStore, name: string, change: Change, request: WriteRequest): Promise<Written> {
  const key = store.keyOf(request.namespace, name);
  let current: Pick<CacheEntry, 'wire' | 'revision'> | undefined = store.cache.get(key);
  if (!current) current = await readThrough(registry, key);
  for (let attempt = 1; ; attempt++) {
    if (!current) throw notFound(store.groupResource, name);
    try {
      return await updateOnce(registry, store, name, current, change, request);
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'conflict') throw error;
      if (attempt === updateTries) throw modified(store, name);
      current = error.current && { wire: withRevision(error.current.value, error.current.revision), revision: error.current.revision };
    }
  }
}

async function readThrough(registry: Registry, key: string): Promise<Pick<CacheEntry, 'wire' | 'revision'> | undefined> {
  const entry = await registry.options.store.get(key);
  return entry && { wire: withRevision(entry.value, entry.revision), revision: entry.revision };
}

async function updateOnce(
  registry: Registry,
  store: KindStore,
  name: string,
  current: Pick<CacheEntry, 'wire' | 'revision'>,
  change: Change,
  request: WriteRequest,
): Promise<Written> {
  const old = parseEntry<Writable>(current);
  const asked = await change.apply(parseEntry<Writable>(current));
  const expected = change.expected ?? asked.metadata.resourceVersion;
  if (expected && expected !== '0' && expected !== String(current.revision)) {
    await mustBeStale(registry, store, request.namespace, name, current.revision);
    throw modified(store, name);
  }
  const context = writeContext(registry, request);
  keepMeta(store, asked, old, name);
  const next = store.definition.parts?.[request.subresource]?.take(asked, structuredClone(old), context) ?? asked;
  const attributes = { operation: 'UPDATE' as const, store, registry, object: next, old, name, ...request };
  keepRest(store, next, old, request.subresource, context);
  await runAdmission(registry.options.admission, 'admit', attributes);
  bumpGeneration(store, next, old, request.subresource);
  throwInvalid(store, next, validateChange(store, next, old, request.subresource));
  await runAdmission(registry.options.admission, 'validate', attributes);
  if (equal(next, old)) return { wire: current.wire, object: old, changed: false };
  if (isFinished(store, next)) return removeNow(registry, store, next, current.revision, request.dryRun);
  return claiming(registry, store, next, old, request, async () => {
    const bytes = encode(store, next);
    if (request.dryRun) return { wire: withRevision(bytes, current.revision), object: next, changed: true };
    const ttl = store.definition.ttlSeconds === undefined ? {} : { ttlSeconds: store.definition.ttlSeconds };
    const revision = await registry.options.store.update(store.keyOf(request.namespace, name), bytes, current.revision, ttl);
    return written(registry, next, bytes, revision);
  });
}

/** The cache may lag behind what the client has read: then the newer state decides, through a conflict with the store. */
async function mustBeStale(registry: Registry, store: KindStore, namespace: string, name: string, seen: number): Promise<void> {
  const entry = await registry.options.store.get(store.keyOf(namespace, name));
  if (!entry) throw notFound(store.groupResource, name);
  if (entry.revision !== seen) throw new StoreError('conflict', 'the cached object is behind', { current: entry });
}

/** Metadata that only the server writes stays as it is. */
function keepMeta(store: KindStore, next: Writable, old: Writable, name: string): void {
  const { uid } = next.metadata;
  if (uid && uid !== old.metadata.uid) {
    throw conflict(store.groupResource, name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`);
  }
  next.metadata = {
    ...next.metadata,
    name: next.metadata.name ?? old.metadata.name,
    namespace: old.metadata.namespace,
    uid: old.metadata.uid,
    resourceVersion: old.metadata.resourceVersion,
    generation: old.metadata.generation,
    creationTimestamp: old.metadata.creationTimestamp,
    deletionTimestamp: old.metadata.deletionTimestamp,
    deletionGracePeriodSeconds: old.metadata.deletionGracePeriodSeconds,
    managedFields: old.metadata.managedFields,
    selfLink: undefined,
  };
}

/**
 * The main resource cannot change status; the status resource changes nothing but status and the open part of metadata. Other
 * subresources (binding, finalize) say themselves what they change.
 */
function keepRest(store: KindStore, next: Writable, old: Writable, subresource: string, context: WriteContext): void {
  const { definition } = store;
  if (subresource === 'status') {
    for (const key of Object.keys({ ...next, ...old }) as Array<keyof Writable>) {
      if (key !== 'metadata' && key !== 'status') Object.assign(next, { [key]: old[key] });
    }
    next.metadata = { ...next.metadata, ownerReferences: old.metadata.ownerReferences };
    definition.status?.prepareUpdate?.(next, old, context);
  } else if (subresource === '') {
    if (definition.status) next.status = old.status;
    definition.prepareUpdate?.(next, old, context);
  }
}

function bumpGeneration(store: KindStore, next: Writable, old: Writable, subresource: string): void {
  if ((subresource !== '' && !store.definition.parts?.[subresource]) || !hasGeneration(store)) return;
  const { metadata: _m1, status: _s1, ...wanted } = next;
  const { metadata: _m2, status: _s2, ...before } = old;
  if (!equal(wanted, before)) next.metadata.generation = (old.metadata.generation ?? 0) + 1;
}

function hasGeneration({ definition }: KindStore): boolean {
  return definition.generation ?? definition.status !== undefined;
}

function validateMeta(store: KindStore, object: Writable): FieldError[] {
  const name = (value: string, prefix: boolean) => store.definition.name?.(value, prefix) ?? isDNS1123Subdomain(value, prefix);
  return validateObjectMeta(object.metadata, { namespaced: store.kind.namespaced, name }, path('metadata'));
}

function validateChange(store: KindStore, next: Writable, old: Writable, subresource: string): FieldError[] {
  const { definition } = store;
  const meta = [...validateMeta(store, next), ...validateObjectMetaUpdate(next.metadata, old.metadata, path('metadata'))];
  if (subresource === 'status') return [...meta, ...(definition.status?.validateUpdate?.(next, old) ?? [])];
  const part = definition.parts?.[subresource];
  if (part) return [...meta, ...(part.validateUpdate?.(next, old) ?? [])];
  const own = definition.validate?.(next) ?? [];
  return [...meta, ...own, ...changeErrors(store, next, old, own.length === 0)];
}

/** What is invalid in itself may lack what a comparison looks at: its own faults then say enough. */
function changeErrors({ definition }: KindStore, next: Writable, old: Writable, valid: boolean): FieldError[] {
  try {
    return definition.validateUpdate?.(next, old) ?? [];
  } catch (error) {
    if (valid) throw error;
    return [];
  }
}

function throwInvalid(store: KindStore, object: Writable, errors: FieldError[]): void {
  if (errors.length > 0) throw invalid({ group: store.kind.group, kind: store.kind.kind }, object.metadata.name ?? '', errors);
}

export function modified(store: KindStore, name: string): Error {
  return conflict(store.groupResource, name, 'the object has been modified; please apply your changes to the latest version and try again');
}

/** Bytes to store, with what the cache will want to know of them. */
function encode(store: KindStore, object: Writable): Buffer {
  const bytes = encodeStored(object, store.kind.kind, store.kind.apiVersion);
  remember(bytes, store.index(object));
  return bytes;
}

/** Keeps what the object claims for itself from others until the write is in the cache, where everybody sees it, or has failed. */
async function claiming(
  registry: Registry,
  store: KindStore,
  next: Writable,
  old: Writable | undefined,
  request: WriteRequest,
  write: () => Promise<Written>,
): Promise<Written> {
  const { definition, cache } = store;
  if (!definition.assign) return write();
  const { serviceCIDRs, nodePorts } = registry.options;
  const key = store.keyOf(request.namespace, next.metadata.name ?? '');
  const isTaken = (value: string): boolean => (cache.claims.holder(value) ?? key) !== key;
  throwInvalid(store, next, definition.assign(next, old, { ...writeContext(registry, request), serviceCIDRs, nodePorts, isTaken }));
  const release = cache.claims.hold(request.dryRun ? [] : (definition.claims?.(next) ?? []), key);
  try {
    const result = await write();
    void registry.feed.reached(Number(result.object.metadata.resourceVersion ?? 0)).then(release);
    return result;
  } catch (error) {
    release();
    throw error;
  }
}

function writeContext(registry: Registry, request: WriteRequest): WriteContext {
  const { clock, random } = registry.options;
  return { clock, random, user: request.user };
}

function written(registry: Registry, object: Writable, bytes: Buffer, revision: number): Written {
  registry.feed.acknowledged(revision);
  object.metadata.resourceVersion = String(revision);
  return { wire: withRevision(bytes, revision), object, changed: true };
}
