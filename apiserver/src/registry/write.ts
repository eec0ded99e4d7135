import { alreadyExists, conflict, copyOf, generateNameConflict, isStatusReason, notFound } from '@keelson/machinery';
import type { WriteContext } from '../kinds/types.ts';
import { type Entry, StoreError } from '../storage/types.ts';
import { claiming } from './claiming.ts';
import { isFinished, removeNow } from './delete.ts';
import { type CacheEntry, faultOf, parseEntry, wireOf } from './entry.ts';
import { accountOfCreate, accountOfUpdate, changesNothing } from './fields.ts';
import type { KindStore } from './kind-store.ts';
import {
  bumpGeneration,
  clearMeta,
  fillMeta,
  keepMeta,
  keepRest,
  mustBeUnversioned,
  mustBeVersion,
  prepareRest,
  throwInvalid,
  validateAccount,
  validateChange,
  validateMeta,
} from './prepare.ts';
import type { Registry } from './registry.ts';
import { afterAdmission, dropRepeatedOwners } from './repeated-owners.ts';
import { withoutRevision, withRevision } from './wire.ts';
import type { Writable } from './writable.ts';
import type { WriteRequest, Written } from './written.ts';

/** Names drawn for one generateName before giving up, as upstream. */
const nameTries = 8;

/**
 * Stores a new object: defaults have run when it arrives here.
 * @throws StatusError AlreadyExists, Invalid, BadRequest, or what an admission plugin refuses with.
 */
export async function create(registry: Registry, store: KindStore, object: Writable, request: WriteRequest): Promise<Written> {
  const generated = !object.metadata.name && object.metadata.generateName;
  for (let attempt = 1; ; attempt++) {
    const candidate = generated ? copyOf(object) : object;
    try {
      return await createOnce(registry, store, candidate, request);
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'exists') throw error;
      if (generated && attempt < nameTries) continue;
      const name = candidate.metadata.name ?? '';
      if (generated) throw generateNameConflict(store.groupResource, name, 1);
      throw await existsAlready(registry, store, name, request);
    }
  }
}

/** That there is one, and that it goes, where it does. */
async function existsAlready({ options }: Registry, store: KindStore, name: string, { namespace }: WriteRequest): Promise<Error> {
  const entry = await options.store.get(store.keyOf(namespace, name));
  const known = entry && !faultOf(entry) ? parseEntry<Writable>({ wire: withRevision(entry.value, entry.revision) }) : undefined;
  return alreadyExists(store.groupResource, name, known?.metadata.deletionTimestamp !== undefined);
}

/** As `create`, of an object that somebody else may have made in the meantime: then that one stays. */
export async function createMissing(registry: Registry, store: KindStore, object: Writable, request: WriteRequest): Promise<void> {
  try {
    await create(registry, store, object, request);
  } catch (error) {
    if (!isStatusReason(error, 'AlreadyExists')) throw error;
  }
}

async function createOnce(registry: Registry, store: KindStore, object: Writable, request: WriteRequest): Promise<Written> {
  const { definition } = store;
  const context = writeContext(registry, request);
  const { resourceVersion } = object.metadata;
  clearMeta(store, object, request.namespace);
  object.metadata.managedFields = await accountOfCreate(registry, store, object, request);
  const called = (): string => object.metadata.name || (object.metadata.generateName ?? '');
  const attributes = { operation: 'CREATE' as const, store, object, old: undefined, name: called(), ...request };
  await registry.admission.admit(attributes);
  dropRepeatedOwners(object, request.warnings, afterAdmission);
  fillMeta(store, object, context);
  definition.dropUnserved?.(object);
  definition.prepareCreate?.(object, context);
  throwInvalid(store, object, [...validateMeta(store, object), ...(definition.validate?.(object) ?? [])]);
  if (definition.warnings) request.warnings.push(...definition.warnings(object, undefined));
  await registry.admission.validate({ ...attributes, name: called() });
  const key = store.keyOf(object.metadata.namespace ?? '', object.metadata.name ?? '');
  return claiming(registry, store, { next: object, old: undefined, request }, async () => {
    const bytes = store.encode(object);
    if (request.dryRun) {
      if (await registry.options.store.get(key)) throw new StoreError('exists', `key ${key} exists`);
      return { wire: withoutRevision(bytes), object, changed: true };
    }
    mustBeUnversioned(resourceVersion);
    const ttl = definition.ttlSeconds === undefined ? {} : { ttlSeconds: definition.ttlSeconds };
    const revision = await registry.options.store.create(key, bytes, ttl);
    return written(registry, object, bytes, revision);
  });
}

