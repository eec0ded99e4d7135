import { timestamp } from '@keelson/base';
import {
  type FieldOwner,
  type FieldSet,
  type ManagedEntry,
  type MergeType,
  readManaged,
  sameOwners,
  setOf,
  type TrackedWrite,
  trackField,
  trackUpdate,
  trustManaged,
  writeManaged,
} from '@keelson/machinery';
import type { ManagedFieldsEntry } from '@keelson/types';
import type { ScaleRules } from '../kinds/types.ts';
import type { KindStore } from './kind-store.ts';
import { leftByStatus, sameObject } from './prepare.ts';
import type { Registry } from './registry.ts';
import type { Writable } from './writable.ts';
import type { WriteRequest } from './written.ts';

const noFields: FieldSet = setOf();
const onlyStatus: FieldSet = setOf(['f:status']);
/** Of a custom resource nothing else is known for sure. */
const allButStatus: FieldSet = setOf(['f:metadata'], ['f:spec']);

/** What writes of a resource or subresource put back to what it was. */
function resetBy(store: KindStore, subresource: string, type: MergeType | undefined): FieldSet {
  if (subresource === '') return store.definition.status ? onlyStatus : noFields;
  if (subresource !== 'status') return noFields;
  if (store.isCustom) return allButStatus;
  const kept = leftByStatus(store.definition).map((name) => ['f:metadata', `f:${name}`]);
  return setOf(...kept, ...restOf(type).map((name) => [`f:${name}`]));
}

/** What an object has besides its status. */
function restOf(type: MergeType | undefined): readonly string[] {
  if (type?.is !== 'map') return ['spec'];
  return [...type.fields.keys()].filter((name) => !['apiVersion', 'kind', 'metadata', 'status'].includes(name));
}

/** The write of an owner, for the account. */
export async function trackedWrite(registry: Registry, store: KindStore, owner: FieldOwner, subresource: string): Promise<TrackedWrite> {
  const versions = await registry.fields.of(store);
  const reset = resetBy(store, subresource, versions.type(owner.apiVersion));
  return { owner, reset, now: timestamp(registry.options.clock), versions };
}

/** Whose the fields of a write are; undefined where there is no account to keep, or it is kept already. */
function ownerOf(store: KindStore, { owner, subresource }: WriteRequest): FieldOwner | undefined {
  if (owner === 'nobody' || (owner && owner.operation === 'Apply')) return undefined;
  return owner ?? { manager: 'kube-apiserver', operation: 'Update', apiVersion: store.kind.apiVersion, subresource };
}

/** The account of a new object, as it comes from its writer: what the server adds from here on is nobody's. */
export async function accountOfCreate(
  registry: Registry,
  store: KindStore,
  object: Writable,
  request: WriteRequest,
): Promise<ManagedFieldsEntry[] | undefined> {
  const owner = ownerOf(store, request);
  if (!owner) return request.owner === 'nobody' ? undefined : object.metadata.managedFields;
  return accounted(registry, undefined, async () => {
    const write = await trackedWrite(registry, store, owner, '');
    return writeManaged(await trackUpdate([], {}, await seenBy(owner, store, object, write), write));
  });
}

/** A write does not fail because its fields cannot be accounted for, where another server would have to convert them. */
async function accounted<T>(registry: Registry, otherwise: T, account: () => Promise<T>): Promise<T> {
  try {
    return await account();
  } catch (error) {
    registry.options.log.warn('managed fields are left as they were', { err: error });
    return otherwise;
  }
}

/** An update on its way. */
export interface Update {
  readonly next: Writable;
  readonly old: Writable;
  /** The account the writer sent: it may change it, or begin anew with an empty one. */
  readonly given: ManagedFieldsEntry[] | undefined;
}

export interface Account {
  readonly fields: ManagedFieldsEntry[] | undefined;
  /** Whether the account itself is what the write may change, besides what follows from the rest. */
  readonly meant: boolean;
}

/** The account after an update. Objects without one get none: it begins with the next apply. */
export async function accountOfUpdate(registry: Registry, store: KindStore, update: Update, request: WriteRequest): Promise<Account> {
  const { next, old, given } = update;
  const kept = old.metadata.managedFields;
  const owner = ownerOf(store, request);
  if (!owner) return request.owner === 'nobody' ? { fields: kept, meant: false } : { fields: given, meant: true };
  const meant = request.subresource === '' && given !== undefined && !sameOwners(given, kept);
  const entries = meant ? givenEntries(given, kept) : trustManaged(kept);
  if (entries.length === 0) return { fields: undefined, meant };
  const { scale } = store.definition;
  if (owner.subresource === 'scale' && scale) return { fields: writeManaged(accountOfScale(entries, scale, { next, old }, owner)), meant };
  const fields = await accounted(registry, kept, async () => {
    const write = await trackedWrite(registry, store, owner, request.subresource);
    const seen = (object: Writable): Promise<object> | object => seenBy(owner, store, object, write);
    return writeManaged(await trackUpdate(entries, await seen(old), await seen(next), write));
  });
  return { fields, meant };
}

/** A scale writes the replicas alone, whatever else comes of it. */
function accountOfScale(
  entries: readonly ManagedEntry[],
  { path, replicas, isSet }: ScaleRules<unknown>,
  { next, old }: Pick<Update, 'next' | 'old'>,
  owner: FieldOwner,
): ManagedEntry[] {
  if (isSet?.(old) === false || replicas(next) === replicas(old)) return [...entries];
  const elements = path.split('.').filter((name) => name !== '');
  return trackField(
    entries,
    elements.map((name) => `f:${name}`),
    owner,
  );
}

/** What is stored in the version its writer speaks. */
function seenBy({ apiVersion }: FieldOwner, store: KindStore, object: Writable, { versions }: TrackedWrite): Promise<object> | object {
  return apiVersion === store.kind.apiVersion ? object : versions.convert(object, store.kind.apiVersion, apiVersion);
}

/** None, or one that says nothing, asks for a new account; what is no account is not listened to. */
function givenEntries(given: readonly ManagedFieldsEntry[], kept: readonly ManagedFieldsEntry[] | undefined): ManagedEntry[] {
  const [only] = given;
  if (!only || (given.length === 1 && Object.keys(only).length === 0)) return [];
  try {
    return readManaged(given);
  } catch {
    return trustManaged(kept);
  }
}

/** Whether a write changes nothing. Times of the account do not count, nor does the account itself where it only follows. */
export function changesNothing(store: KindStore, next: Writable, old: Writable, { fields, meant }: Account): boolean {
  const kept = old.metadata.managedFields;
  if (meant && !sameOwners(fields, kept)) return false;
  return sameObject(store, { ...next, metadata: { ...next.metadata, managedFields: kept } }, old);
}
