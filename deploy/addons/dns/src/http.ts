import { createServer, type Server } from 'node:http';
import type { Registry } from 'prom-client';
import { type Address, bound } from './listen.ts';

/** What the three small ports say: that we live, that we know the cluster, and how much we did. In the clear, as CoreDNS has them. */
export interface Pages {
  readonly health: number;
  readonly ready: number;
  readonly metrics: number;
}

/** A port of 0 is not opened. */
export async function servePages(host: string, ports: Pages, isReady: () => boolean, registry: Registry): Promise<() => void> {
  const pages: [Address, Server][] = [
    [{ host, port: ports.health }, page('/health', async () => [200, 'OK'])],
    [{ host, port: ports.ready }, page('/ready', async () => (isReady() ? [200, 'OK'] : [503, 'kubernetes']))],
    [{ host, port: ports.metrics }, page('/metrics', async () => [200, await registry.metrics(), registry.contentType])],
  ];
  const open = pages.filter(([{ port }]) => port !== 0);
  await Promise.all(open.map(([{ port }, server]) => bound(server, host, port)));
  return () => {
    for (const [, server] of open) {
      server.close();
      server.closeAllConnections();
    }
  };
}

type Content = readonly [status: number, body: string, type?: string];

function page(path: string, content: () => Promise<Content>): Server {
  return createServer((request, response) => {
    const asked = request.url?.replace(/\?.*$/, '') === path ? content() : Promise.resolve<Content>([404, '404 page not found\n']);
    asked.then(
      ([status, body, type = 'text/plain; charset=utf-8']) => response.writeHead(status, { 'content-type': type }).end(body),
      () => response.writeHead(500).end(),
    );
  });
}
