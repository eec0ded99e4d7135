import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { type WebSocket, WebSocketServer } from 'ws';
import { remoteProtocols, runRemote } from './remote-command.ts';
import { openSocket } from './socket.ts';

/** A server that hands each socket to `serve`; answers the address to call. */
async function serveSockets(t: { after(fn: () => void): void }, serve: (socket: WebSocket) => void): Promise<string> {
  const http = createServer();
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => remoteProtocols[0] });
  http.on('upgrade', (request, socket, head) => {
    if (request.url === '/exec') return sockets.handleUpgrade(request, socket, head, serve);
    const body = JSON.stringify({ kind: 'Status', status: 'Failure', reason: 'NotFound', message: 'pods "x" not found', code: 404 });
    socket.end(`HTTP/1.1 404 Not Found\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`);
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  t.after(() => {
    for (const socket of sockets.clients) socket.terminate();
    http.close();
  });
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

function collect() {
  const parts: string[] = [];
  return { write: (text: string | Uint8Array) => parts.push(Buffer.from(text as string).toString()), text: () => parts.join('') };
}

async function* lines(...texts: string[]): AsyncGenerator<string> {
  yield* texts;
}

test('standard input reaches the command, its end too; output and exit code come back', async (t) => {
  const server = await serveSockets(t, (socket) => {
    let typed = '';
    socket.on('message', (message: Buffer) => {
      if (message[0] === 0) typed += message.subarray(1).toString();
      if (message[0] !== 255 || message[1] !== 0) return;
      socket.send(Buffer.concat([Buffer.of(1), Buffer.from(typed.toUpperCase())]));
      socket.send(Buffer.concat([Buffer.of(2), Buffer.from('oops')]));
      const causes = [{ reason: 'ExitCode', message: '3' }];
      socket.send(
        Buffer.concat([Buffer.of(3), Buffer.from(JSON.stringify({ status: 'Failure', reason: 'NonZeroExitCode', details: { causes } }))]),
      );
      socket.close(1000);
    });
  });
  const [stdout, stderr] = [collect(), collect()];
  const socket = await openSocket({ server }, '/exec', remoteProtocols, {});
  assert.equal(await runRemote(socket, { stdin: lines('a', 'b'), stdout, stderr }), 3);
  assert.deepEqual([stdout.text(), stderr.text()], ['AB', 'oops']);
});

test('sizes of the terminal are sent', async (t) => {
  const server = await serveSockets(t, (socket) => {
    socket.on('message', (message: Buffer) => {
      assert.deepEqual([message[0], message.subarray(1).toString()], [4, '{"Width":80,"Height":24}']);
      socket.send(Buffer.concat([Buffer.of(3), Buffer.from('{"status":"Success"}')]));
      socket.close(1000);
    });
  });
  const socket = await openSocket({ server }, '/exec', remoteProtocols, {});
  const code = await runRemote(socket, { stdout: collect(), stderr: collect(), onResize: (send) => send({ width: 80, height: 24 }) });
  assert.equal(code, 0);
});

test('a refusal is the Status the server sent', async (t) => {
  const server = await serveSockets(t, () => undefined);
  await assert.rejects(openSocket({ server }, '/nowhere', remoteProtocols, {}), {
    name: 'ApiError',
    message: 'pods "x" not found',
    reason: 'NotFound',
  });
});

test('a connection that breaks is an error', async (t) => {
  const server = await serveSockets(t, (socket) => socket.terminate());
  const socket = await openSocket({ server }, '/exec', remoteProtocols, {});
  await assert.rejects(runRemote(socket, { stdout: collect(), stderr: collect() }));
});
