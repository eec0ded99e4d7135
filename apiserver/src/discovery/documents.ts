import type { APIGroup, APIResource, APIResourceList } from '@keelson/types';
import type { KindStore } from '../registry/kind-store.ts';

/** Order of groups in discovery: the core group apart, then as Kubernetes prefers them; others after, by name. */
const groupOrder = [
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'flowcontrol.apiserver.k8s.io',
  'resource.k8s.io',
];

/** Served versions of one group, most preferred first. */
export interface ServedGroup {
  readonly name: string;
  readonly versions: readonly ServedVersion[];
}

export interface ServedVersion {
  readonly version: string;
  readonly stores: readonly KindStore[];
}

/** What is served, as discovery tells it. */
export function servedGroups(stores: Iterable<KindStore>): ServedGroup[] {
  const groups = new Map<string, Map<string, KindStore[]>>();
  for (const store of stores) {
    const { group, version } = store.kind;
    const versions = groups.get(group) ?? new Map<string, KindStore[]>();
    groups.set(group, versions);
    versions.set(version, [...(versions.get(version) ?? []), store]);
  }
  const rank = (name: string): number => (name === '' ? -1 : groupOrder.includes(name) ? groupOrder.indexOf(name) : groupOrder.length);
  return [...groups]
    .map(([name, versions]) => ({ name, versions: [...versions].map(toVersion).sort(byPreference) }))
    .sort((a, b) => rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : 1));
}

function toVersion([version, stores]: [string, KindStore[]]): ServedVersion {
  return { version, stores: stores.toSorted((a, b) => (a.kind.resource < b.kind.resource ? -1 : 1)) };
}

/** v2 before v1 before v1beta1 before v1alpha1. */
function byPreference(a: ServedVersion, b: ServedVersion): number {
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
    verbs: [...store.verbs].sort(),
    ...(shortNames.length > 0 ? { shortNames: [...shortNames] } : {}),
    ...(categories.length > 0 ? { categories: [...categories] } : {}),
    ...(store.isStored ? { storageVersionHash: storageVersionHash(store) } : {}),
  };
  return [
    main,
    ...subresourcesOf(store).map(({ name, ...rest }) => ({ name: `${resource}/${name}`, singularName: '', namespaced, ...rest })),
  ];
}

type SubresourceEntry = Pick<APIResource, 'name' | 'kind' | 'group' | 'version' | 'verbs'>;

function subresourcesOf({ definition, kind }: KindStore): SubresourceEntry[] {
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
  if (definition.status) entries.push({ name: 'status', kind: kind.kind, verbs: ['get', 'patch', 'update'] });
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Any stable text serves: clients only compare it. */
function storageVersionHash({ kind }: KindStore): string {
  return Buffer.from(`${kind.group}/${kind.version}/${kind.kind}`).toString('base64').slice(-12, -4);
}

/** `application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList` of `/api` or `/apis`. */
export function aggregatedDocument(groups: readonly ServedGroup[], version: string): object {
  const items = groups.map(({ name, versions }) => ({
    metadata: { ...(name === '' ? {} : { name }), creationTimestamp: null },
    versions: versions.map((served) => ({
      version: served.version,
      resources: served.stores.map(aggregatedResource),
      freshness: 'Current',
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
    verbs: [...store.verbs].sort(),
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
    ...(subresources.length > 0 ? { subresources } : {}),
  };
}
