import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { constants, createDeflate, inflateSync } from 'node:zlib';
import type { Stream } from '../../../cri/types.ts';
import { SpdyConnection } from './connection.ts';
import { dictionary } from './dictionary.ts';
import { dataFrame, type Frame, FrameReader, pingFrame, synStreamFrame } from './frames.ts';
import { HeaderCodec, type Headers } from './headers.ts';
import { forwardOverSpdy } from './portforward.ts';

/** Header blocks as Go's clients write them: one deflate stream with SPDY's dictionary, flushed after each block. */
async function goBlocks(...blocks: readonly Headers[]): Promise<Buffer[]> {
  const deflate = createDeflate({ dictionary });
  const pieces: Buffer[] = [];
  deflate.on('data', (data: Buffer) => pieces.push(data));
  const result: Buffer[] = [];
  for (const headers of blocks) {
    const plain = new HeaderCodec().encode(headers).subarray(7, -5);
    await new Promise<void>((resolve) => deflate.write(plain, () => deflate.flush(constants.Z_SYNC_FLUSH, () => resolve())));
    result.push(Buffer.concat(pieces.splice(0)));
  }
  return result;
}

test('the dictionary is SPDY/3’s', () => {
  let [a, b] = [1, 0];
  for (const byte of dictionary) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  assert.equal((b * 65536 + a).toString(16), 'e3c6a7c2');
});

describe('header blocks', () => {
  const first = new Map([
    ['streamtype', 'error'],
    ['port', '8080'],
    ['requestid', '0'],
  ]);
  const second = new Map([
    ['streamtype', 'data'],
    ['port', '8080'],
    ['requestid', '0'],
  ]);

  test('from a client with the dictionary, one after another', async () => {
    const codec = new HeaderCodec();
    const decoded = (await goBlocks(first, second)).map((block) => codec.decode(block));
    assert.deepEqual(decoded, [first, second]);
  });

  test('ours are read by any zlib', () => {
    const codec = new HeaderCodec();
    const stream = Buffer.concat([codec.encode(first), codec.encode(new Map())]);
    const plain = inflateSync(stream, { dictionary, finishFlush: constants.Z_SYNC_FLUSH });
    assert.equal(plain.readUInt32BE(0), 3);
    assert.equal(plain.readUInt32BE(plain.length - 4), 0);
  });
});

test('frames come out whole however they arrive', async () => {
  const [block] = await goBlocks(new Map([['streamtype', 'stdin']]));
  const bytes = Buffer.concat([synStreamFrame(1, block ?? Buffer.alloc(0)), dataFrame(1, Buffer.from('hi'), true), pingFrame(7)]);
  const reader = new FrameReader(new HeaderCodec());
  const frames = Array.from(bytes, (byte) => [...reader.push(Buffer.from([byte]))]).flat();
  assert.deepEqual(
    frames.map((frame: Frame) => frame.type),
    ['synStream', 'data', 'ping'],
  );
});

/** What opens a connection to a port, of which the first stream is for errors. */
async function portForwardFrames(): Promise<Buffer> {
  const headers = (type: string): Headers =>
    new Map([
      ['streamtype', type],
      ['port', '8080'],
      ['requestid', '0'],
    ]);
  const [error, data] = await goBlocks(headers('error'), headers('data'));
  return Buffer.concat([synStreamFrame(1, error ?? Buffer.alloc(0)), synStreamFrame(3, data ?? Buffer.alloc(0))]);
}

test('port-forward joins the two streams of a request to one connection', async () => {
  const sent: Buffer[] = [];
  const connection = new SpdyConnection({ write: async (data) => void sent.push(data), end: () => connection.ended() });
  const written: string[] = [];
  const ended = Promise.withResolvers<void>();
  const stream = {
    output: (async function* () {
      yield { channel: 'stdout', data: Buffer.from('pong') };
      await ended.promise;
    })(),
    write: (data: Buffer) => void written.push(String(data)),
    end: () => ended.resolve(),
    close: () => ended.resolve(),
  } as unknown as Stream;
  const done = forwardOverSpdy(connection, async (port) => {
    assert.equal(port, 8080);
    return stream;
  });
  connection.receive(Buffer.concat([await portForwardFrames(), dataFrame(3, Buffer.from('ping'), false)]));
  await new Promise((resolve) => setImmediate(resolve));
  connection.receive(dataFrame(3, Buffer.alloc(0), true));
  await ended.promise;
  await new Promise((resolve) => setImmediate(resolve));
  const replies = [...new FrameReader(new HeaderCodec()).push(Buffer.concat(sent))];
  const datas = replies.flatMap((frame) => (frame.type === 'data' ? [`${frame.stream} ${frame.data}${frame.fin ? ' fin' : ''}`] : []));
  assert.deepEqual(written, ['ping']);
  assert.deepEqual(datas, ['3 pong', '3  fin', '1  fin']);
  connection.close();
  await done;
});

test('a connection to a pod that is made when the client has left ends at once', async () => {
  const connection = new SpdyConnection({ write: async () => undefined, end: () => connection.ended() });
  const reached = Promise.withResolvers<Stream>();
  const closed = Promise.withResolvers<void>();
  const output = { [Symbol.asyncIterator]: () => ({ next: () => closed.promise.then(() => ({ done: true, value: undefined })) }) };
  const stream = { output, end: () => undefined, close: () => closed.resolve() } as unknown as Stream;
  const done = forwardOverSpdy(connection, () => reached.promise);
  connection.receive(await portForwardFrames());
  connection.close();
  await done;
  reached.resolve(stream);
  await closed.promise;
});
