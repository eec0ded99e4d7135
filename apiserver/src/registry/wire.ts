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

/** Whether these bytes are in the form of `encodeStored`. */
export function isEncoded(bytes: Buffer): boolean {
  return bytes.subarray(0, head.length).equals(head);
}

/** Stored bytes → what clients read. */
export function withRevision(stored: Buffer, revision: number): Buffer {
  return splice(stored, head.length, revision);
}

/** Stored bytes → what clients read of an object that was not stored, and is at no revision. A name, at least, follows the revision. */
export function withoutRevision(stored: Buffer): Buffer {
  return Buffer.concat([Buffer.from('{"metadata":{'), stored.subarray(head.length + '",'.length)]);
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
  readonly head: ListHead;
  /** The items' own bytes, whole. */
  readonly wires: readonly Buffer[];
  readonly #start: Buffer;
  readonly #tail: number;

  /** @param tail what each item leaves out at its end, in bytes, with the brace that ends it. */
  constructor(listHead: ListHead, wires: readonly Buffer[], tail: number) {
    const { kind, apiVersion, ...metadata } = listHead;
    this.#start = Buffer.from(`{"kind":"${kind}","apiVersion":"${apiVersion}","metadata":${JSON.stringify(metadata)},"items":[`);
    this.head = listHead;
    this.wires = wires;
    this.#tail = tail;
    const items = wires.reduce((sum, wire) => sum + wire.length - tail + 1, 0);
    this.length = this.#start.length + items + Math.max(wires.length - 1, 0) + listEnd.length;
  }

  /**
   * One after another, each laid into `room` and gone when the next is asked for; what does not fit there lies elsewhere. Room for the
   * start and the end of the list is taken to be there.
   */
  *pieces(room: Buffer): Generator<Buffer, void> {
    let at = this.#start.copy(room);
    for (const [i, wire] of this.wires.entries()) {
      const length = wire.length - this.#tail;
      if (at > 0 && at + length + 2 + listEnd.length > room.length) {
        yield room.subarray(0, at);
        at = 0;
      }
      if (i > 0) room[at++] = comma;
      if (at + length + 1 + listEnd.length > room.length) {
        yield room.subarray(0, at);
        yield wire.subarray(0, length);
        at = 0;
      } else at += wire.copy(room, at, 0, length);
      room[at++] = brace;
    }
    at += listEnd.copy(room, at);
    yield room.subarray(0, at);
  }

  whole(): Buffer {
    const [all] = this.pieces(Buffer.allocUnsafeSlow(this.length + 2));
    return all as Buffer;
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
