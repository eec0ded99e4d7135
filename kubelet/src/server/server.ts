import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Clock, errorMessage, type Logger } from '@keelson/base';
import { answerHealth, type DelegatedAuth, type HealthCheck, isHealthPath } from '@keelson/component';
import type { Registry } from 'prom-client';
import type { Runtime } from '../cri/types.ts';
import type { PodRecord } from '../worker/record.ts';
import { accessFor } from './attributes.ts';
import { findPod, findRunning, RequestError } from './find.ts';
import type { LogSource } from './logs/files.ts';
import { serveLogs } from './logs/serve.ts';
import { cadvisorMetrics, resourceMetrics } from './prometheus.ts';
import { servePortForward, serveRemote, type Upgrade } from './streaming/serve.ts';
import { statsSummary } from './summary.ts';
import type { Usage } from './usage.ts';
import type { UsageInput } from './usage-types.ts';

export interface KubeletServerDeps {
  readonly nodeName: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly auth: DelegatedAuth;
  readonly metrics: Registry;
  readonly runtime: Runtime;
  readonly logs: LogSource;
  readonly usage: Usage;
  readonly checks: readonly HealthCheck[];
  /** What `/configz` shows. */
  readonly configuration: object;
  pods(): readonly PodRecord[];
}

export interface Listening {
  readonly port: number;
  /** New connections are shown this certificate from now on. */
  present(certificate: Pick<ServingCertificate, 'cert' | 'key'>): void;
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
  const asked = clientCA === undefined ? {} : { ca: clientCA, requestCert: true, rejectUnauthorized: false };
  const server = createServer({ cert, key, ...asked, minVersion: 'TLSv1.2' }, (request, response) => void answer(deps, request, response));
  server.on('upgrade', (request, socket, head) => void upgrade(deps, request, socket, head));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(`cannot listen on ${address}:${port}: ${error.code === 'EADDRINUSE' ? 'the port is in use' : error.message}`)),
    );
    server.listen(port, address, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    present: (next) => server.setSecureContext({ cert: next.cert, key: next.key, ca: clientCA, minVersion: 'TLSv1.2' }),
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
    if (isHealthPath(url.pathname)) {
      const { status, body } = await answerHealth(url, deps.checks, deps.log);
      return void response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(body);
    }
    await authorise(deps, request, url);
    await route(deps, request, url, response);
  } catch (error) {
    const code = error instanceof RequestError ? error.code : 500;
    if (code === 500) deps.log.warn('request failed', { path: request.url, error: errorMessage(error) });
    if (response.headersSent) return void response.destroy();
    response.writeHead(code, { 'content-type': 'text/plain; charset=utf-8' }).end(`${errorMessage(error)}\n`);
  }
}

async function route(deps: KubeletServerDeps, request: IncomingMessage, url: URL, response: ServerResponse): Promise<void> {
  const [, verb = '', ...rest] = url.pathname.split('/').map(decodeURIComponent);
  const json = (value: object): void => void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  const text = (type: string, body: string): void => void response.writeHead(200, { 'content-type': type }).end(body);
  switch (`${request.method} ${verb}${verb === 'metrics' || verb === 'stats' ? `/${rest.join('/')}` : ''}`) {
    case 'GET pods':
      return json({
        kind: 'PodList',
        apiVersion: 'v1',
        metadata: {},
        items: deps.pods().map((record) => ({ ...record.pod, status: record.status ?? record.pod.status })),
      });
    case 'GET configz':
      return json({ kubeletconfig: deps.configuration });
    case 'GET metrics/':
      return text(deps.metrics.contentType, await deps.metrics.metrics());
    case 'GET metrics/resource':
      return text(exposition, resourceMetrics(await usageIfAny(deps)));
    case 'GET metrics/cadvisor':
      return text(exposition, cadvisorMetrics(await deps.usage.read(deps.pods())));
    case 'GET stats/summary':
      return json(statsSummary(await deps.usage.read(deps.pods())));
    case 'GET containerLogs':
      return serveLogs(deps.logs, podIn(deps, rest), rest.at(-1) ?? '', url.searchParams, deps.clock.now(), response);
    case 'POST run':
      return text('text/plain', await runCommand(deps, podIn(deps, rest), rest.at(-1) ?? '', url.searchParams.get('cmd') ?? ''));
    case 'GET exec':
    case 'POST exec':
    case 'GET attach':
    case 'POST attach':
    case 'GET portForward':
    case 'POST portForward':
      throw new RequestError(400, 'Upgrade request required');
    default:
      throw new RequestError(404, '404 page not found');
  }
}

const exposition = 'text/plain; version=0.0.4; charset=utf-8';

/** A runtime that does not answer is told of in the metrics, for whoever reads them. */
function usageIfAny({ usage, pods, log }: KubeletServerDeps): Promise<UsageInput | undefined> {
  return usage.read(pods()).catch((error: unknown) => void log.warn('cannot read usage', { error: errorMessage(error) }));
}

/** `namespace/name[/uid]/container`. */
function podIn(deps: KubeletServerDeps, [namespace = '', name = '', ...rest]: readonly string[]): PodRecord {
  return findPod(deps.pods(), namespace, name, rest.length > 1 ? rest[0] : undefined);
}

async function runCommand(deps: KubeletServerDeps, record: PodRecord, container: string, command: string): Promise<string> {
  const { stdout, stderr } = await deps.runtime.streams.execSync(findRunning(record, container).id, command.split(' '), 0);
  return Buffer.concat([stdout, stderr]).toString();
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
