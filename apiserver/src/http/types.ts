import type { Clock, Logger, Random } from '@keelson/base';
import type { HttpRequestLike, HttpResponseLike } from '@keelson/client';
import type { Trail } from '../audit/trail.ts';
import type { UserInfo } from '../auth/types.ts';
import type { KindStore } from '../registry/kind-store.ts';
import type { Registry } from '../registry/registry.ts';
import type { RequestLimits } from './deadline.ts';
import type { Decoder } from './decode.ts';
import type { Services as ServerServices } from './services.ts';

/** What a URL and method ask for, in Kubernetes' terms. */
export interface RequestInfo {
  readonly isResource: boolean;
  /** `get`, `list`, `watch`, `create`, … for resources; the lower-case method for anything else. */
  readonly verb: string;
  /** Whether the verb stands in the path, as in `/api/v1/watch/pods`: selectors then say nothing of what is authorised. */
  readonly verbInPath: boolean;
  readonly path: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** What follows the subresource: the path of a proxy request. */
  readonly rest: string;
  readonly query: URLSearchParams;
}

/** One authenticated and authorised request for a resource. */
export interface ResourceRequest {
  readonly info: RequestInfo;
  readonly user: UserInfo;
  readonly request: HttpRequestLike;
  readonly response: HttpResponseLike;
  readonly store: KindStore;
  readonly registry: Registry;
  readonly decoder: Decoder;
  readonly services: ServerServices;
  readonly limits: RequestLimits;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Values of `Warning` headers to send. */
  readonly warnings: string[];
  /** Ends when the client is gone or the server stops. */
  readonly signal: AbortSignal;
  /** Where the request is told of; absent where nothing is audited. */
  readonly audit?: Trail | undefined;
}

/** Answers one request. A thrown StatusError becomes the answer. */
export type ResourceHandler = (request: ResourceRequest) => Promise<void>;