/** How an update is made from what is there. Called again with the newer object when somebody else wrote in between. */
export interface Change {
  /** @param current a private copy. @returns the wanted object (may be `current`, changed). */
  apply(current: Writable): Promise<Writable> | Writable;
  /** Resource version the caller insists on; a mismatch is a conflict. */
  readonly expected?: string | undefined;
  /** Many are known to write the object at a time: the update waits for its turn before it first tries. */
  readonly inTurn?: boolean;
}

/** Conflicts met by an update that named no resourceVersion before giving up: upstream goes on until the request's time is over. */
const updateTries = 1_000;

/**
 * Replaces an object by what `change` makes of it, in the main resource or its status.
 * @throws StatusError NotFound, Conflict, Invalid, or what an admission plugin refuses with.
 */
export function update(registry: Registry, store: KindStore, name: string, change: Change, request: WriteRequest): Promise<Written> {
  const target = { registry, store, name, request };
  return retrying(target, (current) => updateOnce(target, current, change), change.inTurn);
}

/**
 * Stores what `change` makes of an object as it stands: a step of the server's own in a request that has been judged already, so without
 * admission, validation or an account of its fields, as upstream binds pods. @throws StatusError NotFound, Conflict, or what `change` throws.
 */
export function rewrite(
  registry: Registry,
  store: KindStore,
  name: string,
  change: (current: Writable) => void,
  request: WriteRequest,
): Promise<Written> {
  const target = { registry, store, name, request };
  return retrying(target, (current) => {
    const next = parseEntry<Writable>(current);
    change(next);
    return replace(target, next, current.revision);
  });
}

/** An object that is to be changed, by whose request. */
interface Target {
  readonly registry: Registry;
  readonly store: KindStore;
  readonly name: string;
  readonly request: WriteRequest;
}

type Current = Pick<CacheEntry, 'wire' | 'revision'>;

/** At once where nobody else writes; those who came second take turns, so that each of many tries about twice, not once for each other. */
async function retrying(target: Target, once: (current: Current) => Promise<Written>, inTurn = false): Promise<Written> {
  const { registry, store, name, request } = target;
  const key = store.keyOf(request.namespace, name);
  const present = async (): Promise<Current | undefined> => store.cache.get(key) ?? readThrough(registry, key);
  const first = inTurn ? undefined : await attempt(target, await present(), once);
  if (first?.written) return first.written;
  return registry.updates.take(key, async () => {
    // Those whose turn it was before have changed it again.
    let newest = first ? newer(store.cache.get(key), first.current) : await present();
    for (let tries = 1; tries < updateTries; tries++) {
      const next = await attempt(target, newest, once);
      if (next.written) return next.written;
      newest = next.current;
    }
    throw modified(store, name);
  });
}

/** What was written, or what somebody else wrote first: nothing, if it was removed. */
interface Attempt {
  readonly written?: Written;
  readonly current?: Current | undefined;
}

async function attempt(
  { store, name }: Target,
  current: Current | undefined,
  once: (current: Current) => Promise<Written>,
): Promise<Attempt> {
  if (!current) throw notFound(store.groupResource, name);
  try {
    return { written: await once(current) };
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'conflict') throw error;
    return { current: error.current && currentOf(error.current) };
  }
}

