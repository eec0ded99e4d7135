import { randomSuffix, timestamp } from '@keelson/base';
import {
  conflict,
  equal,
  type FieldError,
  goQuote,
  invalid,
  isDNS1123Subdomain,
  path,
  sameJson,
  unforeseen,
  validateManagedFields,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from '@keelson/machinery';
import type { KindDefinition, WriteContext } from '../kinds/types.ts';
import type { KindStore } from './kind-store.ts';
import type { Writable } from './writable.ts';
import type { WriteRequest } from './written.ts';

/** What the server says of a new object. The account of its fields, if it brings one, is kept. */
export function prepareMeta(store: KindStore, object: Writable, namespace: string, context: WriteContext): void {
  clearMeta(store, object, namespace);
  fillMeta(store, object, context);
}

/** Takes from a new object what only the server says. Admission sees it so, as upstream: without a name, where that is to be generated. */
export function clearMeta(store: KindStore, object: Writable, namespace: string): void {
  object.metadata = {
    ...object.metadata,
    ...(store.kind.namespaced ? { namespace } : { namespace: undefined }),
    uid: undefined,
    creationTimestamp: undefined,
    generation: undefined,
    deletionTimestamp: undefined,
    deletionGracePeriodSeconds: undefined,
    selfLink: undefined,
    resourceVersion: undefined,
  };
  if (store.definition.status && !store.definition.status.keepOnCreate) object.status = undefined;
}

/** Gives a new object what only the server gives. */
export function fillMeta(store: KindStore, object: Writable, { clock, random }: WriteContext): void {
  const { metadata } = object;
  object.metadata = {
    ...metadata,
    name: metadata.name || (metadata.generateName ? metadata.generateName.slice(0, 58) + randomSuffix(random) : undefined),
    uid: random.uuid(),
    creationTimestamp: timestamp(clock),
    generation: hasGeneration(store) ? 1 : undefined,
  };
}

/** What is made new has no version yet. Upstream sees that last, when it stores the object, and takes it for the server's fault. */
export function mustBeUnversioned(version: string | undefined): void {
  if (!version || !/^\d+$/.test(version) || Number(version) === 0) return;
  throw unforeseen('resourceVersion should not be set on objects to be created');
}

/**
 * Metadata that only the server writes stays as it is, or is left to be refused. A client that replaces the whole object names the one it means
 * by its UID; upstream reads no such condition from a patch. @throws StatusError Conflict for another UID.
 */
export function keepMeta(
  store: KindStore,
  next: Writable,
  old: Writable,
  { subresource, verb }: Pick<WriteRequest, 'subresource' | 'verb'>,
): void {
  const { uid, deletionGracePeriodSeconds: grace, deletionTimestamp: deleted } = next.metadata;
  if (uid && uid !== old.metadata.uid && verb !== 'patch') {
    const condition = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`;
    throw conflict(store.groupResource, old.metadata.name ?? '', condition);
  }
  // The status of a custom resource is all that is taken from such a write.
  const asked = store.isCustom && subresource === 'status' ? {} : { uid, grace, deleted };
  next.metadata = {
    ...next.metadata,
    name: next.metadata.name ?? old.metadata.name,
    namespace: old.metadata.namespace,
    uid: asked.uid || old.metadata.uid,
    resourceVersion: old.metadata.resourceVersion,
    generation: old.metadata.generation,
    creationTimestamp: old.metadata.creationTimestamp,
    deletionTimestamp: old.metadata.deletionTimestamp ?? asked.deleted,
    deletionGracePeriodSeconds: asked.grace ?? old.metadata.deletionGracePeriodSeconds,
    managedFields: old.metadata.managedFields,
    selfLink: undefined,
  };
}

/** @throws StatusError InternalError, as upstream, for what is no version. */
export function mustBeVersion(version: string): void {
  if (/^\d+$/.test(version)) return;
  throw unforeseen(`strconv.ParseUint: parsing ${goQuote(version)}: invalid syntax`);
}

/** Members of metadata that a write of the status leaves as they were. */
export function leftByStatus({ status }: Pick<KindDefinition, 'status'>): readonly (keyof Writable['metadata'])[] {
  const rest = { labels: ['labels'], metadata: ['annotations', 'finalizers', 'labels'] } as const;
  return ['ownerReferences', ...(status?.leaves ? rest[status.leaves] : [])];
}

/**
 * The main resource cannot change status; the status resource changes nothing but status and the open part of metadata. Other
 * subresources (binding, finalize) say themselves what they change.
 */
export function keepRest({ definition }: KindStore, next: Writable, old: Writable, subresource: string): void {
  if (subresource === 'status') {
    for (const key of Object.keys({ ...next, ...old }) as Array<keyof Writable>) {
      if (key !== 'metadata' && key !== 'status') Object.assign(next, { [key]: old[key] });
    }
    for (const member of leftByStatus(definition)) Object.assign(next.metadata, { [member]: old.metadata[member] });
  } else if (subresource === '' && definition.status) next.status = old.status;
}

/** The kind's own rules, after `keepRest`. */
export function prepareRest({ definition }: KindStore, next: Writable, old: Writable, subresource: string, context: WriteContext): void {
  if (subresource === 'status') definition.status?.prepareUpdate?.(next, old, context);
  if (subresource !== '') return;
  definition.dropUnserved?.(next, old);
  definition.prepareUpdate?.(next, old, context);
}

/** Counts a change of what is wanted. */
export function bumpGeneration(store: KindStore, next: Writable, old: Writable, subresource: string): void {
  if ((subresource !== '' && !store.definition.parts?.[subresource]) || !hasGeneration(store)) return;
  const { metadata: _m1, status: _s1, ...wanted } = next;
  const { metadata: _m2, status: _s2, ...before } = old;
  if (!sameObject(store, wanted, before)) next.metadata.generation = (old.metadata.generation ?? 0) + 1;
}

/** Whether two states of an object mean the same. What a custom resource holds means what it says: an empty list is not none. */
export function sameObject({ isCustom }: Pick<KindStore, 'isCustom'>, a: object, b: object): boolean {
  if (!isCustom) return equal(a, b);
  const [left, right] = [a, b] as { readonly [name: string]: unknown }[];
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => (name === 'metadata' ? equal : sameJson)(left?.[name], right?.[name]));
}

function hasGeneration({ definition }: KindStore): boolean {
  return definition.generation ?? definition.status !== undefined;
}

export function validateMeta(store: KindStore, object: Writable): FieldError[] {
  const name = (value: string, prefix: boolean) => store.definition.name?.(value, prefix) ?? isDNS1123Subdomain(value, prefix);
  const rules = { namespaced: store.kind.namespaced, name, qualifiedFinalizers: !store.definition.anyFinalizers };
  return validateObjectMeta(unaccounted(object), rules, path('metadata'));
}

export function validateChange(store: KindStore, next: Writable, old: Writable, subresource: string): FieldError[] {
  const { definition } = store;
  const meta = [
    ...validateMeta(store, next),
    ...validateObjectMetaUpdate(unaccounted(next), old.metadata, path('metadata'), !definition.anyFinalizers),
  ];
  if (subresource === 'status') return [...meta, ...(definition.status?.validateUpdate?.(next, old) ?? [])];
  const part = definition.parts?.[subresource];
  if (part) return [...meta, ...(part.validateUpdate?.(next, old) ?? [])];
  const own = definition.validate?.(next, old) ?? [];
  return [...meta, ...own, ...changeErrors(store, next, old, own.length === 0)];
}

/** The account of fields is the server's own: what a client says in it is looked at when it comes. */
function unaccounted({ metadata }: Writable): Writable['metadata'] {
  return { ...metadata, managedFields: undefined };
}

/** What a client may say in an account it writes itself. */
export function validateAccount({ metadata }: Writable): FieldError[] {
  return validateManagedFields(metadata.managedFields ?? [], path('metadata').child('managedFields'));
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

export function throwInvalid(store: KindStore, object: Writable, errors: FieldError[]): void {
  if (errors.length > 0) throw invalid({ group: store.kind.group, kind: store.kind.kind }, object.metadata.name ?? '', errors);
}
