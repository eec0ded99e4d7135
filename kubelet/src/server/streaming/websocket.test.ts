import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import type { CommandStatus, RemoteSession } from './session.ts';
import { offersWebSocket, upgradeWebSocket, webSocketSession } from './websocket.ts';

const success: CommandStatus = { metadata: {}, status: 'Success' };
const failure: CommandStatus = { metadata: {}, status: 'Failure', message: 'command terminated with exit code 3' };

describe('remote commands over a WebSocket', () => {
  const server = createServer();
  let use: (session: RemoteSession) => void = () => undefined;
  before(async () => {
    server.on('upgrade', async (request, socket, head) => {
      if (!offersWebSocket(request)) return void socket.end('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n');
      use(await upgradeWebSocket(request, socket, head, webSocketSession));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  after(() => void server.close());

  /** What a client that offers these protocols receives, message by message, text in quotes. */
  async function received(offered: string[], says: (session: RemoteSession) => void): Promise<{ protocol: string; messages: string[] }> {
    use = says;
    const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, offered);
    const messages: string[] = [];
    socket.on('message', (data, isBinary) => messages.push(isBinary ? (data as Buffer).toString('hex') : `"${data}"`));
    const [code] = await once(socket, 'close');
    assert.equal(code, 1000);
    return { protocol: socket.protocol, messages };
  }

  const hello =
    (status: CommandStatus) =>
    async (session: RemoteSession): Promise<void> => {
      await session.send('stdout', Buffer.from('hi\n'));
      session.finish(status);
    };
  const hex = (channel: number, text: string): string => Buffer.from(`${String.fromCharCode(channel)}${text}`).toString('hex');

  test('the newest that is offered is spoken, and tells the status whole', async () => {
    const { protocol, messages } = await received(['channel.k8s.io', 'v4.channel.k8s.io'], hello(success));
    assert.deepEqual([protocol, messages], ['v4.channel.k8s.io', [hex(1, 'hi\n'), hex(3, JSON.stringify(success))]]);
  });

  test('before version 4, success is silence and failure its message', async () => {
    assert.deepEqual((await received(['channel.k8s.io'], hello(success))).messages, [hex(1, 'hi\n')]);
    assert.deepEqual((await received(['channel.k8s.io'], hello(failure))).messages, [hex(1, 'hi\n'), hex(3, failure.message ?? '')]);
    assert.deepEqual(await received([], hello(success)), { protocol: '', messages: [hex(1, 'hi\n')] });
  });

  test('in base64, channels are digits and messages text', async () => {
    const status = Buffer.from(JSON.stringify(failure)).toString('base64');
    assert.deepEqual((await received(['v4.base64.channel.k8s.io'], hello(failure))).messages, ['"1aGkK"', `"3${status}"`]);
    assert.deepEqual((await received(['base64.channel.k8s.io'], hello(success))).messages, ['"1aGkK"']);
  });

  test('what comes in is told by its channel', async () => {
    use = (session) =>
      session.receive({
        stdin: (data) => void session.send('stdout', data),
        stdinClosed: () => undefined,
        resize: (width, height) => session.finish({ ...failure, message: `${width}x${height}` }),
        gone: () => undefined,
      });
    const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, ['base64.channel.k8s.io']);
    const messages: string[] = [];
    socket.on('message', (data) => messages.push(String(data)));
    await once(socket, 'open');
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    for (const message of [`0${base64('typed')}`, 'x', `4${base64('{"Width":80,"Height":24}')}`]) socket.send(message);
    await once(socket, 'close');
    assert.deepEqual(messages, [`1${base64('typed')}`, `3${base64('80x24')}`]);
  });
});
