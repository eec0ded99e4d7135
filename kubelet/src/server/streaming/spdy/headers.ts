import { constants, inflateSync } from 'node:zlib';
import { dictionary } from './dictionary.ts';

const flush = Buffer.from([0x00, 0x00, 0x00, 0xff, 0xff]);

export type Headers = ReadonlyMap<string, string>;

/** Header blocks of one SPDY/3.1 connection. Both directions are one endless zlib stream each. */
export class HeaderCodec {
  #received: Buffer = Buffer.alloc(0);
  #decoded = 0;
  #begun = false;

  /**
   * Blocks of port-forward and remote commands are few and small: inflating the stream again from its beginning keeps this free of
   * hidden state. @throws Error for damaged blocks.
   */
  decode(block: Buffer): Headers {
    this.#received = Buffer.concat([this.#received, block]);
    const all = inflateSync(this.#received, { dictionary, finishFlush: constants.Z_SYNC_FLUSH });
    const fresh = all.subarray(this.#decoded);
    this.#decoded = all.length;
    return parsePairs(fresh);
  }

  /** Uses deflate's stored blocks only, which need no dictionary and no state. Readers hand out what they have at the empty block after each. */
  encode(headers: Headers): Buffer {
    const plain = serialisePairs(headers);
    const stored = Buffer.alloc(5);
    stored.writeUInt16LE(plain.length, 1);
    stored.writeUInt16LE(plain.length ^ 0xffff, 3);
    const begin = this.#begun ? [] : [Buffer.from([0x78, 0x01])];
    this.#begun = true;
    return Buffer.concat([...begin, stored, plain, flush]);
  }
}

function parsePairs(block: Buffer): Headers {
  const headers = new Map<string, string>();
  let at = 4;
  const text = (): string => {
    const length = block.readUInt32BE(at);
    at += 4 + length;
    return block.toString('utf8', at - length, at);
  };
  for (let count = block.readUInt32BE(0); count > 0; count--) {
    const name = text();
    headers.set(name, text());
  }
  return headers;
}

function serialisePairs(headers: Headers): Buffer {
  const number = (value: number): Buffer => {
    const buffer = Buffer.alloc(4);
    buffer.writeUInt32BE(value);
    return buffer;
  };
  const text = (value: string): Buffer[] => [number(Buffer.byteLength(value)), Buffer.from(value)];
  return Buffer.concat([
    number(headers.size),
    ...Array.from(headers, ([name, value]) => [...text(name.toLowerCase()), ...text(value)]).flat(),
  ]);
}
