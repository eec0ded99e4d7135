import type { Logger } from '@keelson/base';
import type { HttpRequestLike, HttpResponseLike } from '@keelson/client';
import { answerHealth, type HealthCheck } from '@keelson/component';
import express, { type Express } from 'express';
import type { Registry as Metrics } from 'prom-client';
import type { UserInfo } from '../auth/types.ts';
import { openapiRoutes } from '../discovery/openapi.ts';
import { discoveryRoutes, type VersionInfo } from '../discovery/routes.ts';
import type { Registry } from '../registry/registry.ts';
import { unknownPath } from './resources.ts';
import type { RequestInfo } from './types.ts';

export interface PlainOptions {
  readonly registry: Registry;
  readonly version: VersionInfo;
  readonly metrics: Metrics;
  readonly checks: readonly HealthCheck[];
  readonly serverAddress: () => string;
  readonly log: Logger;
}

export type PlainHandler = (request: HttpRequestLike, response: HttpResponseLike, info: RequestInfo, user: UserInfo) => void;

/** Everything that is not a resource, behind the same authentication and authorisation. */
export function createPlain(options: PlainOptions): PlainHandler {
  const app = express();
  app.disable('x-powered-by').disable('etag').set('strict routing', true);
  app.get(['/healthz', '/livez', '/readyz', '/healthz/*name', '/livez/*name', '/readyz/*name'], async (request, response) => {
    const { status, body } = await answerHealth(new URL(request.url, 'https://localhost'), options.checks, options.log);
    response.status(status).type('text/plain').set('x-content-type-options', 'nosniff').send(body);
  });
  app.get(
    ['/version', '/version/'],
    (_request, response) => void response.type('application/json').send(JSON.stringify(options.version, undefined, 2)),
  );
  app.get('/metrics', async (_request, response) => {
    response.set('content-type', options.metrics.contentType).send(await options.metrics.metrics());
  });
  app.get('/', (_request, response) => void response.json({ paths: listPaths(options.registry) }));
  discoveryRoutes(app, options.registry, options.serverAddress);
  openapiRoutes(app, options.registry);
  app.use((request, response) => {
    if (!request.path.startsWith('/api')) return void response.status(404).type('text/plain').send('404 page not found\n');
    response
      .status(404)
      .type('application/json')
      .send(`${JSON.stringify(unknownPath().status)}\n`);
  });
  return (request, response) => app(request as Parameters<Express>[0], response as Parameters<Express>[1]);
}

function listPaths(registry: Registry): string[] {
  const groups = [...registry.stores].map(({ kind }) => kind.apiVersion).filter((version) => version.includes('/'));
  const named = [...new Set(groups.flatMap((version) => [`/apis/${version.split('/')[0]}`, `/apis/${version}`]))].sort();
  return ['/api', '/api/v1', '/apis', ...named, '/healthz', '/livez', '/metrics', '/openapi/v2', '/openapi/v3', '/readyz', '/version'];
}
