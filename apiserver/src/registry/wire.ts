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

/** One buffer holding the whole list: the items' bytes, without their kind and apiVersion, between commas. */
export function encodeList(listHead: ListHead, wires: readonly Buffer[], tail: number): Buffer {
  const { kind, apiVersion, ...metadata } = listHead;
  const start = Buffer.from(`{"kind":"${kind}","apiVersion":"${apiVersion}","metadata":${JSON.stringify(metadata)},"items":[`);
  const size = wires.reduce((sum, wire) => sum + wire.length - tail + 2, start.length + 3);
  const out = Buffer.allocUnsafeSlow(size);
  let at = start.copy(out);
  wires.forEach((wire, index) => {
    if (index > 0) out[at++] = 0x2c;
    at += wire.copy(out, at, 0, wire.length - tail);
    out[at++] = 0x7d;
  });
  at += out.write(']}\n', at, 'latin1');
  return out.subarray(0, at);
}

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
