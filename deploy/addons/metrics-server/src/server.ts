import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Clock, errorMessage, type Logger } from '@keelson/base';
import { headerLimit } from '@keelson/client';
import {
  type AccessAttributes,
  answerHealth,
  type DelegatedAuth,
  type HealthCheck,
  isHealthPath,
  type UserInfo,
  versionInfo,
} from '@keelson/component';
import { forbidden, internalError, pathNotFound, StatusError, unauthorized } from '@keelson/machinery';
import type { Registry } from 'prom-client';
import { documents } from './api/discovery.ts';
import { group } from './api/objects.ts';
import { attributesOf, parseRequest } from './api/request.ts';
import { answerMetrics, type Source } from './api/serve.ts';
import { authoritiesOf, identify, type Trust } from './identity.ts';

export interface ServerDeps {
  readonly source: Source;
  readonly auth: DelegatedAuth;
  readonly checks: readonly HealthCheck[];
  readonly metrics: Registry;
  readonly clock: Clock;
  readonly log: Logger;
  trust(): Trust;
}

export interface Listening {
  readonly port: number;
  /** Takes up the authorities that are trusted now. */
  renew(): void;
  close(): Promise<void>;
}

/** Serves metrics.k8s.io over TLS. @throws when it cannot listen. */
export async function serveMetrics(deps: ServerDeps, tls: { cert: string; key: string }, host: string, port: number): Promise<Listening> {
  const options = () => ({ ...tls, ca: authoritiesOf(deps.trust()) });
  const server = createServer(
    { ...options(), requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.2', maxHeaderSize: headerLimit },
    (request, response) => void answer(deps, request, response),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(`cannot listen on ${host}:${port}: ${error.code === 'EADDRINUSE' ? 'the port is in use' : error.message}`)),
    );
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    renew: () => server.setSecureContext(options()),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(deps: ServerDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const url = URL.parse(request.url ?? '/', 'https://localhost');
    if (!url) throw pathNotFound();
    if (isHealthPath(url.pathname)) {
      const { status, body } = await answerHealth(url, deps.checks, deps.log);
      return send(response, status, body, 'text/plain; charset=utf-8');
    }
    const { body, type } = await served(deps, request, url);
    send(response, 200, body, type);
  } catch (error) {
    const { status, code } = error instanceof StatusError ? error : internalError(error);
    if (code === 500) deps.log.error('request failed', { err: errorMessage(error), path: request.url });
    send(response, code, JSON.stringify(status), 'application/json');
  }
}

function send(response: ServerResponse, code: number, body: string, type: string): void {
  const headers = { 'content-type': type, 'content-length': Buffer.byteLength(body), 'cache-control': 'no-cache, private' };
  response.writeHead(code, headers).end(body);
}

interface Body {
  readonly body: string;
  readonly type: string;
}

async function served(deps: ServerDeps, request: IncomingMessage, url: URL): Promise<Body> {
  const { source, auth, clock, log } = deps;
  const user = await identify(request, deps.trust(), auth, clock).catch((error: unknown) =>
    log.warn('unable to authenticate the request', { err: errorMessage(error) }),
  );
  if (!user) throw unauthorized();
  const method = request.method ?? 'GET';
  const wanted = parseRequest(method, url);
  if (!wanted) {
    await mustBeAllowed(auth, user, { nonResourceAttributes: { path: url.pathname, verb: method.toLowerCase() } });
    return plain(deps, url.pathname);
  }
  await mustBeAllowed(auth, user, { resourceAttributes: attributesOf(wanted) });
  return json(answerMetrics(source, wanted, request.headers.accept ?? ''));
}

async function plain({ metrics }: ServerDeps, path: string): Promise<Body> {
  if (path === '/metrics') return { body: await metrics.metrics(), type: metrics.contentType };
  const document = path === '/version' ? versionInfo : documents.get(path.replace(/\/$/, ''));
  if (!document) throw pathNotFound();
  return json(document);
}

function json(value: object): Body {
  return { body: `${JSON.stringify(value)}\n`, type: 'application/json' };
}

/** @throws StatusError Forbidden, in Kubernetes' words. */
async function mustBeAllowed(auth: DelegatedAuth, user: UserInfo, attributes: AccessAttributes): Promise<void> {
  if (await auth.authorize(user, attributes)) return;
  const who = `User ${JSON.stringify(user.username)} cannot`;
  if ('nonResourceAttributes' in attributes) {
    const { verb, path } = attributes.nonResourceAttributes;
    throw forbidden({ group: '', resource: '' }, '', `${who} ${verb} path ${JSON.stringify(path)}`);
  }
  const { verb = '', resource = '', namespace, name = '' } = attributes.resourceAttributes;
  const where = namespace ? `in the namespace ${JSON.stringify(namespace)}` : 'at the cluster scope';
  const what = `resource ${JSON.stringify(resource)} in API group ${JSON.stringify(group)}`;
  throw forbidden({ group, resource }, name, `${who} ${verb} ${what} ${where}`);
}
