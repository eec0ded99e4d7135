import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { errorMessage } from '@keelson/base';
import { headerLimit } from '@keelson/client';
import { type DelegatedAuth, presenter, type ServingTexts, secureContext } from '@keelson/component';
import { accessFor } from './attributes.ts';
import { findPod, RequestError } from './find.ts';
import { route, type Shown } from './routes.ts';
import { servePortForward, serveRemote, type Upgrade } from './streaming/serve.ts';

export interface KubeletServerDeps extends Shown {
  readonly nodeName: string;
  readonly auth: DelegatedAuth;
}

export interface Listening {
  readonly port: number;
  /** New connections are shown and believed by what is given from now on. @throws when key and certificate do not match. */
  present(texts: ServingTexts): void;
  close(): Promise<void>;
}

/** PEM. */
export interface ServingCertificate {
  readonly cert: string;
  readonly key: string;
  /** The CA of clients with certificates. */
  readonly clientCA: string | undefined;
}

/** Serves the kubelet's API over TLS. `port` 0 takes any free one. @throws when it cannot listen. */
export async function serveKubelet(
  deps: KubeletServerDeps,
  { cert, key, clientCA }: ServingCertificate,
  address: string,
  port: number,
): Promise<Listening> {
  const first: ServingTexts = { tls: { cert, key }, ...(clientCA === undefined ? {} : { clientCA }) };
  const asked = { requestCert: clientCA !== undefined, rejectUnauthorized: false, maxHeaderSize: headerLimit };
  const server = createServer({ ...secureContext(first), ...asked }, (request, response) => void answer(deps, request, response));
  server.on('upgrade', (request, socket, head) => void upgrade(deps, request, socket, head));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(`cannot listen on ${address}:${port}: ${error.code === 'EADDRINUSE' ? 'the port is in use' : error.message}`)),
    );
    server.listen(port, address, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    present: presenter(server, first),
    close: () => close(server),
  };
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function answer(deps: KubeletServerDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const url = urlOf(request);
    await authorise(deps, request, url);
    await route(deps, request, url, response);
  } catch (error) {
    const code = error instanceof RequestError ? error.code : 500;
    if (code === 500) deps.log.warn('request failed', { path: request.url, error: errorMessage(error) });
    if (response.headersSent) return void response.destroy();
    response.writeHead(code, { 'content-type': 'text/plain; charset=utf-8' }).end(`${errorMessage(error)}\n`);
  }
}

async function upgrade(deps: KubeletServerDeps, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  socket.on('error', () => socket.destroy());
  try {
    const url = urlOf(request);
    await authorise(deps, request, url);
    const [, verb = '', namespace = '', name = '', ...rest] = url.pathname.split('/').map(decodeURIComponent);
    const connection: Upgrade = { request, socket, head, query: url.searchParams };
    if (verb === 'portForward') return await servePortForward(deps.runtime, findPod(deps.pods(), namespace, name, rest[0]), connection);
    if (verb !== 'exec' && verb !== 'attach') throw new RequestError(404, '404 page not found');
    const record = findPod(deps.pods(), namespace, name, rest.length > 1 ? rest[0] : undefined);
    await serveRemote(deps.runtime, verb, record, rest.at(-1) ?? '', connection);
  } catch (error) {
    const code = error instanceof RequestError ? error.code : 500;
    const body = `${errorMessage(error)}\n`;
    socket.end(
      `HTTP/1.1 ${code} Error\r\ncontent-type: text/plain\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    );
  }
}

/** @throws RequestError 401 or 403, in Kubernetes' words. */
async function authorise(deps: KubeletServerDeps, request: IncomingMessage, url: URL): Promise<void> {
  const user = await deps.auth
    .authenticate(request)
    .catch((error: unknown) => void deps.log.warn('unable to authenticate the request', { error: errorMessage(error) }));
  if (!user) throw new RequestError(401, 'Unauthorized');
  const wanted = accessFor(request.method ?? 'GET', url.pathname, deps.nodeName);
  for (const resourceAttributes of wanted) if (await deps.auth.authorize(user, { resourceAttributes })) return;
  const [first] = wanted;
  throw new RequestError(
    403,
    `Forbidden (user=${user.username}, verb=${first?.verb}, resource=nodes, subresource(s)=[${wanted.map((each) => each.subresource).join(' ')}])`,
  );
}

function urlOf(request: IncomingMessage): URL {
  const url = URL.parse(request.url ?? '/', 'https://localhost');
  if (!url) throw new RequestError(400, '400 Bad Request');
  return url;
}
