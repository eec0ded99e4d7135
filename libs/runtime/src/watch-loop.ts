import { type Clock, errorMessage, type Logger, type Random, sleep } from '@keelson/base';
import { type Api, ApiError, type KubeObject, type ListQuery } from '@keelson/client';
import type { Kind } from '@keelson/types';
import { type Failure, initialState, pageSize, type StoreEffect, step, type WatcherInput, type WatcherState } from './watcher.ts';

export interface WatchLoopDeps {
  readonly api: Api;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

export interface WatchLoop<T> {
  readonly kind: Kind<T>;
  readonly selection: Pick<ListQuery, 'namespace' | 'labelSelector' | 'fieldSelector'>;
  readonly apply: (effect: StoreEffect<T>) => void;
  readonly signal: AbortSignal;
}

/** Drives the watcher's state machine against an API until the signal aborts: the shell that lists, watches and waits. Never rejects. */
export async function runWatchLoop<T extends KubeObject>(loop: WatchLoop<T>, deps: WatchLoopDeps): Promise<void> {
  let state = initialState<T>();
  const take = (input: WatcherInput<T>): void => {
    const taken = step(state, input);
    state = taken.state;
    if (taken.effect) loop.apply(taken.effect);
  };
  while (!loop.signal.aborted) {
    try {
      await perform(state, take, loop, deps);
    } catch (error) {
      if (loop.signal.aborted) return;
      deps.log.warn(`failed to ${state.phase === 'listing' ? 'list' : 'watch'} ${loop.kind.kind}: ${errorMessage(error)}`);
      take({ type: 'failed', why: failureOf(error), chance: deps.random.next() });
    }
  }
}

async function perform<T extends KubeObject>(
  state: WatcherState<T>,
  take: (input: WatcherInput<T>) => void,
  loop: WatchLoop<T>,
  { api, clock, random }: WatchLoopDeps,
): Promise<void> {
  const { kind, selection, signal } = loop;
  switch (state.phase) {
    case 'waiting':
      await sleep(clock, state.delay, signal);
      return take({ type: 'waited' });
    case 'listing': {
      const { items, metadata } = await api.list(kind, { ...selection, ...pageOf(state), signal });
      return take({ type: 'page', items, resourceVersion: metadata.resourceVersion ?? '', continue: metadata.continue || undefined });
    }
    case 'watching': {
      const started = clock.now();
      // The server ends watches after 5 to 10 minutes, each client's at another time.
      const timeoutSeconds = Math.floor(300 * (1 + random.next()));
      const { resourceVersion } = state;
      for await (const { type, object } of api.watch(kind, {
        ...selection,
        resourceVersion,
        allowWatchBookmarks: true,
        timeoutSeconds,
        signal,
      })) {
        take({ type: 'event', event: type, object });
      }
      if (!signal.aborted) take({ type: 'ended', lived: clock.now() - started });
    }
  }
}

function pageOf<T>(state: Extract<WatcherState<T>, { phase: 'listing' }>): ListQuery {
  const limit = state.paged ? { limit: pageSize } : {};
  return state.continue ? { ...limit, continue: state.continue } : { ...limit, resourceVersion: state.resourceVersion };
}

function failureOf(error: unknown): Failure {
  if (!(error instanceof ApiError)) return 'other';
  if (error.code === 410 || error.reason === 'Expired' || error.reason === 'Gone') return 'expired';
  const ahead = error.status.details?.causes?.some((cause) => cause.reason === 'ResourceVersionTooLarge');
  return ahead ? 'ahead' : 'other';
}
