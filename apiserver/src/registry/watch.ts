import { expired, type FieldError, fieldForbidden, fieldUnsupported } from '@keelson/machinery';
import type { KindStore } from './kind-store.ts';
import { eachCandidate, matchField, notReady, parseVersion, reach, throwListErrors } from './read.ts';
import type { Registry } from './registry.ts';
import { parseSelection, type SelectionQuery } from './selection.ts';
import { type CacheEvent, Frames, type Representation, type Selection, tell, type Watcher } from './watchers.ts';

export interface WatchQuery extends SelectionQuery {
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  readonly continue: string;
  /** True: present objects first, then a bookmark that says so. False: none of them. Absent: as the resourceVersion tells. */
  readonly sendInitialEvents?: boolean | undefined;
}

/** Where a watch's frames go. */
export interface WatchSink {
  deliver(frame: Buffer, revision: number): void;
  /** Takes events instead of frames, for a version that takes time to make. */
  decide?(event: CacheEvent, selection: Selection): void;
  /** All present objects have been delivered. */
  initialDone?(revision: number): void;
  /** Something cannot be told: the watch is over. */
  end?(): void;
}

export interface OpenWatch {
  /** Ends the watch. */
  close(): void;
}

/**
 * Opens a watch. Nothing is delivered before this resolves, except what is delivered during the call itself: what the watcher missed
 * since its resourceVersion, or, without one (or with `sendInitialEvents`), the present objects as ADDED.
 * @throws StatusError Expired (410) when the history since resourceVersion is gone, TooManyRequests while something stored cannot be read.
 */
export async function openWatch(
  registry: Registry,
  store: KindStore,
  query: WatchQuery,
  representation: Representation,
  sink: WatchSink,
): Promise<OpenWatch> {
  checkWatchOptions(query);
  const selection = parseSelection(store, query);
  const version = parseVersion(query.resourceVersion);
  const fromState = query.sendInitialEvents ?? (version === undefined || version === 0);
  if (fromState) await reach(registry, version);
  if (store.cache.fault) throw notReady();
  const since = version || registry.feed.revision;
  if (!fromState && !store.cache.reaches(since)) throw expired(`too old resource version: ${since} (${store.cache.oldest})`);
  // A client may have read what the cache has yet to hear of: that is no news to it then.
  const deliver = (frame: Buffer, revision: number): void => {
    if (fromState || revision > since) sink.deliver(frame, revision);
  };
  const decide = (event: CacheEvent): void => {
    if (fromState || event.revision > since) sink.decide?.(event, selection);
  };
  const watcher: Watcher = { selection, representation, deliver, end: () => sink.end?.(), ...(sink.decide ? { decide } : {}) };
  // From here to the return everything is synchronous: no change can slip between the past and the present.
  if (fromState) sendState(store, watcher, sink, registry.feed.revision);
  else store.cache.replay(since, watcher);
  return { close: store.cache.watchers.add(watcher) };
}

/** @throws StatusError Invalid for options that contradict each other. */
export function checkWatchOptions(query: Omit<WatchQuery, keyof SelectionQuery>): void {
  const { resourceVersion, resourceVersionMatch: match, sendInitialEvents, continue: token } = query;
  // Where nothing is said of a version, or 0, initial events are meant, and with them a match.
  const matches = match !== '' || (sendInitialEvents === undefined && (resourceVersion === '' || resourceVersion === '0'));
  const errors: FieldError[] = [];
  if (sendInitialEvents !== undefined && match !== 'NotOlderThan')
    errors.push(fieldForbidden(matchField, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
  if (match && sendInitialEvents === undefined)
    errors.push(fieldForbidden(matchField, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'));
  if (match && match !== 'NotOlderThan') errors.push(fieldUnsupported(matchField, match, ['NotOlderThan']));
  if (matches && token) errors.push(fieldForbidden(matchField, 'resourceVersionMatch is forbidden when continue is provided'));
  throwListErrors(errors);
}

function sendState(store: KindStore, watcher: Watcher, sink: WatchSink, revision: number): void {
  eachCandidate(store, watcher.selection, (entry) => {
    tell(watcher, new Frames({ revision: entry.revision, entry, previous: undefined }));
    return true;
  });
  sink.initialDone?.(revision);
}
