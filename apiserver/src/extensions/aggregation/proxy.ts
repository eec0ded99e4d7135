import type { ClientRequest, IncomingMessage } from 'node:http';
import { type Clock, errorMessage, type Timer } from '@keelson/base';
import { drained, type HttpRequestLike, type HttpResponseLike } from '@keelson/client';
import type { UserInfo } from '../../auth/types.ts';
import { failureText } from '../failures.ts';
import type { Backend, Backends } from './backends.ts';
import { forwardedHeaders, returnedHeaders } from './headers.ts';

/** Discovery of one group version must not hang on its server: the time Kubernetes gives it, in milliseconds. */
const discoveryTimeout = 5_000;

export interface Exchange {
  readonly request: HttpRequestLike;
  readonly response: HttpResponseLike;
  readonly user: UserInfo;
}

/** Hands one exchange on to a backend and its answer back, both as they come: a watch streams, a large body is never held. */
export async function forward(backends: Backends, backend: Backend, exchange: Exchange, clock: Clock): Promise<void> {
  const { request, response } = exchange;
  let outgoing: ClientRequest | undefined;
  const leave = (): void => void outgoing?.destroy();
  response.on('close', leave);
  const timer = isDiscovery(request.url ?? '') ? clock.after(discoveryTimeout, () => outgoing?.destroy(new Error('timed out'))) : undefined;
  try {
    const begin = (): ClientRequest => {
      outgoing = openFor(backends, backend, exchange);
      return outgoing;
    };
    await handBack(await answerOf(begin, request), response, timer);
  } catch (error) {
    if (response.headersSent || response.destroyed) response.destroy();
    else unavailable(response, failureText(backend, error instanceof Error ? error : new Error(errorMessage(error))));
  } finally {
    timer?.cancel();
    response.off('close', leave);
  }
}

/** What Kubernetes answers while the server of a group is not there: plain text, so that clients do not take it for that server's. */
export function unavailable(response: HttpResponseLike, message = 'service unavailable'): void {
  response.setHeader('content-type', 'text/plain; charset=utf-8');
  response.setHeader('x-content-type-options', 'nosniff');
  response.writeHead(503);
  response.end(`${message}\n`);
}

function openFor(backends: Backends, backend: Backend, { request, user }: Exchange): ClientRequest {
  const { method = 'GET', url: path = '/', headers, socket } = request;
  return backends.open(backend, { method, path, headers: forwardedHeaders(headers, user, socket?.remoteAddress) });
}

/** Sends the body and waits for the answer's head. What met a connection that the server was just closing is sent once more. */
async function answerOf(begin: () => ClientRequest, request: HttpRequestLike): Promise<IncomingMessage> {
  const { headers, method = 'GET' } = request;
  const hasBody = Number(headers['content-length'] ?? 0) > 0 || headers['transfer-encoding'] !== undefined;
  const outgoing = begin();
  const answered = headOf(outgoing);
  if (hasBody) await sendBody(outgoing, request, answered);
  else outgoing.end();
  return answered.catch((error: NodeJS.ErrnoException) => {
    const stale = outgoing.reusedSocket && error.code === 'ECONNRESET';
    if (!stale || hasBody || method === 'POST') throw error;
    const again = begin();
    again.end();
    return headOf(again);
  });
}

function headOf(outgoing: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.on('error', reject);
    outgoing.once('close', () => reject(new Error('the connection was closed')));
  });
}

/** A server may answer before it has read all: then the rest is not sent. */
async function sendBody(outgoing: ClientRequest, request: HttpRequestLike, answered: Promise<unknown>): Promise<void> {
  let over = false;
  const stop = (): void => {
    over = true;
  };
  const stopped = answered.then(stop, stop);
  for await (const chunk of request) {
    if (over) return;
    if (!outgoing.write(chunk)) await Promise.race([stopped, new Promise((resolve) => outgoing.once('drain', resolve))]);
  }
  outgoing.end();
}

async function handBack(answer: IncomingMessage, response: HttpResponseLike, timer: Timer | undefined): Promise<void> {
  for (const [name, value] of Object.entries(returnedHeaders(answer.headers))) response.setHeader(name, value);
  response.writeHead(answer.statusCode ?? 502);
  response.flushHeaders();
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    if (response.destroyed) return;
    if (!response.write(chunk)) await drained(response);
  }
  timer?.cancel();
  response.end();
}

/** `/apis/<group>/<version>` itself. */
function isDiscovery(url: string): boolean {
  return /^\/apis\/[^/?]+\/[^/?]+\/?(?:\?|$)/.test(url);
}
