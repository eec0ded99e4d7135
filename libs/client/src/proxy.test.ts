import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proxyFor } from './proxy.ts';

test('the proxy is the one that is named, or the environment’s for servers that need one', () => {
  const env = { HTTPS_PROXY: 'http://p:1', http_proxy: 'q:2', NO_PROXY: 'a.b, .c.d,10.0.0.0/8, *.e, f:8443,fd00::/8,1.2.3.4' };
  const cases: readonly (readonly [server: string, named: string | undefined, proxy: string | undefined])[] = [
    ['https://x.y', undefined, 'http://p:1'],
    ['http://x.y', undefined, 'http://q:2'],
    ['https://x.y', 'https://own:3', 'https://own:3'],
    ['https://10.9.8.7:6443', 'https://own:3', 'https://own:3'],
    ['https://localhost:6443', undefined, undefined],
    ['https://127.9.9.9:6443', undefined, undefined],
    ['https://[::1]:6443', undefined, undefined],
    ['https://10.9.8.7:6443', undefined, undefined],
    ['https://11.9.8.7:6443', undefined, 'http://p:1'],
    ['https://1.2.3.4:6443', undefined, undefined],
    ['https://[fd00::7]:6443', undefined, undefined],
    ['https://a.b', undefined, undefined],
    ['https://z.A.b', undefined, undefined],
    ['https://za.b', undefined, 'http://p:1'],
    ['https://c.d', undefined, 'http://p:1'],
    ['https://z.c.d', undefined, undefined],
    ['https://z.e', undefined, undefined],
    ['https://f:8443', undefined, undefined],
    ['https://f', undefined, 'http://p:1'],
  ];
  for (const [server, named, proxy] of cases) assert.equal(proxyFor(server, named, env), proxy, `${server} ${named}`);
  assert.equal(proxyFor('https://x.y', undefined, { https_proxy: 'http://p:1', no_proxy: '*' }), undefined);
  assert.equal(proxyFor('https://x.y', undefined, {}), undefined);
  assert.throws(() => proxyFor('https://x.y', 'ftp://p', {}), new Error('unsupported scheme "ftp", must be http or https'));
});
