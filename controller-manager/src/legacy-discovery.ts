import { type Api, readJson } from '@keelson/client';
import type { APIGroupDiscovery, APIResourceList, APIVersionDiscovery } from '@keelson/types';

/** What a server that does not know aggregated discovery answers at `/api` and at `/apis`. */
export interface LegacyRoot {
  readonly versions?: readonly string[];
  readonly groups?: readonly LegacyGroup[];
}

interface LegacyGroup {
  readonly name: string;
  readonly versions: readonly { readonly version: string }[];
  readonly preferredVersion?: { readonly version: string };
}

/** The same as aggregated discovery says, asked for version by version. One that does not answer is stale. */
export function legacyGroups(api: Pick<Api, 'raw'>, { versions = [], groups = [] }: LegacyRoot): Promise<APIGroupDiscovery[]> {
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
  const path = group ? `/apis/${group}/${version}` : `/api/${version}`;
  const list = await api.raw({ method: 'GET', path }).then(
    async (response) => (await readJson(response)) as APIResourceList,
    () => undefined,
  );
  const served = list?.resources?.filter(({ name }) => !name.includes('/')) ?? [];
  return {
    version,
    freshness: list ? 'Current' : 'Stale',
    resources: served.map(({ name, singularName, namespaced, kind, verbs }) => ({
      resource: name,
      singularResource: singularName,
      responseKind: { group, version, kind },
      scope: namespaced ? 'Namespaced' : 'Cluster',
      verbs,
    })),
  };
}
