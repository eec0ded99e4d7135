import { Backoff, type Clock, sleep } from '@keelson/base';
import { StoreError, type StoreEvent } from '../types.ts';
import type { Connection, IWatchResponse, WatchCall } from './connection.ts';
import { storeError } from './errors.ts';

export interface FollowOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  /** Changes with a revision greater than this. */
  readonly after: number;
  readonly signal: AbortSignal;
  /** Receives whole revisions, in order, none lost or repeated. */
  readonly onEvents: (events: readonly StoreEvent[], revision: number) => void;
}

/** Every key: from the least possible one to the end. */
export const allKeys = { key: Buffer.from([0]), range_end: Buffer.from([0]) };

/**
 * Every change of every key, through as many connections as it takes, until the signal aborts. All keys, because then each
 * revision is an event: what has arrived says by itself how far the stream is complete. etcd's progress requests say it for
 * a prefix, but before 3.4.25 and 3.5.8 their answers overtake events.
 * @throws StoreError `compacted`.
 */
export async function follow({ connection, clock, after, signal, onEvents }: FollowOptions): Promise<void> {
  const backoff = new Backoff({ initial: 20, max: 2_000 }, clock);
  let revision = after;
  const accept = (response: IWatchResponse): void => {
    backoff.reset('');
    if (response.canceled) throw cancelError(response);
    const events = response.events.map(eventOf).filter((event) => event.revision > revision);
    const last = events.at(-1);
    if (!last) return;
    revision = last.revision;
    onEvents(events, revision);
  };
  while (!signal.aborted) {
    try {
      await session(await connection.watch(), revision, signal, accept);
    } catch (error) {
      if (signal.aborted) return;
      const mapped = storeError(error);
      if (mapped.code !== 'unavailable') throw mapped;
      connection.failed();
      await sleep(clock, backoff.next(''), signal).catch(() => undefined);
    }
  }
}

/** One stream, until it fails or the signal aborts. */
function session(call: WatchCall, after: number, signal: AbortSignal, accept: (response: IWatchResponse) => void): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const stop = (): void => settle(resolve);
    const settle = (end: () => void): void => {
      signal.removeEventListener('abort', stop);
      call.cancel();
      end();
    };
    call.on('error', (error) => settle(() => reject(error)));
    call.on('end', () => settle(() => reject(new StoreError('unavailable', 'etcd ended the watch'))));
    call.on('data', (response) => {
      if (signal.aborted) return;
      try {
        accept(response);
      } catch (error) {
        settle(() => reject(error));
      }
    });
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    // From `after` itself: etcd then refuses exactly when a later revision has been compacted. What was delivered is dropped.
    call.write({ create_request: { ...allKeys, start_revision: String(Math.max(after, 1)) } });
  });
}

function cancelError({ compact_revision, cancel_reason }: IWatchResponse): StoreError {
  const compactRevision = Number(compact_revision);
  if (compactRevision === 0) return new StoreError('unavailable', `etcd cancelled the watch: ${cancel_reason}`);
  return new StoreError('compacted', `the oldest revision is ${compactRevision}`, { compactRevision });
}

function eventOf({ type, kv }: IWatchResponse['events'][number]): StoreEvent {
  const key = kv.key.toString();
  const revision = Number(kv.mod_revision);
  if (type === 'Delete') return { type: 'delete', key, revision };
  return { type: 'put', key, value: Buffer.from(kv.value), revision, created: kv.create_revision === kv.mod_revision };
}
