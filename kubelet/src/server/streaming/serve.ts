import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Runtime, StreamOptions } from '../../cri/types.ts';
import type { PodRecord } from '../../worker/record.ts';
import { findRunning, RequestError } from '../find.ts';
import { forwardOverWebSocket } from './portforward.ts';
import { joinRemote, type RemoteSession } from './session.ts';
import { acceptSpdy, acceptSpdyTunnel, offersSpdy, offersTunnel } from './spdy/accept.ts';
import { forwardOverSpdy } from './spdy/portforward.ts';
import { spdySession } from './spdy/remote.ts';
import { offersWebSocket, upgradeWebSocket, webSocketSession } from './websocket.ts';

export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly query: URLSearchParams;
}

/** Answers `/exec/…` and `/attach/…` in the protocol the client offers. @throws RequestError before the connection is taken over. */
export async function serveRemote(
  runtime: Runtime,
  verb: 'exec' | 'attach',
  record: PodRecord,
  container: string,
  upgrade: Upgrade,
): Promise<void> {
  const { query } = upgrade;
  const { id } = findRunning(record, container);
  const asked = (...names: string[]): boolean => names.some((name) => ['1', 'true'].includes(query.get(name) ?? ''));
  const tty = asked('tty');
  const options = { stdin: asked('input', 'stdin'), stdout: asked('output', 'stdout'), stderr: asked('error', 'stderr') && !tty, tty };
  if (!options.stdin && !options.stdout && !options.stderr)
    throw new RequestError(400, 'you must specify at least 1 of stdin, stdout, stderr');
  const command = query.getAll('command');
  if (verb === 'exec' && command.length === 0) throw new RequestError(400, 'you must specify at least one command for the container');
  const session = await openSession(upgrade, options);
  const { streams } = runtime;
  await joinRemote(session, (each) => (verb === 'exec' ? streams.exec(id, { ...each, command }) : streams.attach(id, each)), options);
}

async function openSession({ request, socket, head }: Upgrade, options: StreamOptions): Promise<RemoteSession> {
  if (offersWebSocket(request)) return upgradeWebSocket(request, socket, head, webSocketSession);
  if (offersSpdy(request)) return spdySession(acceptSpdy(request, socket, head, ['v4.channel.k8s.io']), options);
  throw new RequestError(400, 'unable to upgrade: neither a WebSocket of a channel protocol nor SPDY/3.1');
}

/** Answers `/portForward/…`. @throws RequestError before the connection is taken over. */
export async function servePortForward(runtime: Runtime, record: PodRecord, upgrade: Upgrade): Promise<void> {
  const { request, socket, head, query } = upgrade;
  const sandbox = record.observed.sandboxes.find((each) => each.ready);
  if (!sandbox) throw new RequestError(404, 'pod is not running');
  const dial = (port: number) => runtime.streams.portForward(sandbox.id, port);
  if (offersTunnel(request)) return acceptSpdyTunnel(request, socket, head, (connection) => forwardOverSpdy(connection, dial));
  if (offersSpdy(request)) return forwardOverSpdy(acceptSpdy(request, socket, head, ['portforward.k8s.io']), dial);
  if (!offersWebSocket(request)) throw new RequestError(400, 'unable to upgrade: neither a WebSocket nor SPDY/3.1');
  const ports = query
    .getAll('port')
    .concat(query.getAll('ports'))
    .flatMap((each) => each.split(','))
    .map(Number);
  if (ports.length === 0 || ports.some((port) => !Number.isInteger(port) || port < 1 || port > 65535))
    throw new RequestError(400, 'query parameter "port" must be a port');
  await upgradeWebSocket(request, socket, head, (webSocket) => forwardOverWebSocket(webSocket, ports, dial));
}
