import { once } from 'node:events';
import { createServer } from 'node:http';
import { type Clock, errorMessage, type Logger } from '@keelson/base';
import { answerHealth, type HealthCheck, isHealthPath } from '@keelson/component';

export interface HealthPlace {
  readonly address: string;
  /** 0 serves none. */
  readonly port: number;
}

/** No node is well whose kubelet has not looked at its containers for so long. */
const silence = 120_000;

/** What `/healthz` of the kubelet's own server asks beside `ping`. `lookedAt`: when the containers were last listed. */
export function nodeChecks(clock: Clock, lookedAt: () => number | undefined): readonly HealthCheck[] {
  const syncloop = (): void => {
    const at = lookedAt();
    if (at !== undefined && clock.now() - at > silence) throw new Error('sync Loop took longer than expected');
  };
  return [
    { name: 'log', check: () => undefined },
    { name: 'syncloop', check: syncloop },
  ];
}

/**
 * Serves `/healthz` in plain HTTP, where Kubernetes' kubelet does: 127.0.0.1:10248. It tells nothing else. A port that somebody else has
 * is no reason for a node not to work: it is said, and that is all.
 */
export async function serveHealthz(place: HealthPlace, checks: readonly HealthCheck[], log: Logger): Promise<() => void> {
  if (place.port === 0) return () => undefined;
  const server = createServer(async (request, response) => {
    const url = URL.parse(request.url ?? '/', 'http://localhost');
    const found = url && isHealthPath(url.pathname) ? await answerHealth(url, checks, log) : { status: 404, body: '404 page not found\n' };
    response.writeHead(found.status, { 'content-type': 'text/plain; charset=utf-8' }).end(found.body);
  });
  server.listen(place.port, place.address);
  try {
    await once(server, 'listening');
  } catch (error) {
    log.warn('health is not served in plain HTTP', { ...place, err: errorMessage(error) });
  }
  return () => {
    server.close();
    server.closeAllConnections();
  };
}
