import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import type { Stream } from '../../cri/types.ts';
import { type Dial, forwardOverWebSocket } from './portforward.ts';
import { upgradeWebSocket } from './websocket.ts';

/** A connection to a pod that says what was done to it, and answers nothing until it is closed. */
function podEnd(): { stream: Stream; events: string[]; closed: Promise<void> } {
  const events: string[] = [];
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  const output = { [Symbol.asyncIterator]: () => ({ next: () => closed.then(() => ({ done: true, value: undefined })) }) };
  const stream = {
    output,
    write: (data: Buffer) => void events.push(`write ${data}`),
    close: () => {
      events.push('close');
      close();
    },
  } as unknown as Stream;
  return { stream, events, closed };
}

describe('port-forward over a WebSocket', () => {
  const server = createServer();
  let dial: Dial = () => Promise.reject(new Error('no pod'));
  before(async () => {
    server.on('upgrade', (request, socket, head) =>
      upgradeWebSocket(request, socket, head, (webSocket) => forwardOverWebSocket(webSocket, [80], (port) => dial(port))),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  after(() => void server.close());

  const connect = async (): Promise<WebSocket> => {
    const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, ['v4.channel.k8s.io']);
    await once(socket, 'open');
    return socket;
  };

  test('a client that leaves before the pod is reached is not forgotten: what it said is told, and the connection ends', async () => {
    const { stream, events, closed } = podEnd();
    const reached = Promise.withResolvers<Stream>();
    dial = () => reached.promise;
    const socket = await connect();
    socket.send(Buffer.from('\0bye'));
    socket.close();
    await once(socket, 'close');
    reached.resolve(stream);
    await closed;
    assert.deepEqual(events, ['write bye', 'close']);
  });

  test('a client that leaves later ends the connection, too', async () => {
    const { stream, events, closed } = podEnd();
    dial = () => Promise.resolve(stream);
    const socket = await connect();
    socket.send(Buffer.from('\0hello'));
    socket.close();
    await closed;
    assert.deepEqual(events, ['write hello', 'close']);
  });
});
