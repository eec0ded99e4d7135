import { createHash } from 'node:crypto';
import { object, type PlainAnswer, type PlainRequest, type PlainRoute } from '../http/plain-route.ts';
import type { Registry } from '../registry/registry.ts';
import { aggregatedDocument, groupDocument, resourceListDocument, type ServedGroup, servedGroups } from './documents.ts';
import type { RemoteGroups } from './remote.ts';

export interface VersionInfo {
  readonly major: string;
  readonly minor: string;
  readonly gitVersion: string;
  readonly [more: string]: string;
}

export interface DiscoverySources {
  readonly registry: Registry;
  readonly remote: Pick<RemoteGroups, 'versions'>;
  readonly serverAddress: () => string;
}

/** `/api`, `/apis` and below, in the legacy and the aggregated form. */
export function discoveryRoute({ registry, remote, serverAddress }: DiscoverySources): PlainRoute {
  return (request) => {
    const [, root, ...rest] = request.path.replace(/\/$/, '').split('/');
    if (root !== 'api' && root !== 'apis') return undefined;
    const groups = servedGroups(registry.stores, remote.versions()).filter(({ name }) => (name === '') === (root === 'api'));
    if (rest.length === 0) return aggregated(request, groups) ?? object(root === 'api' ? legacy(serverAddress()) : groupList(groups));
    const [name, version] = root === 'api' ? ['', ...rest] : rest;
    const group = groups.find((one) => one.name === name);
    if (!group || rest.length > (root === 'api' ? 1 : 2)) return undefined;
    if (version === undefined) return object({ kind: 'APIGroup', apiVersion: 'v1', ...groupDocument(group) });
    const served = group.versions.find((one) => one.version === version);
    return served && object(resourceListDocument(group.name, served));
  };
}

function legacy(serverAddress: string): object {
  return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }] };
}

function groupList(groups: readonly ServedGroup[]): object {
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(groupDocument) };
}

const wanted = /application\/json;g=apidiscovery\.k8s\.io;v=(v2|v2beta1);as=APIGroupDiscoveryList/;

/** For clients that ask for aggregated discovery; unchanged documents answer 304 by their ETag. */
function aggregated(request: PlainRequest, groups: readonly ServedGroup[]): PlainAnswer | undefined {
  const version = wanted.exec(request.header('accept').replaceAll(' ', ''))?.[1];
  if (!version) return undefined;
  const body = JSON.stringify(aggregatedDocument(groups, version));
  const etag = `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"`;
  const headers = { etag, vary: 'Accept', 'cache-control': 'public' };
  const type = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
  return request.header('if-none-match') === etag ? { status: 304, type, body: '', headers } : { type, body, headers };
}
