import { createHash } from 'node:crypto';
import type { APIGroup, APIResource, APIResourceList } from '@keelson/types';
import type { KindStore } from '../registry/kind-store.ts';
import { groupPriority, versionPriority } from './priorities.ts';
import { nestedResources, type RemoteVersion } from './remote.ts';

/** Served versions of one group, most preferred first. */
export interface ServedGroup {
  readonly name: string;
  readonly versions: readonly ServedVersion[];
}

export interface ServedVersion {
  readonly version: string;
  /** None, where another server serves it. */
  readonly stores: readonly KindStore[];
  readonly remote?: RemoteVersion;
}

/** What is served, here and by other servers, as discovery tells it. A version that another server serves is not told as this one's. */
export function servedGroups(stores: Iterable<KindStore>, remote: readonly RemoteVersion[] = []): ServedGroup[] {
  const groups = new Map<string, Map<string, KindStore[]>>();
  for (const store of stores) {
    const { group, version } = store.kind;
    const versions = groups.get(group) ?? new Map<string, KindStore[]>();
    groups.set(group, versions);
    versions.set(version, [...(versions.get(version) ?? []), store]);
  }
  for (const { group } of remote) if (!groups.has(group)) groups.set(group, new Map());
  const rank = (name: string): number =>
    Math.max(groupPriority(name), ...remote.filter(({ group }) => group === name).map((one) => one.groupPriority));
  return [...groups]
    .map(([name, versions]) => ({ name, versions: allVersions(name, versions, remote) }))
    .sort((a, b) => Number(b.name === '') - Number(a.name === '') || rank(b.name) - rank(a.name) || (a.name < b.name ? -1 : 1));
}

function allVersions(group: string, own: ReadonlyMap<string, KindStore[]>, remote: readonly RemoteVersion[]): ServedVersion[] {
  const others = remote.filter((one) => one.group === group);
  const here = [...own].filter(([version]) => !others.some((one) => one.version === version)).map(toVersion);
  const rank = (served: ServedVersion): number => served.remote?.versionPriority ?? versionPriority(group, served.version);
  const all: ServedVersion[] = [...here, ...others.map((one) => ({ version: one.version, stores: [], remote: one }))];
  return all.sort((a, b) => rank(b) - rank(a) || byPreference(a, b));
}

function toVersion([version, stores]: [string, KindStore[]]): ServedVersion {
  return { version, stores: stores.toSorted((a, b) => (a.kind.resource < b.kind.resource ? -1 : 1)) };
}

/** v2 before v1 before v1beta1 before v1alpha1. */
export function byPreference(a: Pick<ServedVersion, 'version'>, b: Pick<ServedVersion, 'version'>): number {
  const parse = (version: string): number[] => {
    const [, major = '0', stage = '', minor = '0'] = /^v(\d+)(alpha|beta)?(\d+)?$/.exec(version) ?? [];
    return [stage === '' ? 2 : stage === 'beta' ? 1 : 0, Number(major), Number(minor)];
  };
  const [left, right] = [parse(a.version), parse(b.version)];
  for (let i = 0; i < 3; i++) if (left[i] !== right[i]) return (right[i] as number) - (left[i] as number);
  return 0;
}

export function groupDocument({ name, versions }: ServedGroup): APIGroup {
  const all = versions.map(({ version }) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: all, preferredVersion: all[0] as (typeof all)[number] };
}

/** `GET /api/v1`, `GET /apis/<group>/<version>`. */
export function resourceListDocument(group: string, { version, stores }: ServedVersion): APIResourceList {
  const groupVersion = group === '' ? version : `${group}/${version}`;
  return { kind: 'APIResourceList', ...(group === '' ? {} : { apiVersion: 'v1' }), groupVersion, resources: stores.flatMap(resourcesOf) };
}

function resourcesOf(store: KindStore): APIResource[] {
  const { kind, resource, singular, namespaced, shortNames, categories } = store.kind;
  const main: APIResource = {
    name: resource,
    singularName: singular,
    namespaced,
    kind,
    verbs: toldVerbs(store),
    ...(shortNames.length > 0 ? { shortNames: [...shortNames] } : {}),
    ...(categories.length > 0 ? { categories: [...categories] } : {}),
    ...(store.isStored ? { storageVersionHash: storageVersionHash(store) } : {}),
  };
  return [
    main,
    ...subresourcesOf(store).map(({ name, ...rest }) => ({ name: `${resource}/${name}`, singularName: '', namespaced, ...rest })),
  ];
}

function toldVerbs({ definition, verbs }: KindStore): string[] {
  return [...(definition.toldVerbs ?? [...verbs].sort())];
}

type SubresourceEntry = Pick<APIResource, 'name' | 'kind' | 'group' | 'version' | 'verbs'>;

function subresourcesOf({ definition, kind, isCustom }: KindStore): SubresourceEntry[] {
  const entries: SubresourceEntry[] = Object.entries(definition.subresources ?? {}).map(([name, { kind: own, verbs }]) => {
    const { group, version } = own;
    return {
      name,
      ...(own.group === kind.group && own.version === kind.version ? {} : { group, version }),
      kind: own.kind,
      verbs: [...verbs].sort(),
    };
  });
  if (definition.scale)
    entries.push({ name: 'scale', group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: ['get', 'patch', 'update'] });
  for (const name of [...(definition.status ? ['status'] : []), ...Object.keys(definition.parts ?? {})])
    entries.push({ name, kind: kind.kind, verbs: ['get', 'patch', 'update'] });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  // Of custom resources upstream tells the status first.
  return isCustom ? entries.reverse() : entries;
}

/** Of the version that is stored, as upstream: clients that move stored objects to another version look whether it has changed. */
function storageVersionHash({ hub: { kind } }: KindStore): string {
  const digest = createHash('sha256').update(`${kind.group}/${kind.version}/${kind.kind}`).digest();
  return digest.subarray(0, 8).toString('base64');
}

/** `application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList` of `/api` or `/apis`. */
export function aggregatedDocument(groups: readonly ServedGroup[], version: string): object {
  const items = groups.map(({ name, versions }) => ({
    metadata: name === '' ? {} : { name },
    versions: versions.map((served) => ({
      version: served.version,
      resources: served.remote ? nestedResources(served.remote) : served.stores.map(aggregatedResource),
      freshness: served.remote && !served.remote.isCurrent ? 'Stale' : 'Current',
    })),
  }));
  return { kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${version}`, metadata: {}, items };
}

function aggregatedResource(store: KindStore): object {
  const { group, version, kind, resource, singular, namespaced, shortNames, categories } = store.kind;
  const subresources = subresourcesOf(store).map((entry) => ({
    subresource: entry.name,
    responseKind: { group: entry.group ?? group, version: entry.version ?? version, kind: entry.kind },
    verbs: entry.verbs,
  }));
  return {
    resource,
    responseKind: { group, version, kind },
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs: toldVerbs(store),
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
    ...(subresources.length > 0 ? { subresources } : {}),
  };
}
