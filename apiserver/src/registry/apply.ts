import {
  applyConfiguration,
  badRequest,
  checkConfiguration,
  conflict,
  copyOf,
  type FieldOwner,
  isStatusReason,
  type JsonObject,
  problemsText,
  StatusError,
  trustManaged,
  unforeseen,
  writeManaged,
} from '@keelson/machinery';
import { trackedWrite } from './fields.ts';
import type { KindStore } from './kind-store.ts';
import type { Registry } from './registry.ts';
import { fromStored, prepared, toStored } from './versions.ts';
import type { Writable } from './writable.ts';
import { create, update } from './write.ts';
import type { WriteRequest, Written } from './written.ts';

/** One request to apply. */
export interface ApplyRequest {
  /** As it came: checked here, against the kind's fields. */
  readonly config: object;
  /** Takes over fields that others own. */
  readonly force: boolean;
  /** Its owner applies. */
  readonly request: WriteRequest;
  /** Brings the merged object into the kind's shape. @throws StatusError for what does not have it. */
  shape(merged: object): Writable;
  /** Asked before something is made. @throws StatusError Forbidden. */
  mayCreate(): Promise<void>;
}

/** Applications to an object that comes and goes meanwhile before giving up. */
const applyTries = 5;

/**
 * Server-side apply to one object; one that is not there is made, a subresource's never.
 * @throws StatusError Conflict for others' fields, BadRequest, Invalid, NotFound of a subresource.
 */
export async function apply(
  registry: Registry,
  store: KindStore,
  name: string,
  asked: ApplyRequest,
): Promise<Written & { created: boolean }> {
  const { request } = asked;
  checkIdentity(store, asked.config);
  const change = { apply: (current: Writable) => applied(registry, store, current, asked) };
  for (let attempt = 1; ; attempt++) {
    try {
      return { ...(await update(registry, store.hub, name, change, request)), created: false };
    } catch (error) {
      if (!isMissing(error) || request.subresource !== '' || ownerOf(request).subresource !== '') throw error;
    }
    const object = await applied(registry, store, undefined, asked);
    refuseUid(store, name, object);
    // A version says what is to be there, not what is to be made.
    object.metadata.resourceVersion = undefined;
    await asked.mayCreate();
    try {
      return { ...(await create(registry, store.hub, object, request)), created: true };
    } catch (error) {
      if (!isStatusReason(error, 'AlreadyExists') || attempt === applyTries) throw error;
    }
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof StatusError && error.reason === 'NotFound';
}

function ownerOf({ owner }: WriteRequest): FieldOwner {
  if (typeof owner !== 'object') throw new Error('an apply has an owner');
  return owner;
}

/** An object that is to be made cannot have been anything before. */
function refuseUid(store: KindStore, name: string, { metadata }: Writable): void {
  if (!metadata.uid) return;
  throw conflict(
    store.groupResource,
    name,
    `uid mismatch: the provided object specified uid ${metadata.uid}, and no existing object was found`,
  );
}

/** What is no text or no object there says nothing. */
function identityOf(config: object): { apiVersion: string; kind: string; metadata: JsonObject } {
  const { apiVersion, kind, metadata } = config as { [name: string]: unknown };
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const known = typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata);
  return { apiVersion: text(apiVersion), kind: text(kind), metadata: known ? (metadata as JsonObject) : {} };
}

function checkIdentity({ kind }: KindStore, config: object): void {
  const { apiVersion, kind: name, metadata } = identityOf(config);
  if (apiVersion !== kind.apiVersion || name !== kind.kind) {
    throw badRequest(`invalid object type: ${apiVersion.includes('/') ? '' : '/'}${apiVersion}, Kind=${name}`);
  }
  if (Array.isArray(metadata.managedFields)) throw badRequest('metadata.managedFields must be nil');
}

/** What the configuration makes of the object, as it is to be stored. @param current as stored; undefined when it has to be made. */
async function applied(registry: Registry, store: KindStore, current: Writable | undefined, asked: ApplyRequest): Promise<Writable> {
  const { config, force, request } = asked;
  const write = await trackedWrite(registry, store, ownerOf(request), request.subresource);
  const type = write.versions.type(store.kind.apiVersion);
  const problems = type ? checkConfiguration(config, type) : [];
  if (problems.length > 0) throw untyped(store, config, problems);
  const entries = trustManaged(current?.metadata.managedFields);
  const live = current && (await served(store, current));
  const result = await applyConfiguration({ ...write, live, entries, config, force });
  const object = await toStored(store, asked.shape(result.object), current, request.subresource);
  object.metadata.managedFields = writeManaged(result.entries);
  return object;
}

async function served(store: KindStore, current: Writable): Promise<object> {
  await prepared(store, [current]);
  return fromStored(store, copyOf(current));
}

function untyped({ kind }: KindStore, config: object, problems: readonly string[]): StatusError {
  const { name = '', namespace = '' } = identityOf(config).metadata;
  const what = `${namespace}/${name}; ${kind.group}/${kind.version}, Kind=${kind.kind}`;
  return unforeseen(`failed to create typed patch object (${what}): ${problemsText(problems)}`);
}
