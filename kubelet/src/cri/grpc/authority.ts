import { Transform, type TransformCallback } from 'node:stream';

/*
 * Programs over older gRPC for Go name the socket's path as the authority of their requests. HTTP/2 here refuses a slash in an authority, and
 * nobody reads it: so slashes become dots on the way in, which leaves every length as it is. (HTTP/2: RFC 9113; its headers: RFC 7541.)
 */

const prefaceLength = 24;
const frameHeaderLength = 9;
const headersFrame = 1;
const flags = { padded: 0x08, priority: 0x20 } as const;
/** The place of `:authority` in the table of headers that both sides know. */
const authorityIndex = 1;
const [slash, dot] = ['/'.charCodeAt(0), '.'.charCodeAt(0)];

/** The characters of the headers' code by how many bits they have; rarer ones are not in paths. */
const alphabet: ReadonlyMap<number, string> = new Map([
  [5, '012aceiost'],
  [6, ' %-./3456789=A_bdfghlmnpru'],
  [7, ':BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz'],
  [8, '&*,;XZ'],
  [10, '!"()?'],
  [11, "'+|"],
  [12, '#>'],
  [13, '\0$@[]~'],
  [14, '^}'],
  [15, '<`{'],
]);

/** Codes with a one before them, so that leading noughts count: by character. They grow with length, then with the character. */
const codes = codesOf();
const slashCode = codes.get('/') ?? 0;
const dotCode = codes.get('.') ?? 0;
const known = new Set(codes.values());

function codesOf(): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  let [next, before] = [0, 0];
  for (const [bits, characters] of alphabet) {
    next <<= bits - before;
    before = bits;
    for (const character of characters) found.set(character, (1 << bits) | next++);
  }
  return found;
}

/** What a client sends, with authorities that HTTP/2 takes. */
export class LenientAuthority extends Transform {
  #rest: Buffer = Buffer.alloc(0);
  #begun = false;

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    if (!this.#begun && this.#rest.length >= prefaceLength) {
      this.#begun = true;
      this.#pass(prefaceLength);
    }
    for (let size = this.#frame(); size <= this.#rest.length; size = this.#frame()) {
      const frame = this.#rest.subarray(0, size);
      if (frame[3] === headersFrame) mendHeaders(frame);
      this.#pass(size);
    }
    done();
  }

  /** The length of the next frame; infinite while it is not known. */
  #frame(): number {
    const started = this.#begun && this.#rest.length >= frameHeaderLength;
    return started ? frameHeaderLength + this.#rest.readUIntBE(0, 3) : Number.POSITIVE_INFINITY;
  }

  #pass(size: number): void {
    this.push(this.#rest.subarray(0, size));
    this.#rest = this.#rest.subarray(size);
  }
}

/** Mends the authority of a frame of headers, in place. */
export function mendHeaders(frame: Buffer): void {
  const set = frame[4] ?? 0;
  const cursor = { at: frameHeaderLength + (set & flags.padded ? 1 : 0) + (set & flags.priority ? 5 : 0) };
  const end = frame.length - (set & flags.padded ? (frame[frameHeaderLength] ?? 0) : 0);
  while (cursor.at < end) {
    const first = frame[cursor.at] ?? 0;
    const plain = (first & 0x80) !== 0 || (first & 0xe0) === 0x20;
    const index = integer(frame, cursor, first & 0x80 ? 7 : first & 0x40 ? 6 : plain ? 5 : 4);
    if (plain) continue;
    if (index === 0) text(frame, cursor);
    const { coded, value } = text(frame, cursor);
    if (index !== authorityIndex) continue;
    if (coded) mendCoded(value);
    else for (const [at, byte] of value.entries()) if (byte === slash) value[at] = dot;
  }
}

interface Cursor {
  at: number;
}

/** A number whose first bits are the last so many of a byte. */
function integer(frame: Buffer, cursor: Cursor, bits: number): number {
  const most = 2 ** bits - 1;
  let value = (frame[cursor.at++] ?? 0) & most;
  if (value < most) return value;
  for (let weight = 1; ; weight *= 128) {
    const byte = frame[cursor.at++] ?? 0;
    value += (byte & 0x7f) * weight;
    if (byte < 0x80) return value;
  }
}

function text(frame: Buffer, cursor: Cursor): { readonly coded: boolean; readonly value: Buffer } {
  const coded = ((frame[cursor.at] ?? 0) & 0x80) !== 0;
  const length = integer(frame, cursor, 7);
  const value = frame.subarray(cursor.at, cursor.at + length);
  cursor.at += length;
  return { coded, value };
}

function mendCoded(value: Buffer): void {
  const longest = 15;
  let code = 1;
  for (let bit = 0; bit < value.length * 8 && code < 2 ** (longest + 1); bit++) {
    code = (code << 1) | bitOf(value, bit);
    if (!known.has(code)) continue;
    if (code === slashCode) write(value, bit, dotCode);
    code = 1;
  }
}

function bitOf(value: Buffer, bit: number): number {
  return ((value[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1;
}

/** Writes a code so that its last bit is that one. */
function write(value: Buffer, last: number, code: number): void {
  for (let [bit, left] = [last, code]; left > 1; bit--, left >>= 1) {
    const mask = 1 << (7 - (bit & 7));
    const byte = value[bit >> 3] ?? 0;
    value[bit >> 3] = left & 1 ? byte | mask : byte & ~mask;
  }
}
