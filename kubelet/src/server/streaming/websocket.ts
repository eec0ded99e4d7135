import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { channels, type Framing, framingOf, protocols } from './framing.ts';
import type { CommandStatus, RemoteSession } from './session.ts';

type Handlers = Parameters<RemoteSession['receive']>[0];

/** How much may wait in the socket before the command's output waits. */
const highWater = 1 << 20;

const upgrader = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  handleProtocols: (offered) => protocols.find((each) => offered.has(each)) ?? false,
});

/** Takes a connection over. `use` is called in the turn of the upgrade, so that it can listen before the first message. */
export function upgradeWebSocket<T>(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  use: (socket: WebSocket) => T | Promise<T>,
): Promise<T> {
  return new Promise((resolve) => upgrader.handleUpgrade(request, socket, head, (webSocket) => resolve(use(webSocket))));
}

/** Whether the client offers a protocol spoken here; who names none gets the oldest. */
export function offersWebSocket({ headers }: IncomingMessage): boolean {
  const offered = headers['sec-websocket-protocol']?.split(',').map((each) => each.trim());
  return headers.upgrade?.toLowerCase() === 'websocket' && (offered?.some((each) => protocols.includes(each)) ?? true);
}

/** Exec or attach over one WebSocket. */
export function webSocketSession(socket: WebSocket): RemoteSession {
  const early: Buffer[] = [];
  let handlers: Handlers | undefined;
  const framing = framingOf(socket.protocol);
  const send = (channel: number, data: Buffer): void => socket.send(framing.encode(channel, data));
  const take = (message: Buffer, given: Handlers): void => dispatch(framing.decode(message), given);
  socket.on('message', (message: Buffer) => (handlers ? take(message, handlers) : void early.push(message)));
  socket.on('close', () => handlers?.gone());
  socket.on('error', () => socket.terminate());
  return {
    receive(given) {
      handlers = given;
      for (const message of early.splice(0)) take(message, given);
      if (socket.readyState !== socket.OPEN) given.gone();
    },
    async send(channel, data) {
      await sendPaced(socket, framing.encode(channels[channel], data));
    },
    finish(status: CommandStatus) {
      if (framing.wholeStatus) send(channels.error, Buffer.from(JSON.stringify(status)));
      else if (status.status === 'Failure') send(channels.error, Buffer.from(status.message ?? ''));
      socket.close(1000);
    },
  };
}

function dispatch(message: ReturnType<Framing['decode']>, handlers: Handlers): void {
  if (!message) return;
  const { channel, data } = message;
  if (channel === channels.stdin) handlers.stdin(data);
  else if (channel === channels.resize) resize(data, handlers.resize);
  else if (channel === channels.close && data[0] === channels.stdin) handlers.stdinClosed();
}

function resize(data: Buffer, apply: (width: number, height: number) => void): void {
  try {
    const size = JSON.parse(data.toString()) as { Width?: number; Height?: number };
    if (size.Width && size.Height) apply(size.Width, size.Height);
  } catch {
    // A client that sends nonsense keeps its size.
  }
}

/** Sends a message, and waits while too much waits in the socket. */
export async function sendPaced(socket: WebSocket, message: Buffer | string): Promise<void> {
  socket.send(message);
  while (socket.bufferedAmount > highWater && socket.readyState === socket.OPEN) await drained(socket);
}

/** Resolves when what was sent so far has left, or the socket has ended: an empty ping goes out behind it. */
function drained(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => socket.ping(Buffer.alloc(0), undefined, () => resolve()));
}
