import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import type { Credential } from '@keelson/pki';
import type { ConfigMapList } from '@keelson/types';
import { startTlsServer, type TlsFixture } from '../testing/tls.ts';

/* A long list is laid, piece by piece, into memory that other lists use next: nobody may see another's bytes, or half of them. */

const path = '/api/v1/namespaces/default/configmaps';
const count = 400;

let server: TlsFixture;
let admin: Credential;
before(async () => {
  server = await startTlsServer();
  admin = await server.certificate('admin', ['system:masters']);
  for (let n = 0; n < count; n++) {
    const metadata = { name: `c-${n}`, labels: { half: n < count / 2 ? 'first' : 'second' } };
    await server.send('POST', path, { metadata, data: { filler: `${n} `.repeat(2_000) } });
  }
});
after(() => server.close());

/** @throws when the list is not whole, or not the one that was asked for. */
function check(text: string, half: string): void {
  const { items } = JSON.parse(text) as ConfigMapList;
  assert.equal(items.length, count / 2);
  for (const { metadata, data } of items) {
    assert.equal(metadata?.labels?.half, half);
    assert.equal(data?.filler, `${metadata?.name?.slice(2)} `.repeat(2_000));
  }
}

/** Asks and reads nothing yet. */
async function asked(half: string): Promise<TLSSocket> {
  const socket = await server.dial(admin);
  socket.pause();
  socket.write(`GET ${path}?labelSelector=half%3D${half} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
  return socket;
}

async function rest(socket: TLSSocket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.resume();
  await once(socket, 'close');
  const text = Buffer.concat(chunks).toString();
  return text.slice(text.indexOf('\r\n\r\n') + 4);
}

test('many at once, some of whom read slowly and some leave', async () => {
  const slow = await Promise.all(['first', 'second', 'first', 'second'].map(asked));
  const leaving = await Promise.all(['first', 'second', 'first'].map(asked));
  const quick = Array.from({ length: 24 }, async (_, n) => {
    const half = n % 2 === 0 ? 'first' : 'second';
    const { status, headers, text } = await server.ask(`${path}?labelSelector=half%3D${half}`, { credential: admin });
    assert.equal(status, 200);
    assert.equal(Number(headers['content-length']), Buffer.byteLength(text));
    check(text, half);
    if (n % 8 === 0) leaving[n / 8]?.destroy();
  });
  await Promise.all(quick);
  for (const [n, socket] of slow.entries()) check(await rest(socket), n % 2 === 0 ? 'first' : 'second');
});

test('indented, and compressed where the client takes it', async () => {
  const pretty = await server.ask(`${path}?labelSelector=half%3Dfirst&pretty=true`, { credential: admin });
  check(pretty.text, 'first');
  assert.match(pretty.text, /\n {2}"items": \[/);
  const gzip = await server.ask(`${path}?labelSelector=half%3Dfirst`, { credential: admin, headers: { 'accept-encoding': 'gzip' } });
  assert.equal(gzip.headers['content-encoding'], 'gzip');
});
