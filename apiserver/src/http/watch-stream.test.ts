import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { eventually } from '@keelson/testing';
import { WatchStream } from './watch-stream.ts';

type Answer = (stream: WatchStream, response: ServerResponse, url: string) => unknown;

/** A server on a real socket; resolves to its port. */
async function serve(t: TestContext, answer: Answer): Promise<number> {
  const server = createServer((request, response) => void answer(new WatchStream(response), response, request.url ?? ''));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function open(port: number): Promise<IncomingMessage> {
  const [response] = (await once(get({ port, host: '127.0.0.1', agent: false }), 'response')) as [IncomingMessage];
  return response;
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

const turn = (): Promise<void> => new Promise(setImmediate);

test('frames of many turns come whole and in order, before the head is sent and after', async (t) => {
  const expected = Array.from({ length: 300 }, (_, n) => `${n} ${'é'.repeat(n)}\n`);
  const port = await serve(t, async (stream) => {
    const frames = expected.map((text) => Buffer.from(text));
    for (const frame of frames.splice(0, 5)) stream.write(frame);
    stream.begin();
    while (frames.length > 0) {
      for (const frame of frames.splice(0, 7)) stream.write(frame);
      await turn();
    }
    stream.end();
  });
  assert.equal(await textOf(await open(port)), expected.join(''));
});

test('a client that reads slowly gets everything; one that does not read at all is cut', async (t) => {
  const frame = Buffer.from(`${'x'.repeat(500_000)}\n`);
  const closed: ServerResponse[] = [];
  const port = await serve(t, async (stream, response) => {
    response.on('close', () => closed.push(response));
    stream.begin();
    for (let n = 0; n < 30; n++) {
      stream.write(frame);
      await turn();
    }
    stream.end();
  });
  const slow = await open(port);
  const text = await textOf(slow);
  assert.equal(text.length, 30 * frame.length);

  const endless = await serve(t, async (stream, response) => {
    response.on('close', () => closed.push(response));
    stream.begin();
    while (!response.destroyed) {
      stream.write(frame);
      await turn();
    }
  });
  const deaf = await open(endless);
  deaf.pause();
  deaf.on('error', () => undefined);
  await eventually(() => closed.length === 2, { message: 'the stream nobody reads is cut' });
});

test('behind another answer of the same connection it waits its turn', async (t) => {
  const first = Promise.withResolvers<() => void>();
  const port = await serve(t, async (stream, response, url) => {
    if (url === '/first') return first.resolve(() => response.end('first'));
    stream.begin();
    stream.write(Buffer.from('a\n'));
    await turn();
    (await first.promise)();
  });
  const socket = connect(port, '127.0.0.1');
  socket.write('GET /first HTTP/1.1\r\nHost: x\r\n\r\nGET /second HTTP/1.1\r\nHost: x\r\n\r\n');
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await eventually(() => text.includes('a\n'), { message: 'both answers come' });
  assert.match(text, /first[\s\S]*HTTP\/1\.1 200 OK[\s\S]*2\r\na\n\r\n/);
  socket.destroy();
});

test('the end is told, and what came together for two is told to both', async (t) => {
  const both: WatchStream[] = [];
  const port = await serve(t, (stream) => {
    stream.begin();
    both.push(stream);
  });
  const readers = await Promise.all([open(port), open(port)]);
  await eventually(() => both.length === 2);
  const frames = ['one\n', 'two\n'].map((text) => Buffer.from(text));
  for (const frame of frames) for (const stream of both) stream.write(frame);
  await turn();
  for (const stream of both) stream.end();
  assert.deepEqual(await Promise.all(readers.map(textOf)), ['one\ntwo\n', 'one\ntwo\n']);
});
