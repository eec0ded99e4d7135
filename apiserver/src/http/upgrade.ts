import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { badRequest } from '@keelson/machinery';
import type { PipelineOptions } from './pipeline.ts';
import { admit, common } from './pipeline.ts';
import { parseRequest } from './request-info.ts';
import { toStatus } from './respond.ts';
import type { Tunnel } from './services.ts';
import type { ResourceRequest } from './types.ts';

type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** Requests that leave HTTP: authenticated and authorised like any other, then handed to the subresource that takes them. */
export function createUpgrade(options: PipelineOptions): Upgrade {
  return (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    serve(options, request, socket, head).catch((error: unknown) => {
      const { status, code } = toStatus(error);
      const body = JSON.stringify(status);
      socket.end(
        `HTTP/1.1 ${code} ${status.reason ?? 'Error'}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
      );
    });
  };
}

async function serve(options: PipelineOptions, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  const info = parseRequest(request.method ?? 'GET', request.url ?? '/');
  const user = await admit(options, info, request);
  const store = info.isResource ? options.registry.find(info.group, info.version, info.resource) : undefined;
  const subresource = store?.definition.subresources?.[info.subresource];
  if (!store || !subresource?.upgrade) throw badRequest('this path cannot be upgraded');
  const tunnel: Tunnel = async (kubelet, path) => {
    const upstream = await options.services.kubelets.dial(kubelet);
    join(socket, upstream);
    upstream.write(requestHead(request, path, kubelet.host));
    if (head.length > 0) upstream.write(head);
  };
  const unused = undefined as unknown as ResourceRequest['response'];
  await subresource.upgrade({ ...common(options), info, user, request, response: unused, store }, tunnel);
}

/** The client's request again, for the kubelet: its own path, none of the client's credentials. */
function requestHead(request: IncomingMessage, path: string, host: string): string {
  const lines = [`${request.method} ${path} HTTP/1.1`, `host: ${host}`];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const name = request.rawHeaders[i] as string;
    if (!['host', 'authorization'].includes(name.toLowerCase()))
      lines.push(`${name}: ${withoutBearer(name, request.rawHeaders[i + 1] as string)}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** WebSocket clients may send their token as a subprotocol. */
function withoutBearer(name: string, value: string): string {
  if (name.toLowerCase() !== 'sec-websocket-protocol') return value;
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => !part.startsWith('base64url.bearer.authorization.k8s.io.'))
    .join(', ');
}

function join(client: Duplex, kubelet: Duplex): void {
  const end = (): void => {
    client.destroy();
    kubelet.destroy();
  };
  for (const side of [client, kubelet]) side.on('error', end).on('close', end);
  client.pipe(kubelet);
  kubelet.pipe(client);
}
