import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import { systemClock } from '@keelson/base';
import { httpTransport, readText } from '@keelson/client';
import { createCA, issue } from '@keelson/pki';
import { WebSocketServer } from 'ws';
import { openSocket } from './socket.ts';

test('requests go through the proxy to the server, which is believed as ever', async (t) => {
  const terms = { days: 1, clock: systemClock };
  const authority = await createCA({ commonName: 'test', ...terms });
  const { certPem: cert, keyPem: key } = await issue({
    ca: authority,
    commonName: 'server',
    dnsNames: ['server.test'],
    usages: ['server'],
    ...terms,
  });
  const server = createTlsServer({ cert, key }, (request, response) => response.end(`${request.method} ${request.url}`));
  new WebSocketServer({ server }).on('connection', (socket, { url }) => socket.send(`hello ${url}`));
  const port = await listening(server);
  const led: (string | undefined)[] = [];
  const proxy = createServer();
  proxy.on('connect', ({ url }, socket, head) => {
    led.push(url);
    const onward = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.write(head);
      socket.pipe(onward).pipe(socket);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
  });
  const proxyUrl = `http://127.0.0.1:${await listening(proxy)}`;
  const options = { server: 'https://server.test:6443', caData: authority.certPem, proxyUrl };
  const transport = httpTransport({ ...options, joinWrites: true });
  t.after(() => {
    transport.close();
    server.close();
    proxy.close();
  });
  assert.equal(await readText(await transport.send({ method: 'GET', path: '/a' })), 'GET /a');
  assert.equal(await readText(await transport.send({ method: 'POST', path: '/b', body: '{}' })), 'POST /b');
  const socket = await openSocket(options, '/c', [], {});
  const [said] = await once(socket, 'message');
  assert.equal(String(said), 'hello /c');
  socket.terminate();
  assert.deepEqual(led, ['server.test:6443', 'server.test:6443']);
});

async function listening(server: ReturnType<typeof createServer> | ReturnType<typeof createTlsServer>): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
