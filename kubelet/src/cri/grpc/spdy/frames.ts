/**
 * The part of SPDY/3.1 that a client of a CRI streaming server needs. It opens streams, so it writes headers but never has to read any:
 * header blocks are written as stored zlib blocks without SPDY's dictionary, which every zlib reader accepts, and those received are skipped.
 */
const frameTypes = { synStream: 1, rstStream: 3, ping: 6, goAway: 7 } as const;
const fin = 1;
const headerBytes = 8;

/** What a server tells that matters here. */
export type Frame =
  | { readonly type: 'data'; readonly stream: number; readonly data: Buffer; readonly last: boolean }
  | { readonly type: 'end'; readonly stream: number }
  | { readonly type: 'ping'; readonly id: number }
  | { readonly type: 'goAway' };

/** A piece of a stream; the last one closes the writer's side of it. */
export function dataFrame(stream: number, data: Buffer, last: boolean): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32BE(stream, 0);
  header.writeUInt32BE(data.length, 4);
  header.writeUInt8(last ? fin : 0, 4);
  return Buffer.concat([header, data]);
}

export function pingFrame(id: number): Buffer {
  return controlFrame(frameTypes.ping, uint32(id));
}

/** Opens a stream. The first one of a connection also begins the connection's header compression. */
export function synStreamFrame(stream: number, headers: Readonly<Record<string, string>>, first: boolean): Buffer {
  const pairs = Object.entries(headers);
  const texts = pairs
    .flatMap(([name, value]) => [name.toLowerCase(), value])
    .flatMap((text) => [uint32(Buffer.byteLength(text)), Buffer.from(text)]);
  const block = stored(Buffer.concat([uint32(pairs.length), ...texts]), first);
  const noAssociatedStreamPriorityOrSlot = Buffer.alloc(6);
  return controlFrame(frameTypes.synStream, Buffer.concat([uint32(stream), noAssociatedStreamPriorityOrSlot, block]));
}

/** Collects bytes and gives the frames that are complete. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  read(bytes: Buffer): Frame[] {
    const frames: Frame[] = [];
    let rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    while (rest.length >= headerBytes) {
      const end = headerBytes + rest.readUIntBE(5, 3);
      if (rest.length < end) break;
      const frame = decode(rest.subarray(0, end));
      if (frame) frames.push(frame);
      rest = rest.subarray(end);
    }
    this.#rest = rest;
    return frames;
  }
}

function decode(frame: Buffer): Frame | undefined {
  const word = frame.readUInt32BE(0);
  const last = (frame.readUInt8(4) & fin) !== 0;
  const body = frame.subarray(headerBytes);
  if (word < 0x8000_0000) return { type: 'data', stream: word, data: body, last };
  const type = word & 0xffff;
  if (type === frameTypes.goAway) return { type: 'goAway' };
  if (body.length < 4) return undefined;
  const id = body.readUInt32BE(0) & 0x7fff_ffff;
  if (type === frameTypes.rstStream) return { type: 'end', stream: id };
  return type === frameTypes.ping ? { type: 'ping', id } : undefined;
}

function controlFrame(type: number, body: Buffer): Buffer {
  return Buffer.concat([uint32(0x8003_0000 + type), uint32(body.length), body]);
}

/** The bytes as zlib writes them uncompressed, flushed by the empty block that a zlib writer puts there. */
function stored(bytes: Buffer, first: boolean): Buffer {
  const zlibHeader = Buffer.from([0x78, 0x01]);
  const blockHeader = Buffer.alloc(5);
  blockHeader.writeUInt16LE(bytes.length, 1);
  blockHeader.writeUInt16LE(0xffff - bytes.length, 3);
  const flush = Buffer.from([0, 0, 0, 0xff, 0xff]);
  return Buffer.concat([...(first ? [zlibHeader] : []), blockHeader, bytes, flush]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
