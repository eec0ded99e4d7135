import assert from 'node:assert/strict';
import { connect as connectPlain, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { systemClock } from '@keelson/base';
import type { Credential } from '@keelson/pki';
import { startTlsServer, type TlsFixture } from '../testing/tls.ts';

/** Clients that hold connections for nothing. 10,000 of them with KEELSON_HEAVY set, 1,000 without. */

const crowd = process.env.KEELSON_HEAVY ? 10_000 : 1_000;
const patience = { handshake: 400, head: 400, request: 800, idle: 60_000, interval: 50 };

let server: TlsFixture;
let admin: Credential;
before(async () => {
  server = await startTlsServer({}, patience);
  admin = await server.certificate('admin', ['system:masters']);
});
after(() => server.close());

/** What came before the server closed. */
function closing(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk;
  });
  return new Promise((resolve) => {
    socket.on('close', () => resolve(text));
    if (socket.destroyed) resolve(text);
  });
}

/** The longest of ten answers, in milliseconds. */
async function slowest(): Promise<number> {
  let worst = 0;
  for (let i = 0; i < 10; i++) {
    const start = systemClock.now();
    assert.equal((await server.ask('/api/v1/namespaces/default', { credential: admin })).status, 200);
    worst = Math.max(worst, systemClock.now() - start);
  }
  return worst;
}

/** Writes a piece whenever a while has passed, until the connection is closed. */
function drip(socket: TLSSocket, piece: string): void {
  const next = (): void => {
    if (socket.destroyed || !socket.writable) return;
    socket.write(piece);
    systemClock.after(30, next);
  };
  next();
}

test('a head that comes drop by drop is cut off, and others are answered meanwhile', async () => {
  const sockets = await Promise.all(Array.from({ length: 50 }, () => server.dial()));
  const ends = sockets.map(closing);
  for (const socket of sockets) {
    socket.write('GET /api/v1/pods HTTP/1.1\r\nhost: x\r\n');
    drip(socket, 'x-a: b\r\n');
  }
  assert.ok((await slowest()) < 2_000);
  for (const text of await Promise.all(ends)) assert.match(text, /^(HTTP\/1\.1 408|$)/);
});

test('a body that comes drop by drop is cut off', async () => {
  const socket = await server.dial(admin);
  const end = closing(socket);
  const path = '/api/v1/namespaces/default/configmaps';
  socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n{`);
  drip(socket, ' ');
  assert.ok((await slowest()) < 2_000);
  assert.match(await end, /^(HTTP\/1\.1 4\d\d|$)/);
});

test('a handshake that never ends, and what is no TLS at all', async () => {
  const silent = connectPlain(server.port, '127.0.0.1');
  const plain = connectPlain(server.port, '127.0.0.1');
  for (const socket of [silent, plain]) socket.on('error', () => undefined);
  plain.write('GET /api/v1/secrets HTTP/1.1\r\nhost: x\r\n\r\n');
  const [nothing, answered] = await Promise.all([closing(silent), closing(plain)]);
  assert.equal(nothing, '');
  assert.doesNotMatch(answered, /kind/);
});

test('a head without end is refused', async () => {
  const socket = await server.dial();
  const end = closing(socket);
  socket.write(`GET / HTTP/1.1\r\nhost: x\r\nx-long: ${'a'.repeat(2 * 1024 * 1024)}`);
  assert.match(await end, /^(HTTP\/1\.1 431|$)/);
});

test(`${crowd} idle connections, and the server answers`, async () => {
  const quiet = await startTlsServer();
  const credential = await quiet.certificate('admin', ['system:masters']);
  const sockets: TLSSocket[] = [];
  try {
    while (sockets.length < crowd) sockets.push(...(await Promise.all(Array.from({ length: 50 }, () => quiet.dial()))));
    const memory = process.memoryUsage().rss;
    let worst = 0;
    for (let i = 0; i < 20; i++) {
      const start = systemClock.now();
      assert.equal((await quiet.ask('/api/v1/namespaces/default', { credential })).status, 200);
      worst = Math.max(worst, systemClock.now() - start);
    }
    assert.ok(worst < 2_000, `the slowest answer took ${worst} ms`);
    assert.ok(memory < 2 * 1024 ** 3, `${memory} bytes`);
    assert.equal(sockets.filter((socket) => socket.destroyed).length, 0);
  } finally {
    for (const socket of sockets) socket.destroy();
    await quiet.close();
  }
});
