import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Transport } from '@keelson/client';
import { createProxy } from './server.ts';
import type { Upstream } from './upgrade.ts';

const nowhere: Upstream = { connection: { server: 'http://127.0.0.1:1' }, headers: {} };
const unreachable: Transport = { send: () => Promise.reject(new Error('no server')), close: () => undefined };

/** What is answered to each path: the status, and where it leads or what it says. */
async function answers(...paths: readonly string[]): Promise<[number, string][]> {
  const folder = mkdtempSync(join(tmpdir(), 'proxy-'));
  mkdirSync(join(folder, 'sub'));
  mkdirSync(join(folder, 'site'));
  writeFileSync(join(folder, 'sub', 'a.txt'), 'hello');
  writeFileSync(join(folder, 'site', 'index.html'), 'home');
  const options = {
    transport: unreachable,
    upstream: nowhere,
    rules: undefined,
    apiPrefix: '/custom/',
    files: { folder, prefix: '/static/' },
  };
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

test('connections that change their protocol are led on as the user, within the rules; what cannot be reached is told', async (t) => {
  const seen: (string | undefined)[][] = [];
  const behind = createServer((_, response) => response.writeHead(400).end('Upgrade request required'));
  behind.on('upgrade', ({ url, headers: { authorization, host, 'x-own': own } }, socket) => {
    seen.push([url, authorization, String(own), host === undefined ? host : 'host']);
    if (url?.includes('refused')) return void socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno');
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    socket.pipe(socket);
  });
  const start = async (server: Server): Promise<number> => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    return (server.address() as AddressInfo).port;
  };
  const upstream = (port: number): Upstream => ({
    connection: { server: `http://127.0.0.1:${port}`, token: 'secret' },
    headers: { 'x-own': ['a', 'b'] },
  });
  const rules = { acceptHosts: [/./], acceptPaths: [/./], rejectPaths: [/attach/], rejectMethods: [] };
  const options = { transport: unreachable, rules, apiPrefix: '/', files: undefined };
  const proxy = await start(createProxy({ ...options, upstream: upstream(await start(behind)) }));
  const lost = await start(createProxy({ ...options, upstream: upstream(1) }));
  const say = async (port: number, path: string): Promise<string> => {
    const socket = connect(port, '127.0.0.1');
    socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer mine\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\nhello`);
    let text = '';
    for await (const chunk of socket) {
      text += String(chunk);
      if (text.includes('hello') || text.endsWith('no')) break;
    }
    return text.replaceAll('\r\n', ' ');
  };
  assert.equal(await say(proxy, '/exec?x=1'), 'HTTP/1.1 101 Switching Protocols Connection: Upgrade Upgrade: echo  hello');
  assert.match(await say(proxy, '/refused'), /^HTTP\/1.1 403 Forbidden .* no$/);
  assert.match(await say(proxy, '/attach'), /^HTTP\/1.1 403 .*Forbidden\n$/);
  assert.match(await say(lost, '/exec'), /^HTTP\/1.1 502 .*Error trying to reach service: /);
  assert.deepEqual(seen, [
    ['/exec?x=1', 'Bearer secret', 'a, b', 'host'],
    ['/refused', 'Bearer secret', 'a, b', 'host'],
  ]);
});
