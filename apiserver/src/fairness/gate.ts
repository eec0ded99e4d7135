import type { HttpRequestLike, HttpResponseLike } from '@keelson/client';
import type { UserInfo } from '../auth/types.ts';
import type { RequestInfo } from '../http/request-info.ts';
import { sendBytes } from '../http/respond.ts';

/** One request whose user is known. */
export interface Arrival {
  readonly info: RequestInfo;
  readonly user: UserInfo;
  readonly request: HttpRequestLike;
  readonly response: HttpResponseLike;
}

/** Serves a request. It may call `leave` when the rest of its life costs nothing; what ends has left anyway. */
export type Handle = (leave: () => void) => Promise<void>;

/** Decides when a request is served, and whether at all. */
export interface Gate {
  /** Resolves when the request is answered: by `handle`, or by 429. @throws what `handle` throws. */
  serve(arrival: Arrival, handle: Handle): Promise<void>;
}

const longRunning = new Set(['log', 'exec', 'attach', 'portforward', 'proxy']);

/** Whether a request may last for as long as it likes from its beginning on. A watch is not among them: it begins with work. */
export function needsNoSeat({ verb, subresource }: RequestInfo): boolean {
  return verb === 'proxy' || longRunning.has(subresource);
}

/** Upstream's answer to what it has no room for: plain text, and the advice to ask again after a second. */
export async function answerTooMany({ info, request, response }: Arrival): Promise<void> {
  if (response.destroyed) return;
  response.setHeader('retry-after', '1');
  response.setHeader('x-content-type-options', 'nosniff');
  const answer = { request, response, query: info.query, type: 'text/plain; charset=utf-8' };
  await sendBytes(answer, 429, Buffer.from('Too many requests, please try again later.\n'));
}
