import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock, Logger } from '@keelson/base';
import { errorMessage } from '@keelson/base';
import { answerHealth, type HealthCheck, type HealthRecord } from '@keelson/component';
import type { Registry } from 'prom-client';
import type { Runtime } from '../cri/types.ts';
import { podName, podNamespace } from '../pod/naming.ts';
import type { PodRecord } from '../worker/record.ts';
import { kubeletConfiguration } from './configz.ts';
import { findPod, findRunning, RequestError } from './find.ts';
import type { LogSource } from './logs/files.ts';
import { serveLogs } from './logs/serve.ts';
import { cadvisorMetrics, resourceMetrics } from './prometheus.ts';
import { statsSummary } from './summary.ts';
import { serveSystemLogs } from './system-logs.ts';
import type { Usage } from './usage.ts';
import type { UsageInput } from './usage-types.ts';

/** What the kubelet's server shows. */
export interface Shown {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly probeMetrics: Registry;
  readonly runtime: Runtime;
  readonly logs: LogSource;
  /** Directory of the node's own logs. */
  readonly systemLogs: string;
  readonly usage: Usage;
  readonly checks: readonly HealthCheck[];
  /** Of what the checks said. */
  readonly health: HealthRecord;
  /** Values by flag. */
  readonly configuration: Readonly<Record<string, unknown>>;
  pods(): readonly PodRecord[];
}

interface Call {
  readonly url: URL;
  /** Decoded, behind the first segment. */
  readonly rest: readonly string[];
  readonly response: ServerResponse;
}

type Handler = (shown: Shown, call: Call) => void | Promise<void>;

const exposition = 'text/plain; version=0.0.4; charset=utf-8';

/** By first segment, or by all of the path where it begins with a slash. */
const reads: Readonly<Record<string, Handler>> = {
  healthz: health,
  pods: ({ pods }, call) =>
    list(
      call,
      pods().map((record) => ({ ...record.pod, status: record.status ?? record.pod.status })),
    ),
  runningpods: ({ pods }, call) => list(call, pods().flatMap(runningPod)),
  configz: ({ configuration }, { response }) => json(response, { kubeletconfig: kubeletConfiguration(configuration) }),
  logs: ({ systemLogs }, { url, response }) => serveSystemLogs(systemLogs, decode(url.pathname.slice('/logs'.length)), response),
  containerLogs: (shown, { rest, url, response }) =>
    serveLogs(shown.logs, podIn(shown, rest), rest.at(-1) ?? '', url.searchParams, shown.clock.now(), response),
  '/metrics': async ({ metrics }, { response }) => text(response, metrics.contentType, await metrics.metrics()),
  '/metrics/slis': async ({ health: record }, { response }) => text(response, record.contentType, await record.text()),
  '/metrics/probes': async ({ probeMetrics }, { response }) => text(response, probeMetrics.contentType, await probeMetrics.metrics()),
  '/metrics/resource': async (shown, { response }) => text(response, exposition, resourceMetrics(await usageIfAny(shown))),
  '/metrics/cadvisor': async ({ usage, pods }, { response }) => text(response, exposition, cadvisorMetrics(await usage.read(pods()))),
  '/stats/summary': async ({ usage, pods }, { url, response }) => {
    const onlyCpuAndMemory = url.searchParams.get('only_cpu_and_memory') === 'true';
    json(response, statsSummary(await usage.read(pods(), !onlyCpuAndMemory), onlyCpuAndMemory));
  },
};

const disabled: Readonly<Record<string, string>> = {
  '/debug/pprof': 'profiling endpoint is disabled.',
  '/debug/flags': 'flags endpoint is disabled.',
};

/** Answers what asks for no stream. @throws RequestError */
export async function route(shown: Shown, request: IncomingMessage, url: URL, response: ServerResponse): Promise<void> {
  const [, first = '', ...rest] = url.pathname.split('/').map(decode);
  const path = url.pathname.replace(/\/$/, '');
  const call: Call = { url, rest, response };
  const read = [path, first].map((key) => (Object.hasOwn(reads, key) ? reads[key] : undefined)).find((handler) => handler !== undefined);
  if (read) {
    if (request.method === 'GET') return read(shown, call);
    response.setHeader('allow', 'GET');
    throw new RequestError(405, 'Method Not Allowed');
  }
  const why = disabled[path.split('/').slice(0, 3).join('/')];
  if (why) throw new RequestError(405, why);
  if (['exec', 'attach', 'portForward'].includes(first) && (request.method === 'GET' || request.method === 'POST'))
    throw new RequestError(400, 'Upgrade request required');
  if (request.method === 'POST' && first === 'run') return run(shown, call);
  if (request.method === 'POST' && first === 'checkpoint') return checkpoint(shown, call);
  throw new RequestError(404, '404 page not found');
}

async function health({ checks, log, health: record }: Shown, { url, response }: Call): Promise<void> {
  const { status, body } = await answerHealth(url, checks, log, record);
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(body);
}

function json(response: ServerResponse, value: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function text(response: ServerResponse, type: string, body: string): void {
  response.writeHead(200, { 'content-type': type }).end(body);
}

function list({ response }: Call, items: readonly object[]): void {
  json(response, { kind: 'PodList', apiVersion: 'v1', metadata: {}, items });
}

/** A pod as the runtime knows it: its names, and its containers that run. */
function runningPod({ pod, uid, observed }: PodRecord): object[] {
  const containers = observed.containers
    .filter(({ phase }) => phase === 'running')
    .map(({ name, image }) => ({ name, image, resources: {} }));
  if (containers.length === 0) return [];
  return [{ metadata: { name: podName(pod), namespace: podNamespace(pod), uid }, spec: { containers }, status: {} }];
}

/** A runtime that does not answer is told of in the metrics, for whoever reads them. */
function usageIfAny({ usage, pods, log }: Shown): Promise<UsageInput | undefined> {
  return usage.read(pods()).catch((error: unknown) => void log.warn('cannot read usage', { error: errorMessage(error) }));
}

/** `namespace/name[/uid]/container`. */
function podIn({ pods }: Shown, [namespace = '', name = '', ...rest]: readonly string[]): PodRecord {
  return findPod(pods(), namespace, name, rest.length > 1 ? rest[0] : undefined);
}

async function run(shown: Shown, { url, rest, response }: Call): Promise<void> {
  const { id } = findRunning(podIn(shown, rest), rest.at(-1) ?? '');
  const { stdout, stderr } = await shown.runtime.streams.execSync(id, (url.searchParams.get('cmd') ?? '').split(' '), 0);
  text(response, 'text/plain', Buffer.concat([stdout, stderr]).toString());
}

/** In the words that tell a client of Kubernetes that the node's runtime has none. */
function checkpoint(shown: Shown, { rest }: Call): never {
  const { name } = findRunning(podIn(shown, rest), rest.at(-1) ?? '');
  const why = 'rpc error: code = Unimplemented desc = unknown method CheckpointContainer for service runtime.v1.RuntimeService';
  throw new RequestError(500, `checkpointing of ${rest[0]}/${rest[1]}/${name} failed (${why})`);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new RequestError(400, '400 Bad Request');
  }
}
