import { errorMessage } from '@keelson/base';
import type { KubeObject } from '@keelson/client';
import {
  badRequest,
  expired,
  type FieldError,
  fieldForbidden,
  fieldInvalid,
  fieldUnsupported,
  formatFieldError,
  goQuote,
  invalid,
  notFound,
  resourceVersionTooLarge,
  tooManyRequests,
} from '@keelson/machinery';
import { StoreError } from '../storage/types.ts';
import { type CacheEntry, faultOf, parseEntry, toEntry } from './entry.ts';
import type { KindStore } from './kind-store.ts';
import type { Registry } from './registry.ts';
import { parseSelection, type SelectionQuery } from './selection.ts';
import { fromStored, prepared } from './versions.ts';
import type { Selection } from './watchers.ts';

/** How long a read waits for a resourceVersion from the future, as upstream, in milliseconds. */
const futureWait = 3_000;

/** One object. Without a resourceVersion the read is linearizable; with `0` it may be stale; else it is at least that new. */
export async function get(
  registry: Registry,
  store: KindStore,
  namespace: string,
  name: string,
  resourceVersion: string,
): Promise<CacheEntry> {
  await reach(registry, parseVersion(resourceVersion));
  const key = store.keyOf(namespace, name);
  const entry = store.cache.fault ? await getStored(registry, store, key) : store.cache.get(key);
  if (!entry) throw notFound(store.groupResource, name);
  return entry;
}

/** Past a cache that does not hold all of its kind. @throws Error when it is this object that cannot be read. */
async function getStored({ options }: Registry, { index }: KindStore, key: string): Promise<CacheEntry | undefined> {
  const entry = await options.store.get(key);
  const fault = entry && faultOf(entry);
  if (fault) throw fault;
  return entry && toEntry(entry.key, entry.value, entry.revision, index);
}

export interface ListQuery extends SelectionQuery {
  /** 0: none. */
  readonly limit: number;
  readonly continue: string;
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  /** Only watches may say so. */
  readonly sendInitialEvents?: boolean | undefined;
}

export interface ListPage {
  readonly entries: readonly CacheEntry[];
  readonly resourceVersion: string;
  readonly continue: string | undefined;
  readonly remainingItemCount: number | undefined;
}

/**
 * A consistent list, or one page of it. The first page comes from the cache; pages after it read the store at the token's revision.
 * @throws StatusError BadRequest for options that contradict each other, Expired for a token or version that was compacted away.
 */
export async function list(registry: Registry, store: KindStore, query: ListQuery): Promise<ListPage> {
  checkListOptions(query);
  const selection = parseSelection(store, query);
  const found = await listIndexed(registry, store, selection, query);
  const { matchesServed } = selection;
  if (!matchesServed) return found;
  const objects = found.entries.map((entry) => parseEntry(entry));
  await prepared(store, objects);
  return { ...found, entries: found.entries.filter((_, index) => matchesServed(fromStored(store, objects[index] as KubeObject))) };
}

/** What the index can tell. A page may lose objects yet, never gain any. */
async function listIndexed(
  registry: Registry,
  store: KindStore,
  selection: Selection & { everything: boolean },
  query: ListQuery,
): Promise<ListPage> {
  if (query.continue) {
    const token = parseToken(query.continue);
    if (query.resourceVersion && query.resourceVersion !== '0')
      throw badRequest('specifying resource version is not allowed when using continue');
    return listOn(registry, store, selection, query, token);
  }
  const version = versionOfList(query);
  if (version !== undefined && isExact(query, version)) return listAt(registry, store, selection, query, version, undefined);
  await reach(registry, version);
  if (store.cache.fault) {
    if (query.limit === 0 || !selection.everything) throw notReady();
    return listAt(registry, store, selection, query, await registry.feed.newest(), undefined);
  }
  const { revision } = registry.feed;
  const limit = query.resourceVersion === '0' ? 0 : query.limit;
  const entries: CacheEntry[] = [];
  let more = 0;
  eachCandidate(store, selection, (entry) => {
    if (!selection.matches(entry)) return true;
    if (limit > 0 && entries.length === limit) {
      more++;
      return selection.everything;
    }
    entries.push(entry);
    return true;
  });
  if (more === 0) return page(entries, revision, undefined, store, undefined);
  return page(entries, revision, entries.at(-1)?.key, store, selection.everything ? more : undefined);
}

