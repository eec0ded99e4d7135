import type { Logger } from '@keelson/base';
import type { HttpRequestLike, HttpResponseLike } from '@keelson/client';
import { answerHealth, type HealthCheck, HealthRecord, isHealthPath } from '@keelson/component';
import { pathNotFound } from '@keelson/machinery';
import type { Registry as Metrics } from 'prom-client';
import { issuerRoute } from '../discovery/issuer.ts';
import type { RemoteGroups } from '../discovery/remote.ts';
import { discoveryRoute, type VersionInfo } from '../discovery/routes.ts';
import type { Registry } from '../registry/registry.ts';
import { negotiate } from './negotiate.ts';
import { json, type PlainAnswer, type PlainRequest, type PlainRoute } from './plain-route.ts';
import { refused } from './request.ts';
import type { RequestInfo } from './request-info.ts';
import { sendBytes } from './respond.ts';
import type { Tokens } from './services.ts';

export interface PlainOptions {
  readonly registry: Registry;
  readonly remote: RemoteGroups;
  readonly version: VersionInfo;
  readonly metrics: Metrics;
  readonly checks: readonly HealthCheck[];
  readonly serverAddress: () => string;
  readonly tokens: Tokens;
  readonly jwksURI?: string | undefined;
  readonly log: Logger;
  /** Of other parts of the server. */
  readonly more: readonly PlainRoute[];
}

export type PlainHandler = (request: HttpRequestLike, response: HttpResponseLike, info: RequestInfo) => Promise<void>;

/**
 * Everything that is not a resource, behind the same authentication and authorisation. It answers in process as over a socket, which is
 * why there is no web framework here: those take hold of Node's own request and response.
 */
export function createPlain(options: PlainOptions): PlainHandler {
  const record = new HealthRecord();
  const routes: readonly PlainRoute[] = [
    (request) => health(options, record, request),
    ({ path }) =>
      path === '/version' || path === '/version/'
        ? { type: 'application/json', body: JSON.stringify(options.version, undefined, 2) }
        : undefined,
    (request) => metrics(options, record, request),
    ({ path }) => (path === '/' ? json({ paths: listPaths(options) }) : undefined),
    discoveryRoute(options),
    issuerRoute(options),
    openapiWhenAsked(options),
    ...options.more,
  ];
  return async (request, response, { path, query }) => {
    const header = (name: string): string => String(request.headers[name] ?? '');
    for (const route of routes) {
      const answer = await route({ path, query, header });
      if (!answer) continue;
      if (request.method !== 'GET' && request.method !== 'HEAD') throw refused();
      const { status = 200, type, body, headers = {}, isObject } = answer;
      const encoding = isObject ? negotiate(header('accept'), { converts: false }).encoding : 'json';
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      return sendBytes({ request, response, query, type, encoding }, status, Buffer.from(body));
    }
    if (isServed(options.registry, path)) throw pathNotFound();
    response.setHeader('x-content-type-options', 'nosniff');
    await sendBytes({ request, response, query, type: 'text/plain; charset=utf-8' }, 404, Buffer.from('404 page not found\n'));
  };
}

async function health(
  { checks, log }: PlainOptions,
  record: HealthRecord,
  { path, query }: PlainRequest,
): Promise<PlainAnswer | undefined> {
  if (!isHealthPath(path)) return undefined;
  const { status, body } = await answerHealth(new URL(`${path}?${query}`, 'https://localhost'), checks, log, record);
  return { status, body, type: 'text/plain; charset=utf-8', headers: { 'x-content-type-options': 'nosniff' } };
}

async function metrics(
  { metrics: registry }: PlainOptions,
  record: HealthRecord,
  { path }: PlainRequest,
): Promise<PlainAnswer | undefined> {
  if (path === '/metrics/slis') return { type: record.contentType, body: await record.text() };
  return path === '/metrics' ? { type: registry.contentType, body: await registry.metrics() } : undefined;
}

/** OpenAPI is large and rarely asked for: its code is loaded with the first request. */
function openapiWhenAsked({ registry, remote }: PlainOptions): PlainRoute {
  let route: Promise<PlainRoute> | undefined;
  return async (request) => {
    if (!request.path.startsWith('/openapi/')) return undefined;
    route ??= import('../discovery/openapi.ts').then(({ openapiRoute }) => openapiRoute(registry, remote));
    return (await route)(request);
  };
}

/** Below a group that is built in even an unknown path is answered with a Status, as upstream. */
function isServed(registry: Registry, path: string): boolean {
  const [, root, group] = path.split('/');
  if (root === 'api') return true;
  return root === 'apis' && [...registry.stores].some(({ kind, isCustom }) => !isCustom && kind.group !== '' && kind.group === group);
}

function listPaths({ registry, remote }: PlainOptions): string[] {
  const own = [...registry.stores].map(({ kind }) => kind.apiVersion).filter((version) => version.includes('/'));
  const groups = [...own, ...remote.versions().map(({ group, version }) => `${group}/${version}`)];
  const named = [...new Set(groups.flatMap((version) => [`/apis/${version.split('/')[0]}`, `/apis/${version}`]))].sort();
  return [
    '/api',
    '/api/v1',
    '/apis',
    ...named,
    '/healthz',
    '/livez',
    '/metrics',
    '/metrics/slis',
    '/openapi/v2',
    '/openapi/v3',
    '/readyz',
    '/version',
  ];
}
