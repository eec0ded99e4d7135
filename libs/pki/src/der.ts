/*
 * The little of ASN.1's distinguished encoding that certificates need. A general library spends 200 ms loading and 12 ms a
 * certificate; a new cluster needs ten of them before its first process can start.
 */

/** Tags of the types in use, constructed bit included. */
export const tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8: 0x0c,
  printable: 0x13,
  ia5: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Context-specific tags: `[n]`, primitive or constructed. */
export const context = (n: number): number => 0x80 | n;
export const contextConstructed = (n: number): number => 0xa0 | n;

export function tlv(type: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(type, length), content]);
  const octets = bigEndian(length);
  return Buffer.concat([Buffer.of(type, 0x80 | octets.length, ...octets), content]);
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => tlv(tag.sequence, ...parts);

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const base128 = (value: number): number[] => {
    const out = [value & 0x7f];
    for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128)) out.unshift((left & 0x7f) | 0x80);
    return out;
  };
  return tlv(tag.oid, Buffer.from([first * 40 + second, ...rest].flatMap(base128)));
}

/** PrintableString where the alphabet allows, else UTF8String: what Go's encoder chooses, whose bytes issuers are compared by. */
export function text(value: string): Buffer {
  return tlv(/^[A-Za-z0-9 '()+,\-./:=?]*$/.test(value) ? tag.printable : tag.utf8, Buffer.from(value));
}

/** An instant in milliseconds, to the second: UTCTime up to 2049, GeneralizedTime after. */
export function time(ms: number): Buffer {
  const digits = `${new Date(ms).toISOString().slice(0, 19).replace(/\D/g, '')}Z`;
  const short = Number(digits.slice(0, 4)) < 2050;
  return tlv(short ? tag.utcTime : tag.generalizedTime, Buffer.from(short ? digits.slice(2) : digits));
}

/** Unsigned, from big-endian bytes. */
export function integer(bytes: Uint8Array): Buffer {
  return tlv(tag.integer, ...((bytes[0] ?? 0) & 0x80 ? [Buffer.of(0)] : []), bytes);
}

/** `unused`: how many low bits of the last byte do not count. */
export const bitString = (bytes: Uint8Array, unused = 0): Buffer => tlv(tag.bitString, Buffer.of(unused), bytes);

export interface Element {
  readonly type: number;
  readonly content: Buffer;
  /** Header and content. */
  readonly raw: Buffer;
}

/** The elements that make up `der`. @throws when it is cut short or uses a form that DER has not. */
export function elements(der: Buffer): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < der.length; at += (found.at(-1) as Element).raw.length) found.push(element(der, at));
  return found;
}

function element(der: Buffer, at: number): Element {
  const type = der[at] ?? 0;
  let length = der[at + 1] ?? 0xff;
  let start = at + 2;
  if (length > 0x80 && length <= 0x84) {
    const octets = der.subarray(start, start + (length & 0x7f));
    start += length & 0x7f;
    length = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  } else if (length >= 0x80) {
    throw new Error('malformed ASN.1: unsupported length');
  }
  if ((type & 0x1f) === 0x1f || start + length > der.length) throw new Error('malformed ASN.1: element is cut short');
  return { type, content: der.subarray(start, start + length), raw: der.subarray(at, start + length) };
}

/** The children of the one constructed element that `der` is. @throws when it is not that, or not of the type expected. */
export function childrenOf(der: Buffer, type: number = tag.sequence): Element[] {
  const [only, ...more] = elements(der);
  if (only?.type !== type || more.length > 0) throw new Error(`malformed ASN.1: expected one element of type ${type}`);
  return elements(only.content);
}

/** A character string. @throws for types older than UTF-8 that nobody should send. */
export function stringOf({ type, content }: Element): string {
  if (type !== tag.utf8 && type !== tag.printable && type !== tag.ia5) throw new Error(`unsupported ASN.1 string type ${type}`);
  return content.toString();
}

function bigEndian(value: number): number[] {
  const octets: number[] = [];
  for (let left = value; left > 0; left = Math.floor(left / 256)) octets.unshift(left % 256);
  return octets;
}
