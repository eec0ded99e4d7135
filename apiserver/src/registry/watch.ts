import { expired } from '@keelson/machinery';
import type { KindStore } from './kind-store.ts';
import { parseVersion, reach } from './read.ts';
import type { Registry } from './registry.ts';
import { parseSelection, type SelectionQuery } from './selection.ts';
import { Frames, type Representation, type Watcher } from './watchers.ts';

export interface WatchQuery extends SelectionQuery {
  readonly resourceVersion: string;
  /** Present objects first, then a bookmark that says so. */
  readonly sendInitialEvents: boolean;
}

/** Where a watch's frames go. */
export interface WatchSink {
  deliver(frame: Buffer, revision: number): void;
  /** All present objects have been delivered. */
  initialDone?(revision: number): void;
}

export interface OpenWatch {
  /** Ends the watch. */
  close(): void;
}

/**
 * Opens a watch. Nothing is delivered before this resolves, except what is delivered during the call itself: what the watcher missed
 * since its resourceVersion, or, without one (or with `sendInitialEvents`), the present objects as ADDED.
 * @throws StatusError Expired (410) when the history since resourceVersion is gone.
 */
export async function openWatch(
  registry: Registry,
  store: KindStore,
  query: WatchQuery,
  representation: Representation,
  sink: WatchSink,
): Promise<OpenWatch> {
  const selection = parseSelection(store, query);
  const version = parseVersion(query.resourceVersion);
  const watcher: Watcher = { selection, representation, deliver: sink.deliver };
  const fromState = query.sendInitialEvents || version === undefined || version === 0;
  if (fromState) await reach(registry, version);
  else if (version > registry.feed.revision) await reach(registry, version);
  if (!fromState && !store.cache.reaches(version)) {
    throw expired(`too old resource version: ${version} (${registry.feed.revision})`);
  }
  // From here to the return everything is synchronous: no change can slip between the past and the present.
  if (fromState) sendState(store, watcher, sink, registry.feed.revision);
  else store.cache.replay(version, watcher);
  return { close: store.cache.watchers.add(watcher) };
}

function sendState(store: KindStore, watcher: Watcher, sink: WatchSink, revision: number): void {
  for (const entry of store.cache.under(store.scopeOf(watcher.selection.namespace))) {
    const frame = new Frames({ revision: entry.revision, entry, previous: undefined }).for(watcher);
    if (frame) watcher.deliver(frame, entry.revision);
  }
  sink.initialDone?.(revision);
}
