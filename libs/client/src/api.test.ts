import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Kind } from '@keelson/types';
import { createApi } from './api.ts';
import { readText } from './body.ts';
import type { HttpRequestLike, HttpResponseLike } from './exchange.ts';
import { inProcessTransport } from './in-process.ts';
import { type Api, ApiError, type KubeObject } from './types.ts';

interface Thing extends KubeObject {
  spec?: { size: number };
}

const things = { group: '', version: 'v1', apiVersion: 'v1', kind: 'Pod', resource: 'pods', namespaced: true } as Kind<Thing>;

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: HttpRequestLike['headers'];
  readonly body: string;
}

/** An Api whose requests are recorded and answered by `answer`. */
function canned(
  answer: (response: HttpResponseLike, count: number) => void,
  onWarning?: (text: string) => void,
): { api: Api; seen: Seen[] } {
  const seen: Seen[] = [];
  const transport = inProcessTransport(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    seen.push({ method: request.method, url: request.url, headers: request.headers, body });
    answer(response, seen.length);
  });
  return { api: createApi(transport, onWarning ? { onWarning } : {}), seen };
}

const json = (response: HttpResponseLike, status: number, value: unknown, headers = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(value));
};

test('items of a list get the kind that the server leaves out', async () => {
  const { api, seen } = canned((response) =>
    json(response, 200, { kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion: '7' }, items: [{ metadata: { name: 'a' } }] }),
  );
  const list = await api.list(things, { namespace: 'n', labelSelector: 'x=y' });
  assert.deepEqual(list, { metadata: { resourceVersion: '7' }, items: [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } }] });
  assert.equal(seen[0]?.url, '/api/v1/namespaces/n/pods?labelSelector=x%3Dy');
  assert.equal(seen[0]?.headers.accept, 'application/json');
});

test('writes say what they are', async () => {
  const { api, seen } = canned((response) => json(response, 200, {}));
  const object = { metadata: { name: 'a', namespace: 'n' } };
  await api.create(things, object, { dryRun: true, fieldManager: 'me', fieldValidation: 'Strict' });
  await api.update(things, object, { subresource: 'status' });
  await api.patch(things, { name: 'a', namespace: 'n' }, 'application/apply-patch+yaml', object, { force: true, fieldManager: 'me' });
  await api.delete(things, { name: 'a', namespace: 'n' });
  await api.delete(things, { name: 'a', namespace: 'n' }, { gracePeriodSeconds: 0, preconditions: { uid: 'u' }, dryRun: true });
  await api.deleteCollection(things, { namespace: 'n', fieldSelector: 'f=g' });
  assert.deepEqual(
    seen.map(({ method, url, body }) => `${method} ${url} ${body}`),
    [
      'POST /api/v1/namespaces/n/pods?dryRun=All&fieldManager=me&fieldValidation=Strict {"metadata":{"name":"a","namespace":"n"}}',
      'PUT /api/v1/namespaces/n/pods/a/status {"metadata":{"name":"a","namespace":"n"}}',
      'PATCH /api/v1/namespaces/n/pods/a?fieldManager=me&force=true {"metadata":{"name":"a","namespace":"n"}}',
      'DELETE /api/v1/namespaces/n/pods/a ',
      'DELETE /api/v1/namespaces/n/pods/a {"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":0,"preconditions":{"uid":"u"},"dryRun":["All"]}',
      'DELETE /api/v1/namespaces/n/pods?fieldSelector=f%3Dg ',
    ],
  );
  assert.equal(seen[2]?.headers['content-type'], 'application/apply-patch+yaml');
});

test('an error answer becomes an ApiError with the Status it carries', async () => {
  const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', message: 'pods "a" not found', reason: 'NotFound', code: 404 };
  const { api } = canned((response) => json(response, 404, status));
  await assert.rejects(
    () => api.get(things, { name: 'a', namespace: 'n' }),
    (error: unknown) => {
      assert.ok(error instanceof ApiError);
      assert.deepEqual([error.code, error.reason, error.message], [404, 'NotFound', 'pods "a" not found']);
      return true;
    },
  );
});

test('an error answer that is no Status gets one made up', async () => {
  const { api } = canned((response) => {
    response.writeHead(404, {});
    response.end('404 page not found\n');
  });
  await assert.rejects(
    () => api.list(things),
    (error: unknown) => {
      assert.ok(error instanceof ApiError);
      assert.equal(error.message, 'the server could not find the requested resource (get pods)');
      assert.equal(error.reason, 'NotFound');
      assert.equal(error.status.details?.causes?.[0]?.message, '404 page not found');
      return true;
    },
  );
});

test('an answer 429 with Retry-After is asked again', async () => {
  const { api, seen } = canned((response, count) =>
    count < 3 ? json(response, 429, {}, { 'retry-after': '0' }) : json(response, 200, { metadata: { name: 'a' } }),
  );
  assert.equal((await api.get(things, { name: 'a', namespace: 'n' })).metadata.name, 'a');
  assert.equal(seen.length, 3);
});

test('warnings are handed on', async () => {
  const heard: string[] = [];
  const { api } = canned(
    (response) => json(response, 200, {}, { warning: ['299 - "say \\"hi\\""', '299 - "v1 Endpoints is deprecated"'] }),
    (text) => heard.push(text),
  );
  await api.get(things, { name: 'a', namespace: 'n' });
  assert.deepEqual(heard, ['say "hi"', 'v1 Endpoints is deprecated']);
});

test('watch yields events, throws ERROR events and ends with the stream', async () => {
  const { api, seen } = canned((response, count) => {
    response.writeHead(200, {});
    response.write('{"type":"ADDED","object":{"metadata":{"name":"a"}}}\n{"type":"BOOK');
    response.end(
      count === 1
        ? 'MARK","object":{"metadata":{"resourceVersion":"9"}}}\n'
        : 'MARK","object":{"metadata":{}}}\n{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}\n',
    );
  });
  const signal = new AbortController().signal;
  const types: string[] = [];
  for await (const event of api.watch(things, { signal, resourceVersion: '5', allowWatchBookmarks: true })) types.push(event.type);
  assert.deepEqual(types, ['ADDED', 'BOOKMARK']);
  assert.equal(seen[0]?.url, '/api/v1/pods?watch=true&resourceVersion=5&allowWatchBookmarks=true');
  await assert.rejects(async () => {
    for await (const event of api.watch(things, { signal })) types.push(event.type);
  }, /too old/);
});

test('aborting a watch ends it without an error', async () => {
  const { api } = canned((response) => {
    response.writeHead(200, {});
    response.write('{"type":"ADDED","object":{"metadata":{"name":"a"}}}\n');
  });
  const stop = new AbortController();
  let count = 0;
  for await (const _ of api.watch(things, { signal: stop.signal })) {
    count++;
    stop.abort();
  }
  assert.equal(count, 1);
});

test('raw sends any path and rejects error answers', async () => {
  const { api, seen } = canned((response, count) => json(response, count === 1 ? 200 : 500, { ok: true }));
  assert.equal(await readText(await api.raw({ method: 'GET', path: '/version', headers: { accept: 'text/plain' } })), '{"ok":true}');
  assert.equal(seen[0]?.headers.accept, 'text/plain');
  await assert.rejects(() => api.raw({ method: 'GET', path: '/version' }), /an error on the server \("\{\\"ok\\":true\}"\)/);
});
