import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Clock } from '@keelson/base';
import { readText } from './body.ts';
import { cannedServer } from './canned-server.ts';
import { type HttpTransportOptions, httpTransport } from './http.ts';
import type { ClientRequest, Transport } from './types.ts';

/** A transport that joins its writes; ends with the test. */
function joining(t: TestContext, server: string, options: Partial<HttpTransportOptions> = {}): Transport {
  const transport = httpTransport({ server, joinWrites: true, ...options });
  t.after(() => transport.close());
  return transport;
}

const post = (body: string, signal?: AbortSignal): ClientRequest => ({ method: 'POST', path: '/', body, signal });

async function text(transport: Transport, request: ClientRequest): Promise<string> {
  return readText(await transport.send(request));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += chunk;
  return body;
}

/** Answers with what was sent, and counts the connections it came over. */
async function echo(t: TestContext): Promise<{ server: string; ports: Set<number | undefined> }> {
  const ports = new Set<number | undefined>();
  const server = await cannedServer(t, async (request, response) => {
    ports.add(request.socket.remotePort);
    response.end(`${request.method} ${request.url} ${await bodyOf(request)}`);
  });
  return { server, ports };
}

test('writes of one turn share connections, and each gets its own answer', async (t) => {
  const { server, ports } = await echo(t);
  const transport = joining(t, `${server}/prefix`);
  const bodies = Array.from({ length: 200 }, (_, n) => 'x'.repeat(n));
  const answers = await Promise.all(bodies.map((body) => text(transport, post(body))));
  assert.deepEqual(
    answers,
    bodies.map((body) => `POST /prefix/ ${body}`),
  );
  assert.equal(ports.size, 16);
});

test('one after another they need one connection', async (t) => {
  const { server, ports } = await echo(t);
  const transport = joining(t, server);
  for (const body of ['a', 'b', 'c']) assert.equal(await text(transport, post(body)), `POST / ${body}`);
  assert.equal(ports.size, 1);
});

test('a slow one holds up nobody who comes later', async (t) => {
  let release: () => void = () => undefined;
  const server = await cannedServer(t, async (request, response) => {
    if ((await bodyOf(request)) === 'slow') release = () => void response.end('slow');
    else response.end('quick');
  });
  const transport = joining(t, server);
  const slow = text(transport, post('slow'));
  await new Promise(setImmediate);
  assert.equal(await text(transport, post('quick')), 'quick');
  release();
  assert.equal(await slow, 'slow');
});

test('reads and bodies of bytes go their own way', async (t) => {
  const { server } = await echo(t);
  const transport = joining(t, server);
  assert.equal((await transport.send({ method: 'GET', path: '/' })).whole, undefined);
  const response = await transport.send({ method: 'POST', path: '/', body: Buffer.from('bytes') });
  assert.equal(response.whole, undefined);
  assert.equal(await readText(response), 'POST / bytes');
});

test('an abort rejects at once; the others on that connection are answered', async (t) => {
  const held: ServerResponse[] = [];
  const server = await cannedServer(t, (_, response) => void held.push(response));
  const transport = joining(t, server);
  const abort = new AbortController();
  const reason = new Error('enough');
  const [dropped, kept] = [transport.send(post('a', abort.signal)), text(transport, post('b'))];
  while (held.length < 2) await new Promise(setImmediate);
  abort.abort(reason);
  await assert.rejects(dropped, reason);
  for (const response of held) response.end('done');
  assert.equal(await kept, 'done');
  await assert.rejects(transport.send(post('c', AbortSignal.abort(reason))), reason);
});

test('what waits for a connection can be aborted, too', async (t) => {
  const server = await cannedServer(t, () => undefined);
  const transport = joining(t, server);
  const ends = Array.from({ length: 16 * 8 }, () => transport.send(post('held')));
  const abort = new AbortController();
  const waiting = transport.send(post('waits', abort.signal));
  await new Promise(setImmediate);
  abort.abort(new Error('enough'));
  await assert.rejects(waiting, /enough/);
  transport.close();
  for (const end of await Promise.allSettled(ends)) assert.equal(end.status, 'rejected');
});

test('after the end nothing is sent any more', async (t) => {
  const { server, ports } = await echo(t);
  const transport = joining(t, server);
  transport.close();
  await assert.rejects(transport.send(post('late')), { code: 'ECONNRESET' });
  assert.equal(ports.size, 0);
});

test('an idle connection that the server dropped is replaced for idempotent methods only', async (t) => {
  let count = 0;
  const server = await cannedServer(t, (request, response) => {
    count++;
    if (count % 2 === 0) request.socket.destroy();
    else response.end('done');
  });
  const transport = joining(t, server);
  assert.equal(await text(transport, { ...post('1'), method: 'PUT' }), 'done');
  assert.equal(await text(transport, { ...post('2'), method: 'PUT' }), 'done');
  assert.equal(count, 3);
  await assert.rejects(transport.send(post('4')), { code: 'ECONNRESET', message: 'socket hang up' });
});

test('a connection that has been idle for long is not used again', async (t) => {
  const { server, ports } = await echo(t);
  let now = 0;
  const clock: Clock = { now: () => now, after: () => ({ cancel: () => undefined }) };
  const transport = joining(t, server, { clock });
  await text(transport, post('a'));
  now += 24_999;
  await text(transport, post('b'));
  assert.equal(ports.size, 1);
  now += 25_000;
  await text(transport, post('c'));
  assert.equal(ports.size, 2);
});

test('a server that cannot be reached, or speaks something else, is an error', async (t) => {
  const server = createServer((socket: Socket) => socket.resume().end('220 mail.example.com ESMTP\r\n\r\n'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const transport = joining(t, `http://127.0.0.1:${port}`);
  await assert.rejects(transport.send(post('a')), /malformed HTTP response "220 mail.example.com ESMTP"/);
  server.close();
  await once(server, 'close');
  await assert.rejects(transport.send(post('a')), { code: 'ECONNREFUSED' });
});

test('a server that says it is the last answer is asked over another connection', async (t) => {
  const ports = new Set<number | undefined>();
  const server = await cannedServer(t, (request, response) => {
    ports.add(request.socket.remotePort);
    response.setHeader('connection', 'close').end('done');
  });
  const transport = joining(t, server);
  for (const body of ['a', 'b']) assert.equal(await text(transport, post(body)), 'done');
  assert.equal(ports.size, 2);
});
