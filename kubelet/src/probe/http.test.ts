import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, describe, test } from 'node:test';
import { systemClock } from '@keelson/base';
import { issueTemporary } from '@keelson/pki';
import { httpGet, type Purpose, requestHeaders } from './http.ts';
import { callHook, probeHttp } from './prober.ts';
import type { HttpTarget } from './target.ts';

const servers: Server[] = [];
after(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

/** A server that writes down what it was sent, raw. */
async function listen(
  server: Server,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly port: number; readonly heard: string[][] }> {
  const heard: string[][] = [];
  servers.push(server);
  server.on('request', (request, response) => {
    heard.push(request.rawHeaders);
    response.writeHead(status, headers).end('body');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, heard };
}

const target = (port: number, change: Partial<HttpTarget> = {}): HttpTarget => ({
  ...{ type: 'http', scheme: 'http', host: '127.0.0.1', port, path: '/', headers: [] },
  ...change,
});

describe('headers', () => {
  const sent = (headers: HttpTarget['headers'], purpose: Purpose = 'probe') => requestHeaders(target(80, { headers }), purpose);
  const usual = { 'user-agent': ['kube-probe/1.36'], accept: ['*/*'], host: '127.0.0.1:80', connection: 'close' };
  const { accept: _, 'user-agent': __, ...bare } = usual;
  const cases: readonly [what: string, got: object, wanted: object][] = [
    ['of a probe', sent([]), usual],
    ['of a hook', sent([], 'lifecycle'), { ...usual, 'user-agent': ['kube-lifecycle/1.36'] }],
    [
      'the user’s instead',
      sent([
        ['user-agent', 'me'],
        ['ACCEPT', 'text/html'],
      ]),
      { ...usual, 'user-agent': ['me'], accept: ['text/html'] },
    ],
    [
      'none where the user wants none',
      sent([
        ['User-Agent', ''],
        ['Accept', ''],
      ]),
      bare,
    ],
    ['Host', sent([['Host', 'example.com']]), { ...usual, host: 'example.com' }],
    ['no empty Host', sent([['Host', '']]), usual],
    [
      'one name, several values',
      sent([
        ['X', 'a'],
        ['x', 'b'],
      ]),
      { ...usual, x: ['a', 'b'] },
    ],
  ];
  for (const [what, got, wanted] of cases) test(what, () => assert.deepEqual(got, wanted));

  test('as they arrive', async () => {
    const { port, heard } = await listen(createServer());
    await httpGet(
      target(port, {
        headers: [
          ['User-Agent', ''],
          ['X', 'a'],
          ['X', 'b'],
        ],
      }),
      'probe',
      1000,
    );
    assert.deepEqual(heard, [['accept', '*/*', 'x', 'a', 'x', 'b', 'host', `127.0.0.1:${port}`, 'connection', 'close']]);
  });
});

test('a redirect that leads elsewhere is an answer, and worth a warning', async () => {
  const { port, heard } = await listen(createServer(), 302, { location: 'http://0.0.0.0/' });
  const message = 'Probe terminated redirects, Response body: body';
  assert.deepEqual(await probeHttp(target(port), 1000), { result: 'success', message, warns: true });
  assert.equal(heard.length, 1);
});

describe('hooks', () => {
  test('any answer will do; a probe wants a good one', async () => {
    const { port } = await listen(createServer(), 500);
    assert.deepEqual(await callHook(target(port), 1000), { fellBack: false });
    assert.equal((await probeHttp(target(port), 1000)).result, 'failure');
  });

  test('HTTPS without looking at the certificate', async () => {
    const { port, heard } = await listen(createTlsServer(await issueTemporary('x', { dnsNames: ['x'], ips: [] }, systemClock)) as never);
    assert.deepEqual(await callHook(target(port, { scheme: 'https' }), 1000), { fellBack: false });
    assert.equal(heard.length, 1);
  });

  test('a server without TLS is asked again, without credentials', async () => {
    const { port, heard } = await listen(createServer());
    const asked = target(port, {
      scheme: 'https',
      headers: [
        ['Authorization', 'Bearer x'],
        ['X', 'a'],
      ],
    });
    assert.deepEqual(await callHook(asked, 1000), { fellBack: true });
    assert.deepEqual([heard.length, heard[0]?.includes('authorization'), heard[0]?.includes('x')], [1, false, true]);
    assert.equal((await probeHttp(asked, 1000)).result, 'failure');
  });

  test('nobody there', async () => {
    const { port } = await listen(createServer());
    servers.at(-1)?.close();
    await assert.rejects(callHook(target(port, { scheme: 'https' }), 1000), /ECONNREFUSED/);
  });
});
