import { createServer, type Server } from 'node:http';
import type { Logger } from '@keelson/base';
import type { HealthCheck } from '../model/types.ts';

/** The ports that tell load balancers whether this node has endpoints of a Service with externalTrafficPolicy Local. */
export interface HealthPorts {
  /** Listens for exactly these services, by `namespace/name`. */
  sync(checks: ReadonlyMap<string, HealthCheck>): void;
  close(): void;
}

export const noHealthPorts: HealthPorts = { sync: () => undefined, close: () => undefined };

interface Listener {
  readonly port: number;
  readonly server: Server;
  localEndpoints: number;
}

/**
 * Plain HTTP on all addresses, as cloud load balancers ask and as upstream answers: 200 where the node has endpoints and its proxy is
 * healthy, else 503, with the count as JSON. It tells nothing but that count.
 */
export function httpHealthPorts(log: Logger, proxyHealthy: () => boolean): HealthPorts {
  const listeners = new Map<string, Listener>();
  const stop = (key: string): void => {
    listeners.get(key)?.server.close();
    listeners.get(key)?.server.closeAllConnections();
    listeners.delete(key);
  };
  const start = (key: string, check: HealthCheck): void => {
    const server = createServer((_request, response) => {
      const { status, body } = healthAnswer(key, listeners.get(key)?.localEndpoints ?? 0, proxyHealthy());
      response.writeHead(status, { 'Content-Type': 'application/json', 'X-Content-Type-Options': 'nosniff' });
      response.end(body);
    });
    server.on('error', (error) => {
      log.error('health check node port cannot be served', { service: key, port: check.port, err: error });
      listeners.delete(key);
    });
    server.listen(check.port);
    listeners.set(key, { ...check, server });
  };
  return {
    sync(checks) {
      for (const [key, listener] of listeners) if (checks.get(key)?.port !== listener.port) stop(key);
      for (const [key, check] of checks) {
        const listener = listeners.get(key);
        if (listener) listener.localEndpoints = check.localEndpoints;
        else start(key, check);
      }
    },
    close() {
      for (const key of [...listeners.keys()]) stop(key);
    },
  };
}

export function healthAnswer(
  key: string,
  localEndpoints: number,
  proxyHealthy: boolean,
): { readonly status: number; readonly body: string } {
  const [namespace, name] = key.split('/');
  const status = localEndpoints > 0 && proxyHealthy ? 200 : 503;
  return { status, body: JSON.stringify({ service: { namespace, name }, localEndpoints, serviceProxyHealthy: proxyHealthy }) };
}
