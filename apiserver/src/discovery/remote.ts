import type { APIResource } from '@keelson/types';

/** A version of a group that another server serves, as discovery tells of it. */
export interface RemoteVersion {
  readonly group: string;
  readonly version: string;
  readonly groupPriority: number;
  readonly versionPriority: number;
  /** As last heard from that server; none while it was never heard. */
  readonly resources: readonly APIResource[];
  /** False when it did not answer the last time it was asked. */
  readonly isCurrent: boolean;
}

/** What discovery, OpenAPI and the list of paths tell of other servers' groups. */
export interface RemoteGroups {
  versions(): readonly RemoteVersion[];
  /** Paths of `/openapi/v3` that other servers answer, with where they are read. */
  openapiPaths(): Readonly<Record<string, { readonly serverRelativeURL: string }>>;
  /** Definitions of the servers' Swagger documents, by name. */
  definitions(): Promise<Readonly<Record<string, object>>>;
}

/** A server's flat list in the form of aggregated discovery: subresources below their resource. */
export function nestedResources({ group, version, resources }: RemoteVersion): object[] {
  const kindOf = ({ group: own, version: ownVersion, kind }: APIResource): object => ({
    group: own || group,
    version: ownVersion || version,
    kind,
  });
  return resources
    .filter(({ name }) => !name.includes('/'))
    .map((resource) => {
      const { name, namespaced, singularName, verbs, shortNames = [], categories = [] } = resource;
      const below = resources.filter((one) => one.name.startsWith(`${name}/`));
      const subresources = below.map((one) => ({
        subresource: one.name.slice(name.length + 1),
        responseKind: kindOf(one),
        verbs: one.verbs,
      }));
      return {
        resource: name,
        responseKind: kindOf(resource),
        scope: namespaced ? 'Namespaced' : 'Cluster',
        singularResource: singularName,
        verbs,
        ...(shortNames.length > 0 ? { shortNames } : {}),
        ...(categories.length > 0 ? { categories } : {}),
        ...(subresources.length > 0 ? { subresources } : {}),
      };
    });
}
