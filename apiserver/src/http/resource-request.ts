import type { Clock, Logger, Random } from '@keelson/base';
import type { HttpRequestLike, HttpResponseLike } from '@keelson/client';
import type { Trail } from '../audit/trail.ts';
import type { UserInfo } from '../auth/types.ts';
import type { KindStore } from '../registry/kind-store.ts';
import type { Registry } from '../registry/registry.ts';
import type { RequestLimits } from './deadline.ts';
import type { Decoder } from './decode/decode.ts';
import type { RequestInfo } from './request-info.ts';
import type { Services } from './services.ts';

/** One authenticated and authorised request for a resource. */
export interface ResourceRequest {
  readonly info: RequestInfo;
  readonly user: UserInfo;
  readonly request: HttpRequestLike;
  readonly response: HttpResponseLike;
  readonly store: KindStore;
  readonly registry: Registry;
  readonly decoder: Decoder;
  readonly services: Services;
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