function newer(one: Current | undefined, other: Current | undefined): Current | undefined {
  return one && other && one.revision > other.revision ? one : other;
}

async function readThrough(registry: Registry, key: string): Promise<Current | undefined> {
  const entry = await registry.options.store.get(key);
  return entry && currentOf(entry);
}

function currentOf({ value, revision }: Entry): Current {
  return { wire: withRevision(value, revision), revision };
}

async function updateOnce(target: Target, current: Current, change: Change): Promise<Written> {
  const { registry, store, name, request } = target;
  const old = parseEntry<Writable>(current);
  const asked = await change.apply(copyOf(old));
  const expected = change.expected ?? asked.metadata.resourceVersion;
  if (expected) mustBeVersion(expected);
  if (expected && expected !== '0' && expected !== String(current.revision)) {
    await mustBeStale(registry, store, request.namespace, name, current.revision);
    throw modified(store, name);
  }
  const context = writeContext(registry, request);
  const { managedFields: given } = asked.metadata;
  keepMeta(store, asked, old, request);
  const part = store.definition.parts?.[request.subresource]?.take(asked, copyOf(old), context);
  const next = (part ?? asked) as Writable;
  keepRest(store, next, old, request.subresource);
  const account = await accountOfUpdate(registry, store, { next, old, given }, request);
  next.metadata.managedFields = account.fields;
  prepareRest(store, next, old, request.subresource, context);
  const attributes = { operation: 'UPDATE' as const, store, object: next, old, name, ...request };
  await registry.admission.admit(attributes);
  dropRepeatedOwners(next, request.warnings, afterAdmission);
  bumpGeneration(store, next, old, request.subresource);
  throwInvalid(store, next, [...validateChange(store, next, old, request.subresource), ...(account.meant ? validateAccount(next) : [])]);
  if (request.subresource === '' && store.definition.warnings) request.warnings.push(...store.definition.warnings(next, old));
  await registry.admission.validate(attributes);
  const stale = registry.options.isStale;
  if (changesNothing(store, next, old, account) && !(await stale?.(store.keyOf(request.namespace, name))))
    return { wire: current.wire, object: old, changed: false };
  if (isFinished(store, next)) return removeNow(registry, store, next, current.revision, request.dryRun);
  return claiming(registry, store, { next, old, request }, () => replace(target, next, current.revision));
}

/** @throws StoreError `conflict` when somebody else has written since `revision`. */
async function replace({ registry, store, name, request }: Target, next: Writable, revision: number): Promise<Written> {
  const { namespace, dryRun } = request;
  const bytes = store.encode(next);
  if (dryRun) return { wire: withRevision(bytes, revision), object: next, changed: true };
  const { ttlSeconds } = store.definition;
  const ttl = ttlSeconds === undefined ? {} : { ttlSeconds };
  return written(registry, next, bytes, await registry.options.store.update(store.keyOf(namespace, name), bytes, revision, ttl));
}

/** The cache may lag behind what the client has read: then the newer state decides, through a conflict with the store. */
async function mustBeStale(registry: Registry, store: KindStore, namespace: string, name: string, seen: number): Promise<void> {
  const entry = await registry.options.store.get(store.keyOf(namespace, name));
  if (!entry) throw notFound(store.groupResource, name);
  if (entry.revision !== seen) throw new StoreError('conflict', 'the cached object is behind', { current: entry });
}

export function modified(store: KindStore, name: string): Error {
  return conflict(store.groupResource, name, 'the object has been modified; please apply your changes to the latest version and try again');
}

function writeContext(registry: Registry, request: WriteRequest): WriteContext {
  const { clock, random } = registry.options;
  return { clock, random, user: request.user };
}

function written(registry: Registry, object: Writable, bytes: Buffer, revision: number): Written {
  registry.feed.acknowledged(revision);
  object.metadata.resourceVersion = String(revision);
  return { wire: wireOf(bytes, revision), object, changed: true };
}
