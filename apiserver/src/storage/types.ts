/**
 * The storage contract: one ordered log of revisions over byte keys, as etcd has it. Three implementations (memory, sqlite,
 * etcd) answer one conformance suite in `conformance/`.
 *
 * Invariants every implementation keeps:
 * - Revisions are one strictly increasing sequence for the whole store; each successful write takes the next one.
 * - A resolved write survives a crash of the process (memory excepted) and is seen by every later read and watch.
 * - Watch events arrive in revision order, none lost or repeated, all events of a prefix on one stream.
 * - Values are opaque bytes: the caller must not change a Buffer it handed over or received.
 */
export interface Store {
  /** True when this process is the store's only writer: its own acknowledged writes are then all there is to know. */
  readonly exclusive: boolean;
  /** Linearizable read. `undefined` when the key does not exist. */
  get(key: string): Promise<Entry | undefined>;
  /**
   * Entries whose key begins with `prefix`, in byte order of their keys.
   * @throws StoreError `compacted` when `options.revision` is older than the last compaction, `future` when not reached yet.
   */
  list(prefix: string, options?: ListOptions): Promise<ListResult>;
  /** Writes a key that must not exist. @throws StoreError `exists` (with the present entry). */
  create(key: string, value: Buffer, options?: { ttlSeconds?: number }): Promise<number>;
  /** Replaces the value if the key's revision is still `expected`. @throws StoreError `conflict` (`current` absent when the key is gone). */
  update(key: string, value: Buffer, expected: number, options?: { ttlSeconds?: number }): Promise<number>;
  /** Removes the key if its revision is still `expected`. Resolves to the revision of the removal. @throws StoreError `conflict`. */
  delete(key: string, expected: number): Promise<number>;
  /**
   * Every change under `prefix` after `options.after`, until the signal aborts (the iteration then ends without error).
   * With `progress`, an item without events reports the revision up to which the stream is complete, at least every 10 s and
   * whenever `list` or `get` observed a newer revision than the stream has delivered.
   * @throws StoreError `compacted` (from the iterator) when `after` is older than the last compaction.
   */
  watch(prefix: string, options: WatchOptions): AsyncIterable<WatchBatch>;
  /** Forgets versions superseded before `revision`; later reads and watches from before it answer `compacted`. */
  compact(revision: number): Promise<void>;
  close(): Promise<void>;
}

export interface Entry {
  readonly key: string;
  readonly value: Buffer;
  /** Revision of the last write to this key (etcd: mod_revision). */
  readonly revision: number;
  /** Why the value cannot be told, where it cannot: `value` is then sealed. Only lists and watches hold such entries; `get` throws it. */
  readonly fault?: Error | undefined;
}

export interface ListOptions {
  /** Read as of this revision; now, when absent. */
  readonly revision?: number;
  /** Only keys that sort after this one. */
  readonly startAfter?: string;
  readonly limit?: number;
  /** Count only: `entries` is empty, `count` is exact. */
  readonly countOnly?: boolean;
}

export interface ListResult {
  readonly entries: readonly Entry[];
  /** The store's revision at which the list is true. */
  readonly revision: number;
  /** All entries under the prefix after `startAfter`, ignoring `limit`. */
  readonly count: number;
}

export interface WatchOptions {
  /** Deliver changes with a revision greater than this. */
  readonly after: number;
  readonly signal: AbortSignal;
}

/** Events of one or more whole revisions, in order, or none: then it only reports progress. */
export interface WatchBatch {
  readonly events: readonly StoreEvent[];
  /** Every change under the prefix up to this revision has been delivered. */
  readonly revision: number;
}

export type StoreEvent =
  | ({ readonly type: 'put'; readonly created: boolean } & Entry)
  | { readonly type: 'delete'; readonly key: string; readonly revision: number };

export type StoreErrorCode = 'exists' | 'conflict' | 'compacted' | 'future' | 'unavailable';

/** What a store could not do. `current` is the entry that stood in the way, where there is one. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;
  readonly current: Entry | undefined;
  /** The store's oldest readable revision, on `compacted`. */
  readonly compactRevision: number | undefined;

  constructor(
    code: StoreErrorCode,
    message: string,
    detail: { current?: Entry | undefined; compactRevision?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: detail.cause });
    this.name = 'StoreError';
    this.code = code;
    this.current = detail.current;
    this.compactRevision = detail.compactRevision;
  }
}
