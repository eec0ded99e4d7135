/**
 * What the store and its worker thread say to each other. Values travel in a few transferred chunks instead of one by one;
 * a request or result names its value by its index among them.
 */
export type Request =
  | { readonly op: 'create'; readonly key: string; readonly value: number; readonly expires: number | null }
  | { readonly op: 'update'; readonly key: string; readonly value: number; readonly expires: number | null; readonly expected: number }
  | { readonly op: 'delete'; readonly key: string; readonly expected: number }
  | { readonly op: 'expire'; readonly now: number }
  | { readonly op: 'get'; readonly key: string }
  | ListRequest
  | { readonly op: 'history'; readonly prefix: string; readonly after: number }
  | { readonly op: 'compact'; readonly revision: number }
  | { readonly op: 'close' };

export interface ListRequest {
  readonly op: 'list';
  readonly prefix: string;
  readonly startAfter: string | undefined;
  readonly revision: number | undefined;
  readonly limit: number;
  readonly countOnly: boolean;
}

export interface Row {
  readonly key: string;
  readonly revision: number;
  readonly value: number;
}

/** A change of the past. A removal has no value. */
export interface Change {
  readonly key: string;
  readonly revision: number;
  readonly created: boolean;
  readonly value: number | undefined;
}

/** A write answers with its revision alone. */
export type Result =
  | number
  | { readonly kind: 'expired'; readonly keys: readonly string[]; readonly first: number }
  | { readonly kind: 'row'; readonly row: Row | undefined }
  | { readonly kind: 'rows'; readonly rows: readonly Row[]; readonly revision: number; readonly count: number }
  | { readonly kind: 'changes'; readonly changes: readonly Change[]; readonly upTo: number }
  | { readonly kind: 'done' }
  | Failure;

export interface Failure {
  readonly kind: 'failure';
  readonly code: 'exists' | 'conflict' | 'compacted' | 'future' | 'unavailable';
  readonly message: string;
  readonly current?: Row | undefined;
  readonly compactRevision?: number;
}

export interface RequestBatch {
  readonly ids: readonly number[];
  readonly requests: readonly Request[];
  readonly values: Packed;
}

export interface ResultBatch {
  /** Request batches the worker has taken in since the last result batch. */
  readonly taken: number;
  readonly ids: readonly number[];
  readonly results: readonly Result[];
  readonly values: Packed;
  /** The store's revision after the batch. */
  readonly revision: number;
  /** When the next key expires (milliseconds since the epoch). */
  readonly nextExpiry: number | undefined;
}

/** The first message of the worker: that it stands at `revision`, or why it could not open the file. */
export type Opened = { readonly kind: 'opened'; readonly revision: number; readonly nextExpiry: number | undefined } | Failure;

export interface WorkerOptions {
  readonly path: string;
}

/** Values laid into chunks. `places` has three numbers for each: chunk, offset, length. */
export interface Packed {
  readonly chunks: readonly Uint8Array<ArrayBuffer>[];
  readonly places: readonly number[];
}

/** A value kept alive keeps its whole chunk alive: chunks stay this small, unless one value is larger. */
const chunkSize = 32 * 1024;

/** Copies the values once, into chunks that can be transferred. */
export function pack(values: readonly Uint8Array[]): Packed {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  const places: number[] = [];
  let first = 0;
  let size = 0;
  const flush = (end: number): void => {
    const chunk = new Uint8Array(size);
    let offset = 0;
    for (const value of values.slice(first, end)) {
      chunk.set(value, offset);
      places.push(chunks.length, offset, value.byteLength);
      offset += value.byteLength;
    }
    chunks.push(chunk);
    first = end;
    size = 0;
  };
  for (const [i, { byteLength }] of values.entries()) {
    if (size > 0 && size + byteLength > chunkSize) flush(i);
    size += byteLength;
  }
  if (first < values.length) flush(values.length);
  return { chunks, places };
}

export function unpack({ chunks, places }: Packed): Buffer[] {
  const values: Buffer[] = [];
  for (let i = 0; i < places.length; i += 3) {
    const chunk = chunks[places[i] as number] as Uint8Array<ArrayBuffer>;
    values.push(Buffer.from(chunk.buffer, places[i + 1], places[i + 2]));
  }
  return values;
}

export function transfers({ chunks }: Packed): ArrayBuffer[] {
  return chunks.map((chunk) => chunk.buffer);
}