/** A page of a version without a word on how to match it means that very version, as it did before there was such a word. */
function isExact({ resourceVersionMatch, limit }: ListQuery, version: number): boolean {
  return resourceVersionMatch === 'Exact' || (resourceVersionMatch === '' && limit > 0 && version > 0);
}

/** Entries that can match: one when the name is pinned, else those of the namespace or all. */
export function eachCandidate(store: KindStore, selection: Selection, visit: (entry: CacheEntry) => boolean): void {
  const name = selection.fieldEquals['metadata.name'];
  const namespace = selection.namespace ?? selection.fieldEquals['metadata.namespace'];
  if (name === undefined || (namespace === undefined && store.kind.namespaced)) {
    store.cache.eachPinned(store.scopeOf(namespace), selection.pins ?? [], visit);
    return;
  }
  const entry = store.cache.get(store.keyOf(namespace ?? '', name));
  if (entry) visit(entry);
}

async function listOn(
  registry: Registry,
  store: KindStore,
  selection: Selection & { everything: boolean },
  query: ListQuery,
  token: Token,
): Promise<ListPage> {
  const startAfter = store.prefix + token.start;
  if (token.revision < 0) {
    return listAt(registry, store, selection, query, await registry.feed.newest(), startAfter);
  }
  try {
    return await listAt(registry, store, selection, query, token.revision, startAfter);
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'compacted') throw error;
    throw expired(
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
      { continue: makeToken(-1, token.start) },
    );
  }
}

async function listAt(
  registry: Registry,
  store: KindStore,
  selection: Selection & { everything: boolean },
  query: ListQuery,
  revision: number,
  startAfter: string | undefined,
): Promise<ListPage> {
  const scope = store.scopeOf(selection.namespace);
  const entries: CacheEntry[] = [];
  let after = startAfter;
  for (;;) {
    const limit = query.limit > 0 ? query.limit - entries.length : undefined;
    const result = await readAt(registry, scope, revision, after, limit);
    for (const stored of result.entries) {
      const fault = faultOf(stored);
      if (fault) throw new Error(`unable to transform key ${goQuote(stored.key)}: ${fault.message}`, { cause: fault });
      const entry = toEntry(stored.key, stored.value, stored.revision, store.index);
      if (entry && selection.matches(entry)) entries.push(entry);
    }
    const last = result.entries.at(-1);
    const rest = result.count - result.entries.length;
    if (!last || rest === 0) return page(entries, revision, undefined, store, undefined);
    if (query.limit > 0 && entries.length >= query.limit)
      return page(entries, revision, last.key, store, selection.everything ? rest : undefined);
    after = last.key;
  }
}

async function readAt(registry: Registry, scope: string, revision: number, startAfter: string | undefined, limit: number | undefined) {
  const { store } = registry.options;
  try {
    return await store.list(scope, {
      revision,
      ...(startAfter === undefined ? {} : { startAfter }),
      ...(limit === undefined ? {} : { limit }),
    });
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    if (error.code === 'future') throw resourceVersionTooLarge(revision, registry.feed.revision);
    if (error.code === 'compacted' && startAfter === undefined) throw expired('The resourceVersion for the provided list is too old.');
    throw error;
  }
}

function page(
  entries: readonly CacheEntry[],
  revision: number,
  last: string | undefined,
  store: KindStore,
  remaining: number | undefined,
): ListPage {
  const next = last === undefined ? undefined : makeToken(revision, last.slice(store.prefix.length));
  return { entries, resourceVersion: String(revision), continue: next, remainingItemCount: remaining };
}

interface Token {
  /** -1 continues at whatever is newest. */
  readonly revision: number;
  /** The last key of the page before, without the kind's prefix. */
  readonly start: string;
}

function makeToken(revision: number, start: string): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start })).toString('base64url');
}

