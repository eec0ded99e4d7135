import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import type { Credential } from '@keelson/pki';
import { createMemoryStore } from '../storage/memory/memory.ts';
import type { Store } from '../storage/types.ts';
import { startTlsServer, type TlsFixture } from '../testing/tls.ts';
import { allowanceOf, usualLimits } from './deadline.ts';
import { parseRequest } from './request-info.ts';

let server: TlsFixture;
let admin: Credential;
const held = Promise.withResolvers<void>();
const store = createMemoryStore();
const create: Store['create'] = store.create.bind(store);
store.create = async (...args) => {
  if (args[0].endsWith('/slow')) await held.promise;
  return create(...args);
};

before(async () => {
  const components = [{ name: 'scheduler', check: () => held.promise.then(() => 'ok') }];
  server = await startTlsServer({ components, store });
  admin = await server.certificate('admin', ['system:masters']);
});
after(() => server.close());

const configMaps = '/api/v1/namespaces/default/configmaps';
const createSlow = JSON.stringify({ metadata: { name: 'slow' } });

test('a read that takes too long is answered with a Status that says no more than that', async () => {
  const reply = await server.ask('/api/v1/componentstatuses?timeout=20ms', { credential: admin });
  assert.equal(reply.status, 504);
  assert.equal(reply.headers['content-type'], 'text/plain; charset=utf-8');
  assert.equal(
    reply.text,
    '{"metadata":{},"status":"Failure","message":"Timeout: request did not complete within the allotted timeout","reason":"Timeout","details":{},"code":504}\n',
  );
  assert.match(await server.metrics.metrics(), /request_terminations_total\{verb="LIST".*resource="componentstatuses".*code="504"\} 1/);
});

test('a write that takes too long says so as an API object; its connection serves on, and what it writes late reaches nobody', async () => {
  const socket = await server.dial(admin);
  const head = (method: string, path: string, more = '') => `${method} ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
  const read = async (until: string): Promise<string> => {
    let text = '';
    while (!text.includes(until)) text += (await once(socket, 'data'))[0];
    return text;
  };
  const more = `Content-Type: application/json\r\nContent-Length: ${createSlow.length}\r\n`;
  socket.write(`${head('POST', `${configMaps}?timeout=20ms`, more)}${createSlow}`);
  const late = await read('"code":504}');
  assert.match(late, /^HTTP\/1.1 504 /);
  assert.match(late, /content-type: application\/json/i);
  assert.match(late, /"kind":"Status".*"message":"Timeout: request did not complete within requested timeout - context deadline exceeded"/);
  held.resolve();
  socket.write(head('GET', `${configMaps}/slow`));
  assert.doesNotMatch(await read('"metadata"'), / 201 |"code":504/);
  socket.destroy();
});

test('a timeout nobody can read is refused, before anybody is asked who they are', async () => {
  for (const [asked, why] of [
    ['abc', 'time: invalid duration "abc"'],
    ['5', 'time: missing unit in duration "5"'],
  ]) {
    const reply = await server.ask(`/api/v1/pods?timeout=${asked}`, { token: 'nobody' });
    assert.equal(reply.status, 400);
    const { message, reason } = JSON.parse(reply.text) as Record<string, string>;
    assert.deepEqual({ message, reason }, { message: `invalid timeout specified in the request URL - ${why}`, reason: 'BadRequest' });
  }
});

test('what a request is allowed, in milliseconds', () => {
  const limits = { ...usualLimits, requestTimeout: 60_000 };
  const allowed = (method: string, url: string, isOwn = true) => allowanceOf(parseRequest(method, url), limits, () => isOwn)?.ms;
  assert.equal(allowed('GET', configMaps), 60_000);
  assert.equal(allowed('GET', `${configMaps}?timeout=10s`), 10_000);
  assert.equal(allowed('GET', `${configMaps}?timeout=2m`), 60_000);
  assert.equal(allowed('GET', `${configMaps}?timeout=0s`), 60_000);
  assert.equal(allowed('GET', `${configMaps}?timeout=-5s`), 60_000);
  assert.equal(allowed('POST', configMaps), 34_000);
  assert.equal(allowed('POST', configMaps, false), 60_000);
  assert.equal(allowed('POST', `${configMaps}?timeout=1s`), 1_000);
  assert.equal(allowed('GET', '/healthz'), 60_000);
  for (const [method, url] of [
    ['GET', `${configMaps}?watch=1&timeout=x`],
    ['POST', '/api/v1/namespaces/a/pods/b/exec?timeout=x'],
    ['GET', '/api/v1/namespaces/a/pods/b/log?timeout=x'],
    ['PUT', '/api/v1/namespaces/a/services/b/proxy/c?timeout=x'],
  ] as const)
    assert.equal(allowed(method, url), undefined, url);
  assert.equal(
    allowanceOf(parseRequest('GET', configMaps), usualLimits, () => true),
    undefined,
  );
});
