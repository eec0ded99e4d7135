import { createSocket } from 'node:dgram';
import { createServer, isIPv6, type Server, type Socket } from 'node:net';
import type { Clock, Logger } from '@keelson/base';
import type { Answerer } from './answer.ts';
import { Frames, framed } from './frames.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Listening {
  readonly port: number;
  close(): void;
}

/** Answers over UDP, a packet a query. @throws when it cannot listen there. */
export async function listenUdp({ host, port }: Address, answer: Answerer, log: Logger): Promise<Listening> {
  // As many askers at once as a cluster has pods: the kernel's usual buffer holds some hundred queries.
  const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', recvBufferSize: 1 << 20 });
  socket.on('message', (bytes, from) => {
    answer(bytes, 'udp').then(
      (reply) => reply && socket.send(reply, from.port, from.address),
      (err) => log.error('a query could not be answered', { err }),
    );
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', (error) => reject(cannotListen(host, port, error)));
    socket.bind(port, host, resolve);
  });
  socket.on('error', (err) => log.error('UDP failed', { err }));
  return { port: socket.address().port, close: () => socket.close() };
}

/** Milliseconds that a connection may be silent. */
const idleMs = 10_000;
const mostConnections = 1000;

/** Answers over TCP, any number of queries a connection. @throws when it cannot listen there. */
export async function listenTcp({ host, port }: Address, answer: Answerer, deps: { clock: Clock; log: Logger }): Promise<Listening> {
  const connections = new Set<Socket>();
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    serveConnection(socket, answer, deps);
  });
  server.maxConnections = mostConnections;
  await bound(server, host, port);
  const close = (): void => {
    server.close();
    for (const socket of connections) socket.destroy();
  };
  const address = server.address();
  return { port: typeof address === 'object' && address ? address.port : port, close };
}

function serveConnection(socket: Socket, answer: Answerer, { clock, log }: { clock: Clock; log: Logger }): void {
  const frames = new Frames();
  const hangUp = (): void => void socket.destroy();
  let idle = clock.after(idleMs, hangUp);
  let [underWay, ended] = [0, false];
  const reply = async (query: Buffer): Promise<void> => {
    underWay += 1;
    const bytes = await answer(query, 'tcp');
    underWay -= 1;
    if (!bytes || !socket.writable) return hangUp();
    socket.write(framed(bytes));
    if (ended && underWay === 0) socket.end();
  };
  socket.on('error', hangUp).on('close', () => idle.cancel());
  // Who has said all it wanted may still wait for what it asked.
  socket.on('end', () => {
    ended = true;
    if (underWay === 0) socket.end();
  });
  socket.on('data', (chunk) => {
    idle.cancel();
    idle = clock.after(idleMs, hangUp);
    for (const query of frames.add(chunk)) reply(query).catch((err) => log.error('a query could not be answered', { err }));
  });
}

/** Resolves once a server listens. @throws in words a user can act on. */
export function bound(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(cannotListen(host, port, error)));
    server.listen(port, host, resolve);
  });
}

function cannotListen(host: string, port: number, { code, message }: NodeJS.ErrnoException): Error {
  const why =
    { EADDRINUSE: 'somebody else does', EACCES: 'permission denied; ports below 1024 take NET_BIND_SERVICE' }[code ?? ''] ?? message;
  return new Error(`cannot listen on ${host.includes(':') ? `[${host}]` : host}:${port}: ${why}`);
}
