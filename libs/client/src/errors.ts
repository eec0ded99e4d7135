import type { Status } from '@keelson/types';
import { ApiError, type ClientResponse } from './types.ts';

/** What was asked, as far as an error message wants it. */
export interface Asked {
  /** `get`, `post`, … */
  readonly method: string;
  /** `pods`, `deployments.apps`, with the name when there is one. */
  readonly subject?: string;
}

interface Generic {
  readonly reason: string;
  readonly message: string;
}

/** client-go's reasons and words for answers that carry no Status of their own. */
const generic: Readonly<Record<number, Generic>> = {
  400: { reason: 'BadRequest', message: 'the server rejected our request for an unknown reason' },
  401: { reason: 'Unauthorized', message: 'the server has asked for the client to provide credentials' },
  403: { reason: 'Forbidden', message: 'forbidden' },
  404: { reason: 'NotFound', message: 'the server could not find the requested resource' },
  405: { reason: 'MethodNotAllowed', message: 'the server does not allow this method on the requested resource' },
  406: { reason: 'NotAcceptable', message: 'the server was unable to respond with a content type that the client supports' },
  409: { reason: 'Conflict', message: 'the server reported a conflict' },
  415: { reason: 'UnsupportedMediaType', message: 'the server was unable to process the request' },
  422: { reason: 'Invalid', message: 'the server rejected our request due to an error in our request' },
  429: { reason: 'TooManyRequests', message: 'the server has received too many requests and has asked us to try again later' },
  503: { reason: 'ServiceUnavailable', message: 'the server is currently unable to handle the request' },
  504: {
    reason: 'Timeout',
    message: 'the server was unable to return a response in the time allotted, but may still be processing the request',
  },
};

/** The error of an answer ≥ 400: the Status it carries, or one made up from its code as client-go does. */
export function apiErrorFrom(response: Pick<ClientResponse, 'status' | 'headers'>, body: string, asked: Asked): ApiError {
  const code = response.status;
  return new ApiError(statusIn(body) ?? madeUp(code, body, asked, retryAfter(response)), code);
}

/** Seconds of a `Retry-After` header in its number form. */
export function retryAfter(response: Pick<ClientResponse, 'headers'>): number | undefined {
  const value = response.headers['retry-after'];
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : undefined;
}

function statusIn(body: string): Status | undefined {
  if (!body.startsWith('{')) return undefined;
  try {
    const value: { kind?: string; status?: unknown } = JSON.parse(body);
    return value.kind === 'Status' && value.status !== 'Success' ? (value as Status) : undefined;
  } catch {
    return undefined;
  }
}

function madeUp(code: number, body: string, asked: Asked, retryAfterSeconds: number | undefined): Status {
  const text = body.trim();
  const { reason, message } = known(code, text, asked);
  return {
    apiVersion: 'v1',
    kind: 'Status',
    metadata: {},
    status: 'Failure',
    code,
    reason,
    message: asked.subject ? `${message} (${asked.method} ${asked.subject})` : message,
    details: {
      causes: [{ reason: 'UnexpectedServerResponse', message: text || 'unknown' }],
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    },
  };
}

function known(code: number, text: string, asked: Asked): Generic {
  const found = generic[code];
  if (code === 409 && asked.method === 'post') return { reason: 'AlreadyExists', message: 'the server reported a conflict' };
  if ((code === 403 || code === 406) && text) return { reason: found?.reason ?? '', message: text };
  if (found) return found;
  if (code >= 500) {
    const quoted = JSON.stringify(text || 'unknown');
    return { reason: 'InternalError', message: `an error on the server (${quoted}) has prevented the request from succeeding` };
  }
  return { reason: 'Unknown', message: `the server responded with the status code ${code} but did not return more information` };
}
