import type { APIGroupDiscovery, APIGroupDiscoveryList, APIResourceList, APIVersionDiscovery } from '@keelson/types';
import { readJson } from './body.ts';
import { type Api, ApiError } from './types.ts';

const aggregated = ['v2', 'v2beta1'].map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`);
const accept = [...aggregated, 'application/json'].join(',');

/**
 * All that the server serves: the core group first, then groups and versions as it prefers them. Of a server that does not know aggregated
 * discovery it is asked for version by version, and one that answers with an error is stale.
 */
export async function discoverGroups(api: Pick<Api, 'raw'>): Promise<APIGroupDiscovery[]> {
  const ask = async (path: string): Promise<APIGroupDiscovery[]> => {
    const document = (await readJson(await api.raw({ method: 'GET', path, headers: { accept } }))) as { kind?: string };
    if (document.kind !== 'APIGroupDiscoveryList') return legacyGroups(api, document as LegacyRoot);
    return (document as Partial<APIGroupDiscoveryList>).items ?? [];
  };
  const groups = await Promise.all([ask('/api'), ask('/apis')]);
  return groups.flat();
}

/** What a server that does not know aggregated discovery answers at `/api` and at `/apis`. */
interface LegacyRoot {
  readonly versions?: readonly string[];
  readonly groups?: readonly LegacyGroup[];
}

interface LegacyGroup {
  readonly name: string;
  readonly versions: readonly { readonly version: string }[];
  readonly preferredVersion?: { readonly version: string };
}

function legacyGroups(api: Pick<Api, 'raw'>, { versions = [], groups = [] }: LegacyRoot): Promise<APIGroupDiscovery[]> {
  const core = versions.length > 0 ? [{ name: '', versions: versions.map((version) => ({ version })) }] : [];
  return Promise.all(
    [...core, ...groups].map(async (group) => ({
      metadata: { name: group.name },
      versions: await Promise.all(byPreference(group).map((version) => versionOf(api, group.name, version))),
    })),
  );
}

function byPreference({ versions, preferredVersion }: LegacyGroup): string[] {
  const preferred = preferredVersion?.version;
  return versions.map(({ version }) => version).sort((a, b) => Number(b === preferred) - Number(a === preferred));
}

async function versionOf(api: Pick<Api, 'raw'>, group: string, version: string): Promise<APIVersionDiscovery> {
  const list = await fetchList(api, group ? `/apis/${group}/${version}` : `/api/${version}`);
  const all = list?.resources ?? [];
  return {
    version,
    freshness: list ? 'Current' : 'Stale',
    resources: all
      .filter(({ name }) => !name.includes('/'))
      .map(({ name, singularName, namespaced, kind, verbs, shortNames, categories }) => ({
        resource: name,
        singularResource: singularName,
        responseKind: { group, version, kind },
        scope: namespaced ? 'Namespaced' : 'Cluster',
        ...{ verbs: verbs ?? [], shortNames, categories },
        subresources: all
          .filter((other) => other.name.startsWith(`${name}/`))
          .map((other) => ({
            subresource: other.name.slice(name.length + 1),
            responseKind: { group: other.group ?? group, version: other.version ?? version, kind: other.kind },
            verbs: other.verbs ?? [],
          })),
      })),
  };
}

async function fetchList(api: Pick<Api, 'raw'>, path: string): Promise<APIResourceList | undefined> {
  try {
    return (await readJson(await api.raw({ method: 'GET', path }))) as APIResourceList;
  } catch (error) {
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}
