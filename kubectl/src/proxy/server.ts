import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { errorMessage } from '@keelson/base';
import { type ClientRequest, headerLimit, type Transport } from '@keelson/client';
import { behindPrefix, isAccepted, type ProxyRules, servedPath } from './filter.ts';
import { redirect, serveFile } from './static.ts';
import { leadUpgrade, refuseUpgrade, type Upstream } from './upgrade.ts';

export interface ProxyOptions {
  readonly transport: Transport;
  /** Where connections go that are to be upgraded. */
  readonly upstream: Upstream;
  /** Absent: everything is let through. */
  readonly rules: ProxyRules | undefined;
  /** Where the API is served; begins and ends with a slash. */
  readonly apiPrefix: string;
  readonly files: { readonly folder: string; readonly prefix: string } | undefined;
}

/** An HTTP server that answers with what the API server answers to the user. */
export function createProxy(options: ProxyOptions): Server {
  const server = createServer({ maxHeaderSize: headerLimit }, (request, response) => {
    serve(request, response, options).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else refuse(response, 502, `Error trying to reach service: ${errorMessage(error)}`);
    });
  });
  return server.on('upgrade', (request, socket, head) => {
    upgrade(request, socket, head, options).catch((error: unknown) => {
      refuseUpgrade(socket, 502, `Error trying to reach service: ${errorMessage(error)}`);
    });
  });
}

async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, options: ProxyOptions): Promise<void> {
  if (!isLetThrough(request, options)) return refuseUpgrade(socket, 403, 'Forbidden');
  const behind = behindPrefix(request.url ?? '/', options.apiPrefix);
  if (behind === undefined) return refuseUpgrade(socket, 404, '404 page not found');
  await leadUpgrade(request, socket, head, behind, options.upstream);
}

function isLetThrough({ method = 'GET', url = '/', headers: { host = '' } }: IncomingMessage, { rules }: ProxyOptions): boolean {
  return !rules || isAccepted({ method, path: url.replace(/\?.*$/s, ''), host }, rules);
}

async function serve(request: IncomingMessage, response: ServerResponse, options: ProxyOptions): Promise<void> {
  const { url = '/' } = request;
  const path = url.replace(/\?.*$/s, '');
  if (!isLetThrough(request, options)) return refuse(response, 403, 'Forbidden');
  const { files } = options;
  const prefixes = [options.apiPrefix, ...(files ? [files.prefix] : [])];
  const served = servedPath(path, prefixes);
  if (served !== path) return void redirect(response, served + url.slice(path.length));
  if (files && path.startsWith(files.prefix)) {
    if (!(await serveFile(response, files.folder, path.slice(files.prefix.length)))) refuse(response, 404, '404 page not found');
    return;
  }
  const behind = behindPrefix(url, options.apiPrefix);
  if (behind === undefined) return refuse(response, 404, '404 page not found');
  await forward(request, response, behind, options.transport);
}

function refuse(response: ServerResponse, code: number, message: string): void {
  response.writeHead(code, { 'content-type': 'text/plain; charset=utf-8' }).end(`${message}\n`);
}

/** Headers that are between two neighbours, or prove who one of them is. */
const ownHeaders = new Set([
  ...['connection', 'host', 'keep-alive', 'proxy-authorization', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
  ...['authorization', 'content-length'],
]);

async function forward(request: IncomingMessage, response: ServerResponse, path: string, transport: Transport): Promise<void> {
  const headers = Object.fromEntries(
    Object.entries(request.headers).flatMap(([name, value]) =>
      value === undefined || ownHeaders.has(name) ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  );
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const body = await bodyOf(request);
  const answer = await transport.send({
    ...{ method: (request.method ?? 'GET') as ClientRequest['method'], path, headers, signal: gone.signal },
    ...(body.length > 0 ? { body } : {}),
  });
  for (const [name, value] of Object.entries(answer.headers))
    if (value !== undefined && !ownHeaders.has(name)) response.setHeader(name, value);
  response.writeHead(answer.status);
  // A watch that has nothing to say yet has begun all the same.
  response.flushHeaders();
  try {
    for await (const chunk of answer.chunks) {
      if (!response.write(chunk)) await new Promise((resolve) => response.once('drain', resolve).once('close', resolve));
      if (response.destroyed) break;
    }
  } finally {
    answer.destroy();
  }
  response.end();
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