/** @throws StatusError BadRequest for a text that is no `continue` of ours. */
export function parseToken(text: string): Token {
  const refuse = (why: string): never => {
    throw badRequest(`invalid continue token: continue key is not valid${why}`);
  };
  const { v = '', rv = 0, start = '' } = readToken(text, refuse);
  if (v !== 'meta.k8s.io/v1') refuse(`: server does not recognize this encoded version ${v}`);
  if (!Number.isSafeInteger(rv) || rv === 0) refuse(': incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  if (typeof start !== 'string' || start === '') refuse(': encoded start key empty (version meta.k8s.io/v1)');
  const key = String(start).replace(/^\//, '');
  if (key.split('/').some((segment) => segment === '' || segment === '.' || segment === '..')) refuse(`: ${start}`);
  return { revision: rv as number, start: key };
}

function readToken(text: string, refuse: (why: string) => never): { v?: unknown; rv?: unknown; start?: unknown } {
  const odd = text.search(/[^\w-]/);
  if (odd >= 0) refuse(`: illegal base64 data at input byte ${odd}`);
  try {
    const token: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (typeof token === 'object' && !Array.isArray(token)) return token ?? {};
  } catch {
    // The same answer for every text that is no token.
  }
  return refuse(': invalid character in token');
}

/** @throws StatusError Invalid for options of a list that contradict each other. */
export function checkListOptions(query: Omit<ListQuery, keyof SelectionQuery | 'limit'>): void {
  const { resourceVersion, resourceVersionMatch: match, continue: token, sendInitialEvents } = query;
  const errors: FieldError[] = [];
  if (match && !resourceVersion)
    errors.push(fieldForbidden(matchField, 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
  if (match && token) errors.push(fieldForbidden(matchField, 'resourceVersionMatch is forbidden when continue is provided'));
  if (match && match !== 'Exact' && match !== 'NotOlderThan')
    errors.push(fieldUnsupported(matchField, match, ['Exact', 'NotOlderThan', '']));
  if (match === 'Exact' && resourceVersion === '0')
    errors.push(fieldForbidden(matchField, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  if (sendInitialEvents !== undefined) errors.push(fieldForbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  throwListErrors(errors);
}

/** What upstream says of a cache that does not hold its kind, to those whom it does not send on to the store. */
export function notReady(): Error {
  return tooManyRequests('storage is (re)initializing', 1);
}

export const matchField = 'resourceVersionMatch';

/** @throws StatusError Invalid for contradictions in the options of a list or watch. */
export function throwListErrors(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors);
}

/** As `parseVersion`. @throws StatusError BadRequest for what is none: lists alone look before they ask the cache. */
function versionOfList({ resourceVersion }: ListQuery): number | undefined {
  try {
    return parseVersion(resourceVersion);
  } catch (error) {
    throw badRequest(`invalid resource version: ${errorMessage(error)}`);
  }
}

/**
 * undefined: the newest; 0: whatever is there; else at least this revision. @throws StatusError BadRequest for what is none, which upstream takes
 * for the server's fault.
 */
export function parseVersion(resourceVersion: string): number | undefined {
  if (!resourceVersion) return undefined;
  const isNumber = /^\d+$/.test(resourceVersion);
  if (!isNumber || BigInt(resourceVersion) >= 2n ** 64n) {
    const problem = isNumber ? 'value out of range' : 'invalid syntax';
    const why = `strconv.ParseUint: parsing ${goQuote(resourceVersion)}: ${problem}`;
    throw badRequest(formatFieldError(fieldInvalid('resourceVersion', resourceVersion, why)));
  }
  return Number(resourceVersion);
}

/** Waits until the caches are as new as asked. @throws StatusError Timeout (`Too large resource version`) when they do not get there. */
export async function reach(registry: Registry, version: number | undefined): Promise<void> {
  if (version === 0) return;
  if (version === undefined) return registry.feed.fresh();
  if (version <= registry.feed.revision) return;
  const { clock } = registry.options;
  await new Promise<void>((resolve, reject) => {
    const timer = clock.after(futureWait, () => reject(resourceVersionTooLarge(version, registry.feed.revision)));
    registry.feed.reached(version).then(() => {
      timer.cancel();
      resolve();
    });
  });
}
