import { createServer, type RequestListener } from 'node:http';
import { errorMessage } from '@keelson/base';
import type { Registry } from 'prom-client';
import type { Mode } from '../metrics.ts';

/** What the health endpoints tell about. */
export interface Health {
  readonly healthy: boolean;
  readonly nodeEligible: boolean;
  /** Milliseconds since the epoch. */
  readonly lastSync: number | undefined;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** `/healthz` also fails on a node that is about to go, so that load balancers leave it; `/livez` does not, so that nobody restarts us for it. */
export function healthAnswer(path: string, health: Health, now: number): Answer | undefined {
  const body = JSON.stringify({ lastUpdated: iso(health.lastSync ?? 0), currentTime: iso(now), nodeEligible: health.nodeEligible });
  switch (path) {
    case '/healthz':
      return { status: health.healthy && health.nodeEligible ? 200 : 503, body };
    case '/livez':
    case '/readyz':
      return { status: health.healthy ? 200 : 503, body };
    default:
      return undefined;
  }
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

export function healthHandler(health: Health, now: () => number): RequestListener {
  return (request, response) => {
    const answer = healthAnswer((request.url ?? '').split('?')[0] ?? '', health, now());
    response.writeHead(answer?.status ?? 404, { 'Content-Type': 'application/json', 'X-Content-Type-Options': 'nosniff' });
    response.end(answer?.body ?? '');
  };
}

/** `/metrics` in Prometheus' text; `/proxyMode`, by which tests and tools choose what they look for, and `/healthz`, as upstream. */
export function metricsHandler(registry: Registry, mode: Mode): RequestListener {
  return (request, response) => {
    const path = request.url?.split('?')[0];
    if (path === '/proxyMode') return void response.end(mode);
    if (path === '/healthz') return void response.end('ok');
    if (path !== '/metrics') return void response.writeHead(404).end();
    registry.metrics().then(
      (text) => response.writeHead(200, { 'Content-Type': registry.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  };
}

/** Listens until `signal` aborts. Plain HTTP as upstream: load balancers ask for nothing else. @throws when the address is taken. */
export async function listen(
  handler: RequestListener,
  address: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<void> {
  const server = createServer(handler);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new Error(`cannot listen on ${address.host}:${address.port}: ${errorMessage(error)}`)));
    server.listen(address.port, address.host, resolve);
  });
  const stop = (): void => {
    server.close();
    server.closeAllConnections();
  };
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
}
