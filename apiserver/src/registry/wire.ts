/**
 * Wire bytes. An object is serialised once, when it is written, with an empty resourceVersion at a fixed offset:
 * `{"metadata":{"resourceVersion":"","name":…},…,"kind":"Pod","apiVersion":"v1"}`. The revision, known only after the write,
 * is spliced in; list items are the same bytes without the constant tail.
 */
const head = Buffer.from('{"metadata":{"resourceVersion":"');

interface Stored {
  metadata: object;
}

/** The bytes to store for `object`. Members of metadata other than resourceVersion keep their order; kind and apiVersion go last. */
export function encodeStored(
  object: Stored & { kind?: string | undefined; apiVersion?: string | undefined },
  kind: string,
  apiVersion: string,
): Buffer {
  const { metadata, kind: _kind, apiVersion: _apiVersion, ...rest } = object;
  const { resourceVersion: _resourceVersion, ...meta } = metadata as { resourceVersion?: string };
  return Buffer.from(JSON.stringify({ metadata: { resourceVersion: '', ...meta }, ...rest, kind, apiVersion }));
}

/** Stored bytes → what clients read. */
export function withRevision(stored: Buffer, revision: number): Buffer {
  return splice(stored, head.length, revision);
}

/** What clients read of revision `from` → the same object at revision `to`. */
export function atRevision(wire: Buffer, from: number, to: number): Buffer {
  return splice(wire, head.length + String(from).length, to);
}

function splice(bytes: Buffer, tailFrom: number, revision: number): Buffer {
  const digits = String(revision);
  const out = Buffer.allocUnsafeSlow(head.length + digits.length + bytes.length - tailFrom);
  head.copy(out);
  out.write(digits, head.length, 'latin1');
  bytes.copy(out, head.length + digits.length, tailFrom);
  return out;
}

/** The constant end of every object of a kind, beginning with the comma. */
export function tailLength(kind: string, apiVersion: string): number {
  return Buffer.byteLength(`,"kind":"${kind}","apiVersion":"${apiVersion}"}`);
}

export interface ListHead {
  readonly kind: string;
  readonly apiVersion: string;
  readonly resourceVersion: string;
  readonly continue?: string | undefined;
  readonly remainingItemCount?: number | undefined;
}

/** A list's bytes: the items', without their kind and apiVersion, between commas. Made as they are sent, so that a long list is never in memory whole. */
export class ListBytes {
  readonly length: number;
  readonly #start: Buffer;
  readonly #wires: readonly Buffer[];
  readonly #tail: number;

  /** @param tail what each item leaves out at its end, in bytes, with the brace that ends it. */
  constructor(listHead: ListHead, wires: readonly Buffer[], tail: number) {
    const { kind, apiVersion, ...metadata } = listHead;
    this.#start = Buffer.from(`{"kind":"${kind}","apiVersion":"${apiVersion}","metadata":${JSON.stringify(metadata)},"items":[`);
    this.#wires = wires;
    this.#tail = tail;
    const items = wires.reduce((sum, wire) => sum + wire.length - tail + 1, 0);
    this.length = this.#start.length + items + Math.max(wires.length - 1, 0) + listEnd.length;
  }

  /** One after another, each of about `size` bytes unless an item is longer. */
  *pieces(size: number): Generator<Buffer, void> {
    let piece = this.#fresh(size, this.#start.length, this.length);
    let at = this.#start.copy(piece);
    let left = this.length;
    for (const [i, wire] of this.#wires.entries()) {
      const item = wire.length - this.#tail;
      if (at + item + 2 + listEnd.length > piece.length) {
        yield piece.subarray(0, at);
        left -= at;
        piece = this.#fresh(size, item, left);
        at = 0;
      }
      if (i > 0) piece[at++] = comma;
      at += wire.copy(piece, at, 0, item);
      piece[at++] = brace;
    }
    at += listEnd.copy(piece, at);
    yield piece.subarray(0, at);
  }

  whole(): Buffer {
    const [all] = this.pieces(this.length + listEnd.length);
    return all as Buffer;
  }

  /** Room for a piece, and for one item and the end at least. */
  #fresh(size: number, least: number, left: number): Buffer {
    return Buffer.allocUnsafeSlow(Math.max(Math.min(size, left), least) + listEnd.length + 2);
  }
}

const listEnd = Buffer.from(']}\n');
const comma = 0x2c;
const brace = 0x7d;

const eventHeads = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
  BOOKMARK: Buffer.from('{"type":"BOOKMARK","object":'),
  ERROR: Buffer.from('{"type":"ERROR","object":'),
};
const eventTail = Buffer.from('}\n');

export type WatchEventType = keyof typeof eventHeads;

/** One line of a watch stream. */
export function encodeEvent(type: WatchEventType, wire: Buffer): Buffer {
  return Buffer.concat([eventHeads[type], wire, eventTail]);
}
