import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { HttpTarget } from './target.ts';

/** Who asks: its User-Agent says so. */
export type Purpose = 'probe' | 'lifecycle';

export interface Answer {
  readonly status: number;
  /** Its first 10 KiB. */
  readonly body: string;
}

/** How much of an answer is kept for the event. */
const bodyLimit = 10 * 1024;
const mostRedirects = 10;

/**
 * GET without verifying certificates; redirects are followed on the same host only. @param timeoutMs for each request.
 * @throws Error of the connection, or in Go's words when it took too long.
 */
export async function httpGet(target: HttpTarget, purpose: Purpose, timeoutMs: number): Promise<Answer> {
  for (let next = target, redirects = 0; ; redirects++) {
    const { location, ...answer } = await once(next, purpose, timeoutMs);
    const moved = answer.status >= 300 && answer.status < 400 && location ? follow(next, location) : undefined;
    if (!moved || redirects >= mostRedirects) return answer;
    next = moved;
  }
}

interface Reply extends Answer {
  readonly location: string | undefined;
}

function once(target: HttpTarget, purpose: Purpose, timeoutMs: number): Promise<Reply> {
  const { scheme, host, port, path } = target;
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const signal = AbortSignal.timeout(timeoutMs);
  const fail = (error: unknown): void =>
    reject(signal.aborted ? new Error('context deadline exceeded (Client.Timeout exceeded while awaiting headers)') : error);
  const send = scheme === 'https' ? tlsRequest : plainRequest;
  const own = { agent: false, rejectUnauthorized: false, servername: isIP(host) ? '' : host, signal };
  const request = send({ host, port, path, headers: requestHeaders(target, purpose), ...own }, (response) => {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on('data', (chunk: Buffer) => {
      if (size < bodyLimit) chunks.push(chunk);
      size += chunk.length;
    });
    response.on('error', fail);
    response.on('end', () => {
      const body = Buffer.concat(chunks).subarray(0, bodyLimit).toString();
      resolve({ status: response.statusCode ?? 0, body, location: response.headers.location });
    });
  });
  request.on('error', fail);
  request.end();
  return promise;
}

/** The user's headers over the usual ones; an empty User-Agent, Accept or Host is the wish to send none of one's own. */
export function requestHeaders(target: HttpTarget, purpose: Purpose): Record<string, string | string[]> {
  const given = new Map<string, string[]>();
  for (const [name, value] of target.headers) given.set(name.toLowerCase(), [...(given.get(name.toLowerCase()) ?? []), value]);
  const host = given.get('host')?.[0] || authority(target);
  const usual = { 'user-agent': [`kube-${purpose}/1.36`], accept: ['*/*'] };
  const all = new Map([...Object.entries(usual), ...given]);
  for (const name of Object.keys(usual)) if (all.get(name)?.[0] === '') all.delete(name);
  return { ...Object.fromEntries(all), host, connection: 'close' };
}

export function authority({ host, port }: Pick<HttpTarget, 'host' | 'port'>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Where a redirect leads on the same host; elsewhere it counts as the answer. */
function follow(target: HttpTarget, location: string): HttpTarget | undefined {
  const url = URL.parse(location, `${target.scheme}://${authority(target)}${target.path}`);
  if (url?.hostname.replace(/^\[|\]$/g, '') !== target.host) return undefined;
  const scheme = url.protocol === 'https:' ? 'https' : 'http';
  return { ...target, scheme, port: Number(url.port) || (scheme === 'https' ? 443 : 80), path: url.pathname + url.search };
}
