import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Store, StoreError, type StoreErrorCode } from '../types.ts';
import { Recorder } from './recorder.ts';

export interface Opened {
  readonly store: Store;
  /** Ends the store as a crash would and opens it again. Absent: nothing survives. */
  readonly reopen?: () => Promise<Store>;
  /** Removes what the store left behind, after it was closed. */
  readonly remove?: () => Promise<void>;
}

/** An empty store. */
export type Harness = () => Promise<Opened>;

export interface Bench extends Opened {
  /** A watcher that is stopped at the end of the test. */
  watch(prefix: string, after: number, store?: Store): Recorder;
  /** Revision of the whole store. */
  revision(): Promise<number>;
}

/** Tests by what they show. */
export type Cases = Readonly<Record<string, (bench: Bench) => Promise<void>>>;

/** A test with an empty store, closed and removed after it. */
export function storeTest(name: string, open: Harness, run: (bench: Bench) => Promise<void>): void {
  test(name, { timeout: 60_000 }, async () => {
    const opened = await open();
    const recorders: Recorder[] = [];
    const { store } = opened;
    try {
      await run({
        ...opened,
        watch: (prefix, after, other = store) => {
          const recorder = new Recorder(other, prefix, after);
          recorders.push(recorder);
          return recorder;
        },
        revision: async () => (await store.list('', { countOnly: true })).revision,
      });
    } finally {
      await Promise.all(recorders.map((recorder) => recorder.stop()));
      await store.close();
      await opened.remove?.();
    }
  });
}

export const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Expects a StoreError with this code and answers with it. */
export async function refused(code: StoreErrorCode, attempt: Promise<unknown>): Promise<StoreError> {
  const error: unknown = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof StoreError, `expected StoreError ${code}, got ${error}`);
  assert.equal(error.code, code, error.message);
  return error;
}

export async function keysOf(store: Store, prefix: string, options?: Parameters<Store['list']>[1]): Promise<string[]> {
  return (await store.list(prefix, options)).entries.map(({ key }) => key);
}
