import type { HeaderCodec, Headers } from './headers.ts';

/** The frames of SPDY/3.1 that remote commands and port-forward use; others are `other` and passed over. */
export type Frame =
  | { readonly type: 'synStream'; readonly stream: number; readonly fin: boolean; readonly headers: Headers }
  | { readonly type: 'synReply'; readonly stream: number; readonly fin: boolean; readonly headers: Headers }
  | { readonly type: 'data'; readonly stream: number; readonly fin: boolean; readonly data: Buffer }
  | { readonly type: 'reset'; readonly stream: number; readonly status: number }
  | { readonly type: 'ping'; readonly id: number }
  | { readonly type: 'goAway' }
  | { readonly type: 'windowUpdate'; readonly stream: number; readonly delta: number }
  | { readonly type: 'other' };

const version = 0x8003;
const types = { synStream: 1, synReply: 2, reset: 3, ping: 6, goAway: 7, headers: 8, windowUpdate: 9 } as const;
const finFlag = 0x01;

/** Cuts a byte stream into frames. Header blocks share one compression state, so frames must be read in order. */
export class FrameReader {
  readonly #codec: HeaderCodec;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(codec: HeaderCodec) {
    this.#codec = codec;
  }

  /** @throws Error for what is not SPDY/3. */
  *push(data: Buffer): Generator<Frame> {
    this.#buffer = this.#buffer.length > 0 ? Buffer.concat([this.#buffer, data]) : data;
    while (this.#buffer.length >= 8) {
      const length = this.#buffer.readUIntBE(5, 3);
      if (this.#buffer.length < 8 + length) return;
      const head = this.#buffer.subarray(0, 8);
      const body = this.#buffer.subarray(8, 8 + length);
      this.#buffer = this.#buffer.subarray(8 + length);
      yield this.#read(head, body);
    }
  }

  #read(head: Buffer, body: Buffer): Frame {
    const fin = ((head[4] ?? 0) & finFlag) !== 0;
    if (((head[0] ?? 0) & 0x80) === 0) return { type: 'data', stream: head.readUInt32BE(0), fin, data: body };
    if (head.readUInt16BE(0) !== version) throw new Error(`unsupported SPDY version ${head.readUInt16BE(0) & 0x7fff}`);
    const stream = body.length >= 4 ? body.readUInt32BE(0) & 0x7fffffff : 0;
    switch (head.readUInt16BE(2)) {
      case types.synStream:
        return { type: 'synStream', stream, fin, headers: this.#codec.decode(body.subarray(10)) };
      case types.synReply:
        return { type: 'synReply', stream, fin, headers: this.#codec.decode(body.subarray(4)) };
      case types.headers:
        this.#codec.decode(body.subarray(4));
        return { type: 'other' };
      case types.reset:
        return { type: 'reset', stream, status: body.readUInt32BE(4) };
      case types.ping:
        return { type: 'ping', id: body.readUInt32BE(0) };
      case types.goAway:
        return { type: 'goAway' };
      case types.windowUpdate:
        return { type: 'windowUpdate', stream, delta: body.readUInt32BE(4) & 0x7fffffff };
      default:
        return { type: 'other' };
    }
  }
}

export function dataFrame(stream: number, data: Buffer, fin: boolean): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(stream, 0);
  head.writeUInt32BE(((fin ? finFlag : 0) << 24) | data.length, 4);
  return Buffer.concat([head, data]);
}

export function synReplyFrame(stream: number, block: Buffer): Buffer {
  return control(types.synReply, 0, Buffer.concat([uint32(stream), block]));
}

export function synStreamFrame(stream: number, block: Buffer): Buffer {
  return control(types.synStream, 0, Buffer.concat([uint32(stream), uint32(0), Buffer.alloc(2), block]));
}

export function resetFrame(stream: number, status: number): Buffer {
  return control(types.reset, 0, Buffer.concat([uint32(stream), uint32(status)]));
}

export function pingFrame(id: number): Buffer {
  return control(types.ping, 0, uint32(id));
}

export function windowUpdateFrame(stream: number, delta: number): Buffer {
  return control(types.windowUpdate, 0, Buffer.concat([uint32(stream), uint32(delta)]));
}

function control(type: number, flags: number, body: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(version, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt32BE((flags << 24) | body.length, 4);
  return Buffer.concat([head, body]);
}

function uint32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value);
  return buffer;
}
