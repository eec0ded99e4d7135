import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Clock } from '@keelson/base';
import { readText } from './body.ts';
import { cannedServer } from './canned-server.ts';
import { httpTransport } from './http.ts';

test('sends headers, token and body, keeps the connection, honours a path prefix', async (t) => {
  const ports = new Set<number | undefined>();
  const server = await cannedServer(t, async (request, response) => {
    ports.add(request.socket.remotePort);
    let body = '';
    for await (const chunk of request) body += chunk;
    response.end(`${request.method} ${request.url} ${request.headers.authorization} ${request.headers['user-agent']} ${body}`);
  });
  const transport = httpTransport({ server: `${server}/prefix/`, token: 'secret', userAgent: 'test/1' });
  t.after(() => transport.close());
  for (let i = 0; i < 3; i++) {
    const response = await transport.send({ method: 'POST', path: '/a?b=c', body: 'hello' });
    assert.equal(await readText(response), 'POST /prefix/a?b=c Bearer secret test/1 hello');
  }
  assert.equal(ports.size, 1);
});

test('a body has its length with every method', async (t) => {
  const server = await cannedServer(t, (request, response) => response.end(`${request.method} ${request.headers['content-length']}`));
  const transport = httpTransport({ server });
  t.after(() => transport.close());
  for (const method of ['POST', 'DELETE', 'PATCH'] as const) {
    assert.equal(await readText(await transport.send({ method, path: '/', body: 'four' })), `${method} 4`);
  }
});

test('watches do not starve plain requests', async (t) => {
  const server = await cannedServer(t, (request, response) => {
    if (request.url?.includes('watch')) response.flushHeaders();
    else response.end('done');
  });
  const transport = httpTransport({ server, maxSockets: 1 });
  t.after(() => transport.close());
  const watches = await Promise.all([1, 2, 3].map(() => transport.send({ method: 'GET', path: '/pods?watch=true' })));
  assert.equal(await readText(await transport.send({ method: 'GET', path: '/pods' })), 'done');
  for (const watch of watches) watch.destroy();
});

test('an abort rejects before the answer and fails the reader after it', async (t) => {
  const server = await cannedServer(t, (request, response) => {
    if (request.url === '/talk') response.write('a');
  });
  const transport = httpTransport({ server });
  t.after(() => transport.close());
  const reason = new Error('enough');
  const before = new AbortController();
  const pending = transport.send({ method: 'GET', path: '/silent', signal: before.signal });
  before.abort(reason);
  await assert.rejects(pending, reason);
  const during = new AbortController();
  const response = await transport.send({ method: 'GET', path: '/talk', signal: during.signal });
  await assert.rejects(async () => {
    for await (const _ of response.chunks) during.abort(reason);
  }, reason);
});

test('an idle connection that the server dropped is replaced for idempotent methods only', async (t) => {
  let count = 0;
  const server = await cannedServer(t, (request, response) => {
    count++;
    if (count % 2 === 0) request.socket.destroy();
    else response.end('done');
  });
  const transport = httpTransport({ server });
  t.after(() => transport.close());
  assert.equal(await readText(await transport.send({ method: 'GET', path: '/' })), 'done');
  assert.equal(await readText(await transport.send({ method: 'GET', path: '/' })), 'done');
  assert.equal(count, 3);
  await assert.rejects(transport.send({ method: 'POST', path: '/', body: '{}' }), { code: 'ECONNRESET' });
});

test('gzip is decoded; a stream that breaks off is an error', async (t) => {
  const server = await cannedServer(t, (request, response) => {
    if (request.url === '/gzip') response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('hello'));
    else response.write('half', () => response.destroy());
  });
  const transport = httpTransport({ server });
  t.after(() => transport.close());
  assert.equal(await readText(await transport.send({ method: 'GET', path: '/gzip' })), 'hello');
  const broken = await transport.send({ method: 'GET', path: '/' });
  await assert.rejects(readText(broken), { code: 'ECONNRESET' });
});

test('a token file is read again after a minute and its last value kept while it is gone', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'keelson-client-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const tokenFile = join(folder, 'token');
  const server = await cannedServer(t, (request, response) => response.end(request.headers.authorization));
  let now = 0;
  const clock: Clock = { now: () => now, after: () => ({ cancel: () => undefined }) };
  const transport = httpTransport({ server, tokenFile, clock });
  t.after(() => transport.close());
  const ask = async (): Promise<string> => readText(await transport.send({ method: 'GET', path: '/' }));
  await assert.rejects(ask(), { code: 'ENOENT' });
  writeFileSync(tokenFile, 'one\n');
  assert.equal(await ask(), 'Bearer one');
  writeFileSync(tokenFile, 'two\n');
  assert.equal(await ask(), 'Bearer one');
  now += 60_000;
  assert.equal(await ask(), 'Bearer two');
  rmSync(tokenFile);
  now += 60_000;
  assert.equal(await ask(), 'Bearer two');
});

test('a certificate that is handed out again keeps its connection, another one gets its own', async (t) => {
  const ports = new Set<number | undefined>();
  const server = await cannedServer(t, (request, response) => {
    ports.add(request.socket.remotePort);
    response.end();
  });
  let cert = 'one';
  const transport = httpTransport({ server, certData: 'one', keyData: 'key', certificateSource: async () => ({ cert, key: 'key' }) });
  t.after(() => transport.close());
  const ask = async (): Promise<string> => readText(await transport.send({ method: 'GET', path: '/' }));
  for (let i = 0; i < 3; i++) await ask();
  assert.equal(ports.size, 1);
  cert = 'two';
  await ask();
  assert.equal(ports.size, 2);
});

test('the first refusal is told to the sources', async (t) => {
  const server = await cannedServer(t, (_, response) => response.writeHead(401).end());
  let refused = 0;
  const transport = httpTransport({ server, tokenSource: async () => 'old', onUnauthorized: () => refused++ });
  t.after(() => transport.close());
  assert.equal((await transport.send({ method: 'GET', path: '/' })).status, 401);
  assert.equal(refused, 1);
});
