import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { EndpointSlice, Pod, Service, ServiceAccount } from '@keelson/types';
import { type Fixture, podOf, startServer } from '../../testing/fixture.ts';

let server: Fixture;
let port = 0;
const behind = createServer((request, response) => {
  if (request.url === '/moved') response.writeHead(302, { location: '/there' }).end();
  else if (request.url === '/page') response.writeHead(200, { 'content-type': 'text/html' }).end('<a href="/next">n</a>');
  else response.end(JSON.stringify({ method: request.method, url: request.url, auth: request.headers.authorization ?? '' }));
});
const namespace = 'default';

before(async () => {
  server = await startServer();
  await new Promise<void>((resolve) => behind.listen(0, '127.0.0.1', resolve));
  port = (behind.address() as AddressInfo).port;
  const { api } = server;
  await api.create(ServiceAccount, { metadata: { name: 'default', namespace } });
  const pod = await api.create(Pod, { ...podOf('web'), metadata: { name: 'web', namespace } } as Pod);
  await api.update(
    Pod,
    { ...pod, status: { ...pod.status, podIP: '127.0.0.1', podIPs: [{ ip: '127.0.0.1' }] } },
    { subresource: 'status' },
  );
  await api.create(Service, { metadata: { name: 'web', namespace }, spec: { ports: [{ name: 'main', port: 80 }] } });
  await api.create(EndpointSlice, {
    metadata: { name: 'web-1', namespace, labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['127.0.0.1'] }],
    ports: [{ name: 'main', port }],
  });
});
after(async () => {
  behind.close();
  await server.close();
});

const path = (kind: string, name: string, rest: string): string => `/api/v1/namespaces/${namespace}/${kind}/${name}/proxy${rest}`;

test('a proxied request arrives with its method, path and query, and without its credentials', async () => {
  for (const [kind, name] of [
    ['pods', `web:${port}`],
    ['services', 'web:main'],
    ['services', 'web:80'],
    ['services', 'http:web:main'],
  ] as const) {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const) {
      const answer = await server.send(method, path(kind, name, '/some%2Fwhere?a=b'), undefined, { authorization: 'Bearer secret' });
      assert.deepEqual(answer.json(), { method, url: '/some%2Fwhere?a=b', auth: '' }, `${kind}/${name}`);
    }
    assert.equal((await server.send('HEAD', path(kind, name, '/'))).status, 200);
    assert.equal((await server.send('OPTIONS', path(kind, name, '/'))).json<{ method: string }>().method, 'OPTIONS');
  }
});

test('redirects and links lead back through the proxy', async () => {
  const at = path('services', 'web:main', '');
  const bare = await server.send('GET', `${at}?x=1`);
  assert.deepEqual([bare.status, bare.headers.location], [301, `${at}/?x=1`]);
  assert.equal((await server.send('HEAD', at)).status, 301);
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const)
    assert.deepEqual((await server.send(method, `${at}?x=1`)).json(), { method, url: '/?x=1', auth: '' });
  assert.equal((await server.send('GET', `${at}/moved`)).headers.location, `${at}/there`);
  assert.equal((await server.send('GET', `${at}/page`)).text, `<a href="${at}/next">n</a>`);
});

test('what is not there is said to be', async () => {
  assert.equal((await server.send('GET', path('services', 'web:other', '/'))).status, 503);
  assert.equal((await server.send('GET', path('services', 'web:81', '/'))).status, 503);
  assert.equal((await server.send('GET', path('pods', 'none', '/'))).status, 404);
  assert.equal((await server.send('GET', path('pods', 'ftp:web:1', '/'))).status, 400);
});
