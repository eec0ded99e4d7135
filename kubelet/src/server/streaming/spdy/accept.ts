import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { RequestError } from '../../find.ts';
import { SpdyConnection, type Wire } from './connection.ts';

/** The WebSocket subprotocol that carries a SPDY connection for port-forward. */
const tunnel = 'SPDY/3.1+portforward.k8s.io';

/** Milliseconds a client that has been told everything may take to close. */
const idleBeforeClose = 10_000;

export function offersSpdy(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === 'spdy/3.1';
}

export function offersTunnel(request: IncomingMessage): boolean {
  const offered = String(request.headers['sec-websocket-protocol'] ?? '').split(',');
  return offered.some((each) => each.trim() === tunnel);
}

/** Takes an HTTP connection over for SPDY/3.1. @throws RequestError 403 when the client speaks none of `protocols`. */
export function acceptSpdy(request: IncomingMessage, socket: Duplex, head: Buffer, protocols: readonly string[]): SpdyConnection {
  const offered = [request.headers['x-stream-protocol-version'] ?? []].flat().flatMap((each) => each.split(',').map((one) => one.trim()));
  const chosen = protocols.find((each) => offered.includes(each));
  if (!chosen)
    throw new RequestError(
      403,
      `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${protocols.join(' ')}]`,
    );
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: SPDY/3.1', `X-Stream-Protocol-Version: ${chosen}`];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  let waiting: Promise<void> | undefined;
  const wire: Wire = {
    write: async (data) => {
      if (!socket.writable || socket.write(data)) return;
      // All writers wait for the same turn.
      waiting ??= drained(socket).finally(() => {
        waiting = undefined;
      });
      await waiting;
    },
    // Go's clients drop what they have not read yet when the connection ends: they close it themselves when they are done.
    end: () => void (socket as Socket).setTimeout(idleBeforeClose, () => socket.destroy()),
  };
  const connection = new SpdyConnection(wire);
  // Nothing is read before the next turn: whoever asked for the connection sets its handlers in this one.
  if (head.length > 0) socket.unshift(head);
  socket.on('data', (data: Buffer) => connection.receive(data));
  socket.on('close', () => connection.ended());
  socket.on('error', () => socket.destroy());
  return connection;
}

// The subprotocol's name holds a slash, which ws takes for an error in what it is asked: it is kept from ws and answered here.
const upgrader = new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false });
upgrader.on('headers', (headers) => headers.push(`Sec-WebSocket-Protocol: ${tunnel}`));

/** Takes a WebSocket over whose binary messages are the bytes of a SPDY/3.1 connection. */
export function acceptSpdyTunnel(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  use: (connection: SpdyConnection) => Promise<void>,
): Promise<void> {
  delete request.headers['sec-websocket-protocol'];
  return new Promise((resolve) => upgrader.handleUpgrade(request, socket, head, (webSocket) => resolve(use(overWebSocket(webSocket)))));
}

function overWebSocket(webSocket: WebSocket): SpdyConnection {
  const wire: Wire = {
    write: (data) =>
      new Promise((resolve) => (webSocket.readyState === webSocket.OPEN ? webSocket.send(data, () => resolve()) : resolve())),
    end: () => webSocket.close(1000),
  };
  const connection = new SpdyConnection(wire);
  webSocket.on('message', (data: Buffer) => connection.receive(data));
  webSocket.on('close', () => connection.ended());
  webSocket.on('error', () => webSocket.terminate());
  return connection;
}

function drained(socket: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.on('drain', done).on('close', done);
  });
}
