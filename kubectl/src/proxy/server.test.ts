import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Transport } from '@keelson/client';
import { createProxy } from './server.ts';

const unreachable: Transport = { send: () => Promise.reject(new Error('no server')), close: () => undefined };

/** What is answered to each path: the status, and where it leads or what it says. */
async function answers(...paths: readonly string[]): Promise<[number, string][]> {
  const folder = mkdtempSync(join(tmpdir(), 'proxy-'));
  mkdirSync(join(folder, 'sub'));
  mkdirSync(join(folder, 'site'));
  writeFileSync(join(folder, 'sub', 'a.txt'), 'hello');
  writeFileSync(join(folder, 'site', 'index.html'), 'home');
  const options = { transport: unreachable, rules: undefined, apiPrefix: '/custom/', files: { folder, prefix: '/static/' } };
  const server = createProxy(options).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const asked = paths.map(async (path): Promise<[number, string]> => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { redirect: 'manual' });
      return [response.status, response.headers.get('location') ?? (await response.text())];
    });
    return await Promise.all(asked);
  } finally {
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true });
  }
}

test('static files are served, folders listed, and names led on to the right ones', async () => {
  const [root, sub, file, site, bare, slash, index, none] = await answers(
    ...['/static/', '/static/sub/', '/static/sub/a.txt', '/static/site/', '/static/sub'],
    ...['/static/sub/a.txt/', '/static/site/index.html', '/static/none'],
  );
  assert.match(root?.[1] ?? '', /<a href="site\/">site\/<\/a>\n<a href="sub\/">sub\/<\/a>/);
  assert.match(sub?.[1] ?? '', /<a href="a.txt">a.txt<\/a>/);
  assert.deepEqual(
    [file, site],
    [
      [200, 'hello'],
      [200, 'home'],
    ],
  );
  assert.deepEqual(
    [bare, slash, index],
    [
      [301, 'sub/'],
      [301, '../a.txt'],
      [301, './'],
    ],
  );
  assert.deepEqual(none, [404, '404 page not found\n']);
});

test('paths that are not clean lead on, the query with them', async () => {
  assert.deepEqual(await answers('/custom//healthz?a=b', '/static', '/elsewhere', '/custom/healthz'), [
    [301, '/custom/healthz?a=b'],
    [301, '/static/'],
    [404, '404 page not found\n'],
    [502, 'Error trying to reach service: no server\n'],
  ]);
});
