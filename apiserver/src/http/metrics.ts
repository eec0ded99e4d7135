import type { Clock } from '@keelson/base';
import type { HttpResponseLike } from '@keelson/client';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { isLongRunning, type RequestInfo } from './request-info.ts';

/** Measures requests under Kubernetes' own names. */
export interface RequestMetrics {
  /** Called once per request; what it returns, when the handler has finished. */
  begin(info: RequestInfo, response: HttpResponseLike): () => void;
  /** A request was cut because it took too long. */
  terminated(info: RequestInfo): void;
}

const secondsBuckets = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

/** Counts requests that were cut. */
function countTerminations(registers: Registry[]): RequestMetrics['terminated'] {
  const terminations = new Counter({
    name: 'apiserver_request_terminations_total',
    help: 'Requests the server ended to protect itself, by verb, group, version, resource, scope, component and HTTP response code.',
    labelNames: ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'component', 'code'],
    registers,
  });
  return (info) => {
    const { group, version, resource, subresource } = info;
    const where = { group, version, resource, subresource, scope: scopeOf(info) };
    terminations.inc({ verb: info.verb.toUpperCase(), ...where, component: 'apiserver', code: '504' });
  };
}

/** How long requests take, and how many there were. */
function countAnswers(registers: Registry[]): (labels: Labels, code: number, ms: number) => void {
  const total = new Counter({
    name: 'apiserver_request_total',
    help: 'Requests by verb, group, version, resource, scope and HTTP response code.',
    labelNames: ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'code'],
    registers,
  });
  const duration = new Histogram({
    name: 'apiserver_request_duration_seconds',
    help: 'Response latency in seconds by verb, group, version, resource and scope.',
    labelNames: ['verb', 'group', 'version', 'resource', 'subresource', 'scope'],
    buckets: secondsBuckets,
    registers,
  });
  return (labels, code, ms) => {
    duration.observe(labels, ms / 1000);
    total.inc({ ...labels, code: String(code) });
  };
}

type Labels = Readonly<Record<'verb' | 'group' | 'version' | 'resource' | 'subresource' | 'scope', string>>;

export function createRequestMetrics(registry: Registry, clock: Clock): RequestMetrics {
  const registers = [registry];
  const count = countAnswers(registers);
  const inflight = new Gauge({
    name: 'apiserver_current_inflight_requests',
    help: 'Requests being served, by kind.',
    labelNames: ['request_kind'],
    registers,
  });
  const watchers = new Gauge({
    name: 'apiserver_longrunning_requests',
    help: 'Long-running requests, by resource.',
    labelNames: ['verb', 'group', 'version', 'resource'],
    registers,
  });
  return {
    terminated: countTerminations(registers),
    begin(info, response) {
      const { group, version, resource, subresource } = info;
      const verb = info.verb.toUpperCase();
      const labels = { verb, group, version, resource, subresource, scope: scopeOf(info) };
      const start = clock.now();
      if (isLongRunning(info)) {
        const gauge = { verb, group, version, resource };
        watchers.inc(gauge);
        response.on('close', () => watchers.dec(gauge));
        return () => undefined;
      }
      const kind = { request_kind: ['get', 'list'].includes(info.verb) ? 'readOnly' : 'mutating' };
      inflight.inc(kind);
      return () => {
        inflight.dec(kind);
        count(labels, (response as { statusCode?: number }).statusCode ?? 200, clock.now() - start);
      };
    },
  };
}

function scopeOf({ name, namespace, isResource }: RequestInfo): string {
  if (!isResource) return '';
  return name ? 'resource' : namespace ? 'namespace' : 'cluster';
}
