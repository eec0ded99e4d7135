import { type Api, ApiError, readJson } from '@keelson/client';
import { type APIGroupDiscoveryList, type APIResourceDiscovery, type APIResourceList, type Kind, kind } from '@keelson/types';
import type { AnyObject } from '../types.ts';

/** A resource the server serves, fit to be asked for with `Api`. */
export interface ApiResource extends Kind<AnyObject> {
  readonly verbs: readonly string[];
  readonly subresources: readonly string[];
  /** Whether its version is the one its group prefers. */
  readonly preferred: boolean;
}

const aggregated = ['v2', 'v2beta1'].map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`);

/** All resources, in the server's order: the core group first, then groups and versions as it prefers them. */
export async function discover(api: Api): Promise<ApiResource[]> {
  const [core, named] = await Promise.all(['/api', '/apis'].map((path) => discoverAt(api, path)));
  return [...(core ?? []), ...(named ?? [])];
}

async function discoverAt(api: Api, path: string): Promise<ApiResource[]> {
  const accept = [...aggregated, 'application/json'].join(',');
  const document = (await readJson(await api.raw({ method: 'GET', path, headers: { accept } }))) as { kind?: string };
  if (document.kind === 'APIGroupDiscoveryList') return fromAggregated(document as APIGroupDiscoveryList);
  return legacy(api, document as LegacyRoot);
}

function fromAggregated({ items }: APIGroupDiscoveryList): ApiResource[] {
  return items.flatMap(({ metadata, versions }) =>
    versions.flatMap(({ version, resources }, rank) =>
      (resources ?? []).map((each) => resourceOf(metadata?.name ?? '', version, each, rank === 0)),
    ),
  );
}

function resourceOf(group: string, version: string, found: APIResourceDiscovery, preferred: boolean): ApiResource {
  const { resource, responseKind, scope, singularResource, verbs, shortNames = [], categories = [], subresources = [] } = found;
  const facts = {
    group,
    version,
    kind: responseKind.kind,
    resource,
    shortNames,
    categories,
    namespaced: scope === 'Namespaced',
    typeName: '',
  };
  return {
    ...kind<AnyObject>(facts),
    singular: singularResource || responseKind.kind.toLowerCase(),
    verbs,
    subresources: subresources.map(({ subresource }) => subresource),
    preferred,
  };
}

interface LegacyRoot {
  readonly versions?: readonly string[];
  readonly groups?: readonly { readonly name: string; readonly versions: readonly { readonly version: string }[] }[];
}

/** Servers without aggregated discovery: one document for each version. Groups that do not answer are left out. */
async function legacy(api: Api, { versions = [], groups = [] }: LegacyRoot): Promise<ApiResource[]> {
  const wanted = [
    ...versions.map((version, rank) => ({ group: '', version, path: `/api/${version}`, rank })),
    ...groups.flatMap(({ name, versions: served }) =>
      served.map(({ version }, rank) => ({ group: name, version, path: `/apis/${name}/${version}`, rank })),
    ),
  ];
  const lists = await Promise.all(
    wanted.map(async ({ group, version, path, rank }) => {
      const list = await fetchList(api, path);
      return fromLegacy(group, version, list, rank === 0);
    }),
  );
  return lists.flat();
}

async function fetchList(api: Api, path: string): Promise<APIResourceList | undefined> {
  try {
    return (await readJson(await api.raw({ method: 'GET', path }))) as APIResourceList;
  } catch (error) {
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}

function fromLegacy(group: string, version: string, list: APIResourceList | undefined, preferred: boolean): ApiResource[] {
  const all = list?.resources ?? [];
  return all
    .filter(({ name }) => !name.includes('/'))
    .map(({ name, kind: kindName, singularName, namespaced, verbs, shortNames = [], categories = [] }) => ({
      ...kind<AnyObject>({ group, version, kind: kindName, resource: name, shortNames, categories, namespaced, typeName: '' }),
      singular: singularName || kindName.toLowerCase(),
      verbs: verbs ?? [],
      subresources: all.flatMap((other) => (other.name.startsWith(`${name}/`) ? [other.name.slice(name.length + 1)] : [])),
      preferred,
    }));
}
