import { createHash } from 'node:crypto';
import type { Express, Request, Response } from 'express';
import type { Registry } from '../registry/registry.ts';
import { aggregatedDocument, groupDocument, resourceListDocument, servedGroups } from './documents.ts';

export interface VersionInfo {
  readonly major: string;
  readonly minor: string;
  readonly gitVersion: string;
  readonly [more: string]: string;
}

/** `/api`, `/apis` and below, in the legacy and the aggregated form. */
export function discoveryRoutes(app: Express, registry: Registry, serverAddress: () => string): void {
  const groups = () => servedGroups(registry.stores);
  app.get(['/api', '/api/'], (request, response) => {
    const core = groups().filter(({ name }) => name === '');
    if (sendAggregated(request, response, aggregatedDocument.bind(undefined, core))) return;
    const serverAddressByClientCIDRs = [{ clientCIDR: '0.0.0.0/0', serverAddress: serverAddress() }];
    send(response, { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs });
  });
  app.get(['/apis', '/apis/'], (request, response) => {
    const named = groups().filter(({ name }) => name !== '');
    if (sendAggregated(request, response, aggregatedDocument.bind(undefined, named))) return;
    send(response, { kind: 'APIGroupList', apiVersion: 'v1', groups: named.map(groupDocument) });
  });
  app.get('/api/:version', (request, response, next) => {
    const core = groups().find(({ name }) => name === '');
    const served = core?.versions.find(({ version }) => version === request.params.version);
    if (!served) return next();
    send(response, resourceListDocument('', served));
  });
  app.get('/apis/:group', (request, response, next) => {
    const group = groups().find(({ name }) => name === request.params.group);
    if (!group) return next();
    send(response, { kind: 'APIGroup', apiVersion: 'v1', ...groupDocument(group) });
  });
  app.get('/apis/:group/:version', (request, response, next) => {
    const { group, version } = request.params;
    const served = groups()
      .find(({ name }) => name === group)
      ?.versions.find((one) => one.version === version);
    if (!served) return next();
    send(response, resourceListDocument(group, served));
  });
}

function send(response: Response, document: object): void {
  response.type('application/json').send(JSON.stringify(document));
}

/** True when the client asked for aggregated discovery; unchanged documents answer 304 by their ETag. */
function sendAggregated(request: Request, response: Response, document: (version: string) => object): boolean {
  const asked = /application\/json;(?:g=apidiscovery\.k8s\.io;v=(v2|v2beta1);as=APIGroupDiscoveryList)/.exec(request.get('accept') ?? '');
  if (!asked) return false;
  const version = asked[1] as string;
  const body = JSON.stringify(document(version));
  const tag = `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"`;
  response.set('etag', tag).set('vary', 'Accept').set('cache-control', 'public');
  if (request.get('if-none-match') === tag) {
    response.status(304).end();
    return true;
  }
  response.set('content-type', `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`).end(body);
  return true;
}
