import { badRequest, expired, invalid, notFound, path, resourceVersionTooLarge } from '@keelson/machinery';
import { StoreError } from '../storage/types.ts';
import { type CacheEntry, toEntry } from './entry.ts';
import type { KindStore } from './kind-store.ts';
import type { Registry } from './registry.ts';
import { parseSelection, type SelectionQuery } from './selection.ts';
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
  const entry = store.cache.get(store.keyOf(namespace, name));
  if (!entry) throw notFound(store.groupResource, name);
  return entry;
}

export interface ListQuery extends SelectionQuery {
  readonly limit: number;
  readonly continue: string;
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
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
  if (query.continue) return listOn(registry, store, selection, query, parseToken(query.continue));
  if (query.resourceVersionMatch === 'Exact') return listAt(registry, store, selection, query, Number(query.resourceVersion), undefined);
  await reach(registry, parseVersion(query.resourceVersion));
  const { revision } = registry.feed;
  const entries: CacheEntry[] = [];
  const candidates = candidatesOf(store, selection);
  for (const entry of candidates) {
    if (!selection.matches(entry)) continue;
    if (query.limit > 0 && entries.length === query.limit) {
      const rest = selection.everything ? 1 + count(candidates) : undefined;
      return page(entries, revision, (entries.at(-1) as CacheEntry).key, store, rest);
    }
    entries.push(entry);
  }
  return page(entries, revision, undefined, store, undefined);
}

/** Entries that can match: one when the name is pinned, else those of the namespace or all. */
function* candidatesOf(store: KindStore, selection: Selection): IterableIterator<CacheEntry> {
  const name = selection.fieldEquals['metadata.name'];
  const namespace = selection.namespace ?? selection.fieldEquals['metadata.namespace'];
  if (name !== undefined && (namespace !== undefined || !store.kind.namespaced)) {
    const entry = store.cache.get(store.keyOf(namespace ?? '', name));
    if (entry) yield entry;
    return;
  }
  yield* store.cache.under(store.scopeOf(namespace));
}

function count(iterator: Iterator<unknown>): number {
  let n = 0;
  while (!iterator.next().done) n++;
  return n;
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
    const { revision } = await registry.options.store.list(store.prefix, { countOnly: true, limit: 1 });
    return listAt(registry, store, selection, query, revision, startAfter);
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
    for (const { key, value, revision: at } of result.entries) {
      const entry = toEntry(key, value, at, store.fieldsOf);
      if (selection.matches(entry)) entries.push(entry);
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

function parseToken(text: string): Token {
  try {
    const { v, rv, start } = JSON.parse(Buffer.from(text, 'base64url').toString()) as { v: unknown; rv: unknown; start: unknown };
    if (v === 'meta.k8s.io/v1' && Number.isSafeInteger(rv) && rv !== 0 && typeof start === 'string' && !start.includes('..'))
      return { revision: rv as number, start };
  } catch {
    // Falls through to the one answer for every bad token.
  }
  throw badRequest('continue key is not valid: invalid character in token');
}

function checkListOptions({ resourceVersion, resourceVersionMatch: match, continue: token, limit }: ListQuery): void {
  const refuse = (field: string, detail: string): never => {
    throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', [
      { type: 'Forbidden', path: path(field).toString(), detail, badValue: undefined },
    ]);
  };
  if (match && token) refuse('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided');
  if (match && !resourceVersion) refuse('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided');
  if (match && match !== 'Exact' && match !== 'NotOlderThan') {
    throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', [
      { type: 'Unsupported', path: 'resourceVersionMatch', badValue: match, detail: 'supported values: "Exact", "NotOlderThan"' },
    ]);
  }
  if (match === 'Exact' && resourceVersion === '0')
    refuse('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  if (token && resourceVersion && resourceVersion !== '0')
    throw badRequest('specifying resource version is not allowed when using continue');
  if (limit < 0) throw badRequest('limit must be non-negative');
}

/** undefined: the newest; 0: whatever is there; else at least this revision. */
export function parseVersion(resourceVersion: string): number | undefined {
  if (!resourceVersion) return undefined;
  if (!/^\d+$/.test(resourceVersion))
    throw badRequest(
      `resourceVersion: Invalid value: "${resourceVersion}": strconv.ParseUint: parsing "${resourceVersion}": invalid syntax`,
    );
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
