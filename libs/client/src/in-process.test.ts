import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import { readText } from './body.ts';
import { drained, type HttpRequestLike, type HttpResponseLike } from './exchange.ts';
import { inProcessTransport } from './in-process.ts';

/** Compiles only while Node's own exchange fits ours. */
export const nodeFits: (request: IncomingMessage, response: ServerResponse) => [HttpRequestLike, HttpResponseLike] = (
  request,
  response,
) => [request, response];

test('a request reaches the handler with its body and identity, and the answer comes back', async () => {
  const transport = inProcessTransport(
    async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      response.setHeader('Audit-Id', '1');
      response.writeHead(201, { 'X-More': ['a', 'b'] });
      response.end(`${request.method} ${request.url} ${request.headers['x-test']} ${body} ${request.inProcessUser?.name}`);
    },
    { name: 'system:admin', groups: ['system:masters'] },
  );
  const response = await transport.send({ method: 'POST', path: '/a?b=c', headers: { 'X-Test': 'yes' }, body: 'hello' });
  assert.equal(response.status, 201);
  assert.deepEqual(response.headers, { 'audit-id': '1', 'x-more': ['a', 'b'] });
  assert.equal(await readText(response), 'POST /a?b=c yes hello system:admin');
});

test('a writer is told to wait when nobody reads, and to go on when somebody does', async () => {
  let written = 0;
  const transport = inProcessTransport(async (_, response) => {
    for (let i = 0; i < 100; i++) {
      written++;
      if (!response.write(Buffer.alloc(10_000))) await drained(response);
    }
    response.end();
  });
  const response = await transport.send({ method: 'GET', path: '/' });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(written, 7);
  assert.equal((await readText(response)).length, 1_000_000);
});

test('when the client goes, the server sees the response close', async () => {
  let closed: Promise<unknown> | undefined;
  const transport = inProcessTransport((_, response) => {
    closed = new Promise<void>((resolve) => response.on('close', resolve));
    response.writeHead(200);
  });
  const response = await transport.send({ method: 'GET', path: '/' });
  response.destroy();
  await closed;
});

test('an abort rejects a pending request and fails a reader with its reason', async () => {
  const reason = new Error('enough');
  const silent = inProcessTransport(() => undefined);
  const before = new AbortController();
  const pending = silent.send({ method: 'GET', path: '/', signal: before.signal });
  before.abort(reason);
  await assert.rejects(pending, reason);

  const talking = inProcessTransport((_, response) => void response.write('a'));
  const during = new AbortController();
  const response = await talking.send({ method: 'GET', path: '/', signal: during.signal });
  await assert.rejects(async () => {
    for await (const _ of response.chunks) during.abort(reason);
  }, reason);
});

test('a handler that throws fails the request; a closed transport refuses', async () => {
  const transport = inProcessTransport(() => {
    throw new Error('broken');
  });
  await assert.rejects(transport.send({ method: 'GET', path: '/' }), /broken/);
  transport.close();
  await assert.rejects(transport.send({ method: 'GET', path: '/' }), /transport is closed/);
});

test('closing the transport ends open streams', async () => {
  const transport = inProcessTransport((_, response) => void response.write('a'));
  const response = await transport.send({ method: 'GET', path: '/' });
  const reading = readText(response);
  transport.close();
  await assert.rejects(reading, /transport is closed/);
});
