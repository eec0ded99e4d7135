import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '@keelson/base';
import { badRequest } from '@keelson/machinery';
import type { Trail } from '../../audit/trail.ts';
import { withoutBearers } from '../../auth/tokens/bearer.ts';
import type { ServedSubresource } from '../../kinds/served-kind.ts';
import type { KindStore } from '../../registry/kind-store.ts';
import type { PipelineOptions } from '../pipeline.ts';
import { admit, common, requestID } from '../pipeline.ts';
import type { RequestInfo } from '../request-info.ts';
import { parseRequest } from '../request-info.ts';
import type { ResourceRequest } from '../resource-request.ts';
import { toStatus } from '../respond.ts';
import type { Tunnel } from '../services.ts';
import { readerSocket } from './reader-socket.ts';

/** Milliseconds a refused client may take to close its side. */
const lingering = 5_000;

type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export interface UpgradeHandler {
  /** True when a request that asks to leave HTTP would be let: others are answered as if they had not asked. */
  readonly accepts: (request: IncomingMessage) => boolean;
  readonly handle: Upgrade;
}

/** Requests that leave HTTP: authenticated and authorised like any other, then handed to the subresource that takes them. */
export function createUpgrade(options: PipelineOptions): UpgradeHandler {
  return {
    accepts(request) {
      const info = parseRequest(request.method ?? 'GET', request.url ?? '/');
      if (options.aggregator.takes(info.path, request)) return true;
      const { upgrade, read } = subresourceOf(options, info)?.subresource ?? {};
      return upgrade !== undefined || (read !== undefined && request.headers.upgrade?.toLowerCase() === 'websocket');
    },
    handle(request, socket, head) {
      socket.on('error', () => socket.destroy());
      const info = parseRequest(request.method ?? 'GET', request.url ?? '/');
      const audit = options.auditor?.open(requestID(request, options.random), info, request);
      if (audit) socket.on('close', () => audit.finish());
      serve(options, { info, request, socket, head, audit }).catch((error: unknown) => {
        const body = refuse(socket, error, options.clock);
        audit?.answered(body);
        audit?.head(toStatus(error).code);
      });
    },
  };
}

/** Returns what it answers. What else the client sent is read and dropped, so that the answer arrives and its end is noticed; it has a moment to go by itself. */
function refuse(socket: Duplex, error: unknown, clock: Clock): Buffer {
  const { status, code } = toStatus(error);
  const body = Buffer.from(JSON.stringify(status));
  const head = [
    `HTTP/1.1 ${code} ${STATUS_CODES[code] ?? 'Error'}`,
    'content-type: application/json',
    `content-length: ${body.length}`,
    'connection: close',
  ];
  if (socket.destroyed) return body;
  socket.resume().end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]));
  const timer = clock.after(lingering, () => socket.destroy());
  socket.on('close', () => timer.cancel());
  return body;
}

interface Upgradable {
  readonly store: KindStore;
  readonly subresource: ServedSubresource;
}

function subresourceOf({ registry }: PipelineOptions, info: RequestInfo): Upgradable | undefined {
  const store = info.isResource && info.name ? registry.find(info.group, info.version, info.resource) : undefined;
  const subresource = store?.definition.subresources?.[info.subresource];
  if (info.rest !== '' && !subresource?.anyMethod) return undefined;
  if (!store || !subresource || !(subresource.verbs as readonly string[]).includes(info.verb)) return undefined;
  return { store, subresource };
}

interface Leaving {
  readonly info: RequestInfo;
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly audit: Trail | undefined;
}

async function serve(options: PipelineOptions, { info, request, socket, head, audit }: Leaving): Promise<void> {
  const user = await admit(options, info, request, audit);
  const remote = options.aggregator.find(info.path);
  if (remote !== undefined) {
    const upstream = await options.aggregator.leave(remote, { request, socket, head, user });
    if (upstream) audit?.head(101);
    if (upstream) join(socket, upstream, options.signal);
    return;
  }
  const { store, subresource } = subresourceOf(options, info) ?? {};
  if (!store || !subresource) throw badRequest('this path cannot be upgraded');
  // A WebSocket can only be opened by GET, and is to need no less than the POST of other protocols.
  if (info.verb === 'get' && subresource.verbs.includes('create')) await admit(options, { ...info, verb: 'create' }, request);
  const tunnel: Tunnel = async (kubelet, path) => {
    const upstream = await options.services.kubelets.dial(kubelet);
    audit?.head(101);
    join(socket, upstream, options.signal);
    upstream.write(requestHead(request, path, kubelet.host));
    if (head.length > 0) upstream.write(head);
  };
  const unused = undefined as unknown as ResourceRequest['response'];
  const asked = { ...common(options), info, user, request, response: unused, store, audit };
  if (subresource.upgrade) return subresource.upgrade(asked, tunnel);
  const open = async () => {
    const reader = await readerSocket({ request, socket, head });
    audit?.head(101);
    return reader;
  };
  await subresource.read?.(asked, open);
}

/** The client's request again, for the kubelet: its own path, none of the client's credentials. */
function requestHead(request: IncomingMessage, path: string, host: string): string {
  const lines = [`${request.method} ${path} HTTP/1.1`, `host: ${host}`];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const name = request.rawHeaders[i] as string;
    const value = request.rawHeaders[i + 1] as string;
    const key = name.toLowerCase();
    if (key === 'host' || key === 'authorization') continue;
    // WebSocket clients may send their token as a subprotocol.
    lines.push(`${name}: ${key === 'sec-websocket-protocol' ? withoutBearers(value) : value}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** Either side's end, or the server's, is the end of both. */
function join(client: Duplex, upstream: Duplex, signal: AbortSignal): void {
  const end = (): void => {
    signal.removeEventListener('abort', end);
    client.destroy();
    upstream.destroy();
  };
  for (const side of [client, upstream]) side.on('error', end).on('close', end);
  signal.addEventListener('abort', end, { once: true });
  if (client.destroyed || signal.aborted) end();
  else client.pipe(upstream).pipe(client);
}
