import { type Clock, type Logger, sleep } from '@keelson/base';
import type { HttpRequestLike, HttpResponseLike } from '@keelson/client';
import type { Registry as Metrics } from 'prom-client';
import type { RequestInfo } from '../http/request-info.ts';
import { isLongRunning } from '../http/request-info.ts';
import { createAuditMetrics } from './metrics.ts';
import type { Policy } from './policy.ts';
import { type Backend, type Mode, Sink } from './sink.ts';
import { Trail } from './trail.ts';

/**
 * Tells of requests what a policy wants told. There is none where there is no policy, and then nothing is spent on it.
 *
 * Secrets are never told, whatever the policy says: of Secrets, token requests and token reviews, events of level Request and above hold
 * names, labels and times, and none of the data (`secrets.ts`). Upstream leaves that to the policy.
 */
export interface Auditor {
  /** Follows a request that is about to be served. */
  open(id: string, info: RequestInfo, request: HttpRequestLike): Trail;
  /** Resolves when everything is kept. */
  close(): Promise<void>;
}

export interface AuditBackend {
  readonly backend: Backend;
  readonly mode: Mode;
  /** The most events that wait. */
  readonly buffer: number;
}

export interface AuditorOptions {
  readonly policy: Policy;
  readonly backends: readonly AuditBackend[];
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Logger;
  /** Ends the waiting for fuller batches. */
  readonly signal: AbortSignal;
}

export function createAuditor({ policy, backends, metrics: registry, clock, log, signal }: AuditorOptions): Auditor {
  const metrics = createAuditMetrics(registry);
  const pause = (ms: number): Promise<void> => sleep(clock, ms, signal).catch(() => undefined);
  const sinks = backends.map((one) => new Sink({ ...one, metrics, log, sleep: pause }));
  return {
    open: (id, info, request) => new Trail({ policy, sinks, metrics, clock }, { id, info, request, goesOn: isLongRunning(info) }),
    async close() {
      await Promise.all(sinks.map((sink) => sink.close()));
    },
  };
}

/** Tells a trail of the head of an answer, whoever sends it; and of its end, where the answer goes on after it was begun. */
export function followAnswer(response: HttpResponseLike, trail: Trail): void {
  const writeHead = response.writeHead.bind(response);
  const flushHeaders = response.flushHeaders.bind(response);
  response.writeHead = (code, headers) => {
    trail.head(code);
    return writeHead(code, headers);
  };
  response.flushHeaders = () => {
    trail.head((response as { statusCode?: number }).statusCode ?? 200);
    flushHeaders();
  };
  if (trail.goesOn) response.on('close', () => trail.finish());
}
