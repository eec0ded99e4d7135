import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { drained } from '@keelson/client';
import { serviceUnavailable } from '@keelson/machinery';
import type { ResourceRequest } from '../resource-request.ts';
import { rewriteLinks, rewriteLocation } from './relay-links.ts';

/** Where a proxied request goes: something inside the cluster, asked by address. Certificates there are nobody's to check, as upstream. */
export interface RelayTarget {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** Whoever is behind the proxy must not learn the caller's credentials. */
const secret = new Set(['authorization', 'host']);

/** The part of a proxy request's path that names the proxy itself, and what follows it, both as they were sent. */
export function splitProxyPath(url: string): { prefix: string; rest: string; query: string } {
  const [, prefix = '', rest = '', query = ''] =
    /^(\/api\/v1\/(?:namespaces\/[^/]+\/(?:pods|services)|nodes)\/[^/]+\/proxy)(\/[^?]*)?(\?.*)?$/.exec(url) ?? [];
  return { prefix, rest, query };
}

/**
 * Sends a request on to `target` and its answer back, as they come. Links in HTML and redirects are made to lead back through here.
 * A reader who left out the last slash is told to ask with it, or relative links would miss; anything else is sent on to `/`.
 */
export async function relay({ request, response }: ResourceRequest, target: RelayTarget): Promise<void> {
  const { prefix, rest, query } = splitProxyPath(request.url ?? '');
  if (rest === '' && (request.method === 'GET' || request.method === 'HEAD')) {
    response.writeHead(301, { location: `${prefix}/${query}` });
    response.end();
    return;
  }
  const answer = await exchange(request, target, (rest || '/') + query);
  const headers = Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !hopByHop.has(name)));
  if (typeof headers.location === 'string') headers.location = rewriteLocation(headers.location, prefix, target);
  const html = String(headers['content-type'] ?? '').startsWith('text/html') && !headers['content-encoding'];
  if (html) delete headers['content-length'];
  response.writeHead(answer.statusCode ?? 502, headers as Record<string, string | string[]>);
  if (html) {
    response.end(rewriteLinks(await textOf(answer), prefix));
    return;
  }
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    if (response.destroyed) return void answer.destroy();
    if (!response.write(chunk)) await drained(response);
  }
  response.end();
}

function exchange(request: ResourceRequest['request'], target: RelayTarget, path: string): Promise<IncomingMessage> {
  const { scheme, host, port, cert, key } = target;
  return new Promise((resolve, reject) => {
    const open = scheme === 'https' ? httpsRequest : httpRequest;
    const options = { host, port, path, method: request.method, headers: forwarded(request), cert, key, rejectUnauthorized: false };
    const outgoing = open(options, resolve);
    outgoing.on('error', (error) => reject(serviceUnavailable(`error trying to reach service: ${error.message}`)));
    send(request, outgoing).catch((error: Error) => outgoing.destroy(error));
  });
}

async function send(request: AsyncIterable<Buffer>, outgoing: NodeJS.WritableStream): Promise<void> {
  for await (const chunk of request) outgoing.write(chunk);
  outgoing.end();
}

function forwarded({ headers, url = '', socket }: ResourceRequest['request']): OutgoingHttpHeaders {
  const kept = Object.entries(headers).filter(([name]) => !hopByHop.has(name) && !secret.has(name));
  const from = [headers['x-forwarded-for'], socket?.remoteAddress].flat().filter(Boolean).join(', ');
  return { ...Object.fromEntries(kept), 'x-forwarded-uri': url.split('?')[0], ...(from ? { 'x-forwarded-for': from } : {}) };
}

async function textOf(chunks: AsyncIterable<Buffer>): Promise<string> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all).toString();
}
