import { type Api, discoverGroups } from '@keelson/client';
import { type APIResourceDiscovery, type Kind, kind } from '@keelson/types';
import type { AnyObject } from '../types.ts';

/** A resource the server serves, fit to be asked for with `Api`. */
export interface ApiResource extends Kind<AnyObject> {
  readonly verbs: readonly string[];
  readonly subresources: readonly string[];
  /** Whether its version is the one its group prefers. */
  readonly preferred: boolean;
}

/** All resources, in the server's order: the core group first, then groups and versions as it prefers them. */
export async function discover(api: Api): Promise<ApiResource[]> {
  return (await discoverGroups(api)).flatMap(({ metadata, versions }) =>
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
