import type { KubeObject } from '@keelson/client';
import { isLater } from './resource-version.ts';

/** Objects a list page holds at most, as client-go's pager asks for. */
export const pageSize = 500;

/** A list to be made: from which revision and in pages or, after a page expired, whole. */
interface Listing<T> {
  readonly phase: 'listing';
  /** `0`: whatever the server has at hand. A revision: not older than that. Empty: the newest there is. */
  readonly resourceVersion: string;
  readonly paged: boolean;
  readonly continue: string | undefined;
  readonly collected: readonly T[];
  readonly failures: number;
}

/** The list is stored and changes are followed from a revision. */
interface Watching {
  readonly phase: 'watching';
  readonly resourceVersion: string;
  readonly failures: number;
}

/** Something failed; `next` is tried again after `delay` milliseconds. */
interface Waiting<T> {
  readonly phase: 'waiting';
  readonly delay: number;
  readonly next: Listing<T> | Watching;
}

export type WatcherState<T> = Listing<T> | Watching | Waiting<T>;

/** Why a list or watch failed. `expired`: the revision is gone (410). `ahead`: the server has not reached it. */
export type Failure = 'expired' | 'ahead' | 'other';

export type WatcherInput<T> =
  | { readonly type: 'page'; readonly items: readonly T[]; readonly resourceVersion: string; readonly continue: string | undefined }
  | { readonly type: 'event'; readonly event: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; readonly object: T }
  /** The server ended the watch, `lived` milliseconds old. */
  | { readonly type: 'ended'; readonly lived: number }
  /** `chance` in [0, 1) spreads the retries of many clients. */
  | { readonly type: 'failed'; readonly why: Failure; readonly chance: number }
  | { readonly type: 'waited' };

/** What a step does to the store. */
export type StoreEffect<T> =
  | { readonly type: 'replace'; readonly objects: readonly T[]; readonly resourceVersion: string }
  | { readonly type: 'set' | 'delete'; readonly object: T; readonly resourceVersion: string }
  | { readonly type: 'seen'; readonly resourceVersion: string };

export interface WatcherStep<T> {
  readonly state: WatcherState<T>;
  readonly effect?: StoreEffect<T>;
}

const firstDelay = 800;
const longestDelay = 30_000;

/** A watch that ended sooner than this without a word is a failure: asking again at once would spin. */
const shortestWatch = 1000;

/** The first list takes whatever revision the server has at hand, as client-go's reflector. */
export function initialState<T>(): WatcherState<T> {
  return listing('0', true, 0);
}

/**
 * One step of keeping a store equal to the server: list, then watch from the list's revision; resume a broken watch from the last revision
 * seen; list anew when that has expired. The store keeps its objects until a whole new list is there.
 */
export function step<T extends KubeObject>(state: WatcherState<T>, input: WatcherInput<T>): WatcherStep<T> {
  switch (state.phase) {
    case 'listing':
      if (input.type === 'page') return stepPage(state, input);
      return input.type === 'failed' ? { state: afterFailedList(state, input.why, input.chance) } : { state };
    case 'watching':
      if (input.type === 'event') return stepEvent(state, input.event, input.object);
      if (input.type === 'ended') return { state: afterEnd(state, input.lived) };
      return input.type === 'failed' ? { state: afterFailedWatch(state, input.why, input.chance) } : { state };
    case 'waiting':
      return input.type === 'waited' ? { state: state.next } : { state };
  }
}

function stepPage<T>(state: Listing<T>, page: Extract<WatcherInput<T>, { type: 'page' }>): WatcherStep<T> {
  const objects = state.collected.length === 0 ? page.items : [...state.collected, ...page.items];
  if (page.continue) return { state: { ...state, continue: page.continue, collected: objects } };
  const { resourceVersion } = page;
  return { state: { phase: 'watching', resourceVersion, failures: state.failures }, effect: { type: 'replace', objects, resourceVersion } };
}

function stepEvent<T extends KubeObject>(state: Watching, event: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK', object: T): WatcherStep<T> {
  const resourceVersion = object.metadata.resourceVersion ?? state.resourceVersion;
  // A resumed watch may tell again what was heard before: going back would undo what came after.
  if (event !== 'BOOKMARK' && isRepeat(resourceVersion, state.resourceVersion)) return { state };
  const next: Watching = { phase: 'watching', resourceVersion, failures: 0 };
  switch (event) {
    case 'BOOKMARK':
      return isLater(state.resourceVersion, resourceVersion) ? { state } : { state: next, effect: { type: 'seen', resourceVersion } };
    case 'DELETED':
      return { state: next, effect: { type: 'delete', object, resourceVersion } };
    default:
      return { state: next, effect: { type: 'set', object, resourceVersion } };
  }
}

function isRepeat(resourceVersion: string, last: string): boolean {
  return resourceVersion === last || isLater(last, resourceVersion);
}

function afterEnd<T>(state: Watching, lived: number): WatcherState<T> {
  return lived >= shortestWatch ? { ...state, failures: 0 } : wait(state, 0);
}

function afterFailedWatch<T>(state: Watching, why: Failure, chance: number): WatcherState<T> {
  if (why === 'expired') {
    // A page of a revision would be of that very one, which is the past: all is asked for, as client-go does. Once at once; a server whose
    // fresh lists expire again is given time.
    const again = listing<T>(state.resourceVersion, false, state.failures);
    return state.failures === 0 ? { ...again, failures: 1 } : wait(again, chance);
  }
  if (why === 'ahead') return wait(listing<T>('', true, state.failures), chance);
  return wait(state, chance);
}

function afterFailedList<T>(state: Listing<T>, why: Failure, chance: number): WatcherState<T> {
  if (why === 'other') return wait(state.continue ? listing<T>(state.resourceVersion, state.paged, state.failures) : state, chance);
  // A continue token that expired says that pages are too slow here: take all at once.
  if (state.continue) return listing('', false, state.failures);
  return state.resourceVersion === '' ? wait(state, chance) : listing('', true, state.failures);
}

function listing<T>(resourceVersion: string, paged: boolean, failures: number): Listing<T> {
  return { phase: 'listing', resourceVersion, paged, continue: undefined, collected: [], failures };
}

function wait<T>(next: Listing<T> | Watching, chance: number): Waiting<T> {
  const delay = Math.min(firstDelay * 2 ** next.failures, longestDelay) * (1 + chance);
  return { phase: 'waiting', delay, next: { ...next, failures: next.failures + 1 } };
}
