import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { errorMessage, type Logger } from '@keelson/base';
import { headerLimit } from '@keelson/client';
import type { Registry } from 'prom-client';
import { answerHealth, type HealthCheck, isHealthPath } from './health.ts';
import { HealthRecord } from './health-record.ts';
import { presenter, type ServingTexts, secureContext } from './serving-files.ts';
import { versionInfo } from './version.ts';

export interface HealthServerOptions {
  /** 0 takes any free port. */
  readonly port: number;
  readonly bindAddress: string;
  /** PEM. */
  readonly tls: { readonly cert: string; readonly key: string };
  /** PEM; client certificates are asked for when it is given. Empty: none is believed until authorities are presented. */
  readonly clientCA?: string | undefined;
  readonly metrics: Registry;
  readonly log: Logger;
  readonly checks: readonly HealthCheck[];
  /** The status everything but health paths is answered with unless it is 200: 401, 403, or 500 when nobody could tell. */
  authorize(request: IncomingMessage): Promise<number>;
}

export interface HealthServer {
  readonly port: number;
  /** New connections are shown and believed by what is given from now on. @throws when key and certificate do not match. */
  present(texts: ServingTexts): void;
  close(): Promise<void>;
}

/** A component's secure port: health, `/metrics`, `/metrics/slis`, `/version`. @throws when it cannot listen, in words a user can act on. */
export async function serveHealth(options: HealthServerOptions): Promise<HealthServer> {
  const { port, bindAddress, tls, clientCA } = options;
  const first: ServingTexts = { tls, ...(clientCA === undefined ? {} : { clientCA }) };
  const asked = clientCA === undefined ? {} : { requestCert: true, rejectUnauthorized: false };
  const record = new HealthRecord();
  const server = createServer({ ...secureContext(first), ...asked, maxHeaderSize: headerLimit }, (request, response) => {
    answer(request, response, { ...options, record }).catch((error) => {
      options.log.error('request failed', { err: error, path: request.url });
      if (!response.headersSent) send(response, 500, `Internal Server Error: ${JSON.stringify(request.url)}\n`);
    });
  });
  await listen(server, port, bindAddress);
  return {
    port: (server.address() as AddressInfo).port,
    present: presenter(server, first),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Answering extends HealthServerOptions {
  readonly record: HealthRecord;
}

async function answer(request: IncomingMessage, response: ServerResponse, options: Answering): Promise<void> {
  const url = URL.parse(request.url ?? '/', 'https://localhost');
  if (!url) return send(response, 400, '400 Bad Request\n');
  if (isHealthPath(url.pathname)) {
    const { status, body } = await answerHealth(url, options.checks, options.log, options.record);
    return send(response, status, body);
  }
  const allowed = await options.authorize(request);
  if (allowed !== 200) return refuse(response, allowed, request.method ?? 'GET', url.pathname);
  if (url.pathname === '/metrics') return send(response, 200, await options.metrics.metrics(), options.metrics.contentType);
  if (url.pathname === '/metrics/slis') return send(response, 200, await options.record.text(), options.record.contentType);
  if (url.pathname === '/version') return send(response, 200, JSON.stringify(versionInfo, undefined, 2), 'application/json');
  return send(response, 404, '404 page not found\n');
}

function refuse(response: ServerResponse, code: number, method: string, path: string): void {
  const refusals: Record<number, { reason: string; message: string }> = {
    401: { reason: 'Unauthorized', message: 'Unauthorized' },
    403: { reason: 'Forbidden', message: `forbidden: User cannot ${method.toLowerCase()} path ${JSON.stringify(path)}` },
  };
  const { reason, message } = refusals[code] ?? {
    reason: 'InternalError',
    message: 'Internal error occurred: the request could not be authorized',
  };
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
  send(response, code, `${JSON.stringify(status)}\n`, 'application/json');
}

function send(response: ServerResponse, status: number, body: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff', 'cache-control': 'no-cache, private' });
  response.end(body);
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = { EADDRINUSE: 'the port is in use', EACCES: 'permission denied', EADDRNOTAVAIL: 'this machine has no such address' };
      reject(new Error(`cannot listen on ${host}:${port}: ${why[error.code as keyof typeof why] ?? errorMessage(error)}`));
    });
    server.listen(port, host, resolve);
  });
}
