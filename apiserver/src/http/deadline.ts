import type { Clock } from '@keelson/base';
import type { HttpResponseLike } from '@keelson/client';
import { badRequest, parseGoDuration, StatusError, timeout } from '@keelson/machinery';
import type { RequestInfo } from './request-info.ts';
import { isLongRunning } from './request-info.ts';
import { type Answer, sendBytes, sendError } from './respond.ts';

/** What a server allows its requests; times in milliseconds. */
export interface RequestLimits {
  /** How long a request may take that does not go on; as long as it likes when absent. */
  readonly requestTimeout?: number;
  /** The shortest life of a watch that named no timeout. Its longest is twice that. For ever when 0. */
  readonly minRequestTimeout: number;
  /** Objects of a collection that are removed at once, and share a commit. */
  readonly deleteCollectionWorkers: number;
}

export const usualLimits: RequestLimits = { minRequestTimeout: 1_800_000, deleteCollectionWorkers: 32 };

/** Milliseconds a write to this server's own store may take, whatever its server allows. Upstream's. */
const longestWrite = 34_000;
const writes = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

/** How long a request may take, and what it comes to when it takes longer. */
export interface Allowance {
  /** Milliseconds. */
  readonly ms: number;
  readonly late: () => TimeIsOver;
}

/**
 * What a request is allowed: what it asks for by `?timeout=`, and no more than its server gives. Undefined where nothing is cut: for what
 * goes on (watches, logs, exec, proxies), which may name any timeout, and where neither says anything. @throws StatusError BadRequest.
 */
export function allowanceOf(info: RequestInfo, { requestTimeout }: RequestLimits, isOwn: () => boolean): Allowance | undefined {
  if (isLongRunning(info)) return undefined;
  const asked = askedFor(info.query);
  const most = asked > 0 ? Math.min(asked, requestTimeout ?? asked) : requestTimeout;
  if (most === undefined) return undefined;
  const written = info.isResource && writes.has(info.verb) && isOwn();
  return written ? { ms: Math.min(most, longestWrite), late: lateWrite } : { ms: most, late };
}

function askedFor(query: URLSearchParams): number {
  const text = query.get('timeout');
  if (!text) return 0;
  try {
    return parseGoDuration(text);
  } catch (error) {
    throw badRequest(`invalid timeout specified in the request URL - ${(error as Error).message}`);
  }
}

/** A request was cut. */
export class TimeIsOver extends StatusError {
  /** Upstream's filter writes its Status past everything that would say what it is: as text, and without a kind. */
  readonly isBare: boolean;

  constructor(message: string, isBare: boolean) {
    super({ ...timeout(message).status, details: {} });
    this.isBare = isBare;
  }
}

const late = (): TimeIsOver => new TimeIsOver('request did not complete within the allotted timeout', true);
const lateWrite = (): TimeIsOver => new TimeIsOver('request did not complete within requested timeout - context deadline exceeded', false);

/** Settles as `work` does, or rejects when its time is over: the work goes on, and nobody hears of it. */
export function within({ ms, late }: Allowance, clock: Clock, work: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => reject(late()));
    const settle =
      <T>(done: (value: T) => void) =>
      (value: T): void => {
        timer.cancel();
        done(value);
      };
    work.then(settle(resolve), settle(reject));
  });
}

/** Answers a request whose time is over, or tears it off where its answer has begun. What its handler still says reaches nobody. */
export function cutOff(answer: Answer, error: TimeIsOver): Promise<void> {
  const { request, response } = answer;
  if (response.writableEnded) return Promise.resolve();
  // A body that nobody reads any more would be taken for the next request.
  if ((request as { readonly complete?: boolean }).complete === false && !response.headersSent) response.setHeader('connection', 'close');
  const sent = error.isBare && !response.headersSent ? sendBare(answer, error) : sendError(answer, error);
  silence(response);
  return sent;
}

function sendBare(answer: Answer, { status, code }: TimeIsOver): Promise<void> {
  const { kind: _kind, apiVersion: _apiVersion, ...bare } = status;
  return sendBytes({ ...answer, type: 'text/plain; charset=utf-8' }, code, Buffer.from(`${JSON.stringify(bare)}\n`));
}

/** The connection may be another request's by now: whoever still holds the response must not write to it, nor end it. */
function silence(response: HttpResponseLike): void {
  Object.assign(response, {
    setHeader: () => response,
    writeHead: () => response,
    flushHeaders: () => undefined,
    end: () => response,
    destroy: () => response,
    write: (_chunk: Buffer | string, taken?: () => void) => {
      if (taken) queueMicrotask(taken);
      return true;
    },
  });
}
