/** The parts of meta/v1 and of discovery that no npm package holds, and those that need a type parameter. */
import type { ListMeta, ObjectMeta } from '../generated/types/meta_v1.ts';

/** What every object with an identity has. */
export interface KubernetesObject {
  apiVersion?: string | undefined;
  kind?: string | undefined;
  metadata: ObjectMeta;
}

export interface List<T = KubernetesObject> {
  apiVersion?: string | undefined;
  kind?: string | undefined;
  metadata: ListMeta;
  items: T[];
}

/** One line of a watch. A bookmark's object has only its kind and resourceVersion; an error's is a `Status`. */
export interface WatchEvent<T = KubernetesObject> {
  type: 'ADDED' | 'BOOKMARK' | 'DELETED' | 'ERROR' | 'MODIFIED';
  object: T;
}

export interface PartialObjectMetadata extends KubernetesObject {}

export type PartialObjectMetadataList = List<PartialObjectMetadata>;

/** Query parameters of a create. */
export interface CreateOptions {
  dryRun?: string[] | undefined;
  fieldManager?: string | undefined;
  /** `Ignore`, `Warn` or `Strict`. */
  fieldValidation?: string | undefined;
}

export type UpdateOptions = CreateOptions;

/** Query parameters of a patch; `force` is for apply. */
export interface PatchOptions extends CreateOptions {
  force?: boolean | undefined;
}

export interface GetOptions {
  resourceVersion?: string | undefined;
}

/** Query parameters of a list or watch. */
export interface ListOptions extends GetOptions {
  allowWatchBookmarks?: boolean | undefined;
  continue?: string | undefined;
  fieldSelector?: string | undefined;
  labelSelector?: string | undefined;
  limit?: number | undefined;
  /** `Exact` or `NotOlderThan`. */
  resourceVersionMatch?: string | undefined;
  sendInitialEvents?: boolean | undefined;
  timeoutSeconds?: number | undefined;
  watch?: boolean | undefined;
}

export interface GroupKind {
  group: string;
  kind: string;
}

export interface GroupVersionKind extends GroupKind {
  version: string;
}

export interface GroupVersionResource {
  group: string;
  version: string;
  resource: string;
}

/** What `kubectl get` asks for: an object's printed columns. */
export interface Table {
  apiVersion?: string | undefined;
  kind?: string | undefined;
  metadata: ListMeta;
  columnDefinitions: TableColumnDefinition[];
  rows: TableRow[];
}

export interface TableColumnDefinition {
  name: string;
  /** An OpenAPI type; `date` is printed as an age. */
  type: string;
  /** `name` marks the column with the object's name. */
  format: string;
  description: string;
  /** 0 is always printed, 1 only with `-o wide`. */
  priority: number;
}

export interface TableRow {
  cells: unknown[];
  conditions?: TableRowCondition[] | undefined;
  /** A PartialObjectMetadata, the whole object, or nothing: as `includeObject` asks. */
  object?: unknown;
}

export interface TableRowCondition {
  type: string;
  status: string;
  reason?: string | undefined;
  message?: string | undefined;
}

/** Aggregated discovery, `apidiscovery.k8s.io/v2`. */
export interface APIGroupDiscoveryList {
  apiVersion: string;
  kind: string;
  metadata: ListMeta;
  items: APIGroupDiscovery[];
}

export interface APIGroupDiscovery {
  metadata: ObjectMeta;
  versions: APIVersionDiscovery[];
}

export interface APIVersionDiscovery {
  version: string;
  resources: APIResourceDiscovery[];
  /** `Current` or `Stale`. */
  freshness: string;
}

export interface APIResourceDiscovery {
  resource: string;
  responseKind: GroupVersionKind;
  /** `Cluster` or `Namespaced`. */
  scope: string;
  singularResource: string;
  verbs: string[];
  shortNames?: string[] | undefined;
  categories?: string[] | undefined;
  subresources?: APISubresourceDiscovery[] | undefined;
}

export interface APISubresourceDiscovery {
  subresource: string;
  responseKind: GroupVersionKind;
  acceptedTypes?: GroupVersionKind[] | undefined;
  verbs: string[];
}
