import { type Api, discoverGroups } from '@keelson/client';
import { type APIGroupDiscovery, type Kind, kind } from '@keelson/types';
import type { Claimable } from './claims.ts';

/** A resource the server offers, as a kind of which nothing but its metadata is known. */
export interface Discovered {
  readonly kind: Kind<Claimable>;
  readonly verbs: readonly string[];
}

export interface Discovery {
  /** Each resource once, in its group's preferred version. */
  readonly resources: readonly Discovered[];
  /** Group versions behind which nobody answers at present. */
  readonly stale: readonly string[];
}

/** Asks the server for all that it serves. */
export async function discover(api: Pick<Api, 'raw'>): Promise<Discovery> {
  return readDiscovery(await discoverGroups(api));
}

/** Every kind the server serves, in each of its versions: `v1/Pod`, `apps/v1/Deployment`. */
export async function servedKinds(api: Pick<Api, 'raw'>): Promise<ReadonlySet<string>> {
  const versions = (await discoverGroups(api)).flatMap(({ metadata, versions }) =>
    versions.map(({ version, resources }) => ({ apiVersion: metadata?.name ? `${metadata.name}/${version}` : version, resources })),
  );
  return new Set(
    versions.flatMap(({ apiVersion, resources }) =>
      (resources ?? []).flatMap(({ responseKind }) => (responseKind ? [`${apiVersion}/${responseKind.kind}`] : [])),
    ),
  );
}

export function readDiscovery(groups: readonly APIGroupDiscovery[]): Discovery {
  const resources = new Map<string, Discovered>();
  const stale: string[] = [];
  for (const { metadata, versions } of groups) {
    const group = metadata?.name ?? '';
    for (const { version, freshness, resources: served } of versions) {
      if (freshness === 'Stale') stale.push(group ? `${group}/${version}` : version);
      for (const { resource, responseKind, scope, verbs } of served ?? []) {
        const name = `${group}/${resource}`;
        if (resources.has(name) || !responseKind) continue;
        const facts = { group, version, kind: responseKind.kind, resource, namespaced: scope === 'Namespaced', typeName: '' };
        resources.set(name, { kind: kind<Claimable>(facts), verbs });
      }
    }
  }
  return { resources: [...resources.values()], stale };
}
