import type { Kind } from '@keelson/types';
import type { ListQuery, ObjectKey, WriteOptions } from './types.ts';

/** What of a kind its paths are made of. Every `Kind` fits. */
export type ResourceRef = Pick<Kind<unknown>, 'group' | 'version' | 'resource' | 'namespaced'>;

export type QueryValue = string | number | boolean | undefined;

const pods: ResourceRef = { group: '', version: 'v1', resource: 'pods', namespaced: true };
const serviceAccounts: ResourceRef = { ...pods, resource: 'serviceaccounts' };

/** Subresources whose body is of a kind of its own, and whose they are. `scale` belongs to many: its caller names the parent. */
const parents: Readonly<Record<string, ResourceRef>> = { binding: pods, eviction: pods, token: serviceAccounts };

/** `/api/v1` or `/apis/<group>/<version>`. */
export function groupVersionPath(ref: Pick<ResourceRef, 'group' | 'version'>): string {
  return ref.group === '' ? `/api/${ref.version}` : `/apis/${ref.group}/${ref.version}`;
}

/**
 * The path of all objects of a kind, in one namespace or everywhere.
 */
export function collectionPath(ref: ResourceRef, namespace?: string): string {
  const base = groupVersionPath(ref);
  return ref.namespaced && namespace ? `${base}/namespaces/${segment(namespace)}/${ref.resource}` : `${base}/${ref.resource}`;
}

/** The path of one object, or of its subresource. @throws Error, in client-go's words, when the key is incomplete. */
export function objectPath(ref: ResourceRef, key: ObjectKey, subresource?: string): string {
  if (!key.name) throw new Error('resource name may not be empty');
  if (ref.namespaced && !key.namespace) throw new Error('an empty namespace may not be set when a resource name is provided');
  const path = `${collectionPath(ref, key.namespace)}/${segment(key.name)}`;
  return subresource ? `${path}/${subresource}` : path;
}

/** The path to POST a new object to. @throws Error, in client-go's words, when a namespaced object has no namespace. */
export function createPath(
  ref: ResourceRef,
  key: { readonly [K in keyof ObjectKey]?: string | undefined },
  options: WriteOptions = {},
): string {
  const { subresource } = options;
  if (subresource) return objectPath(parentOf(ref, options), { name: key.name ?? '', namespace: key.namespace }, subresource);
  if (ref.namespaced && !key.namespace) throw new Error('an empty namespace may not be set during creation');
  return collectionPath(ref, key.namespace);
}

/**
 * The resource whose subresource is written: what the caller names, else what the subresource's name tells, else the kind itself.
 * @throws Error when that kind is no resource, only a body, and nothing tells whose subresource is meant.
 */
export function parentOf(ref: ResourceRef, options: WriteOptions): ResourceRef {
  const parent = options.parent ?? parents[options.subresource ?? ''] ?? ref;
  if (parent.resource === '') throw new Error(`subresource ${options.subresource ?? ''} needs to be told its parent`);
  return parent;
}

export function withQuery(path: string, query: Readonly<Record<string, QueryValue>>): string {
  let text = '';
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === '') continue;
    text += `${text === '' ? '?' : '&'}${name}=${encodeURIComponent(String(value))}`;
  }
  return path + text;
}

/** The query parameters of a list, without the namespace, which stands in the path. */
export function listParameters(query: ListQuery): Record<string, QueryValue> {
  return {
    labelSelector: query.labelSelector,
    fieldSelector: query.fieldSelector,
    limit: query.limit || undefined,
    continue: query.continue,
    resourceVersion: query.resourceVersion,
    resourceVersionMatch: query.resourceVersionMatch,
  };
}

export function writeParameters(options: WriteOptions): Record<string, QueryValue> {
  return {
    dryRun: options.dryRun ? 'All' : undefined,
    fieldManager: options.fieldManager,
    fieldValidation: options.fieldValidation,
  };
}

/** Names are path segments; a colon, as in `system:node`, may stand there as it is. */
function segment(name: string): string {
  return /^[\w.:-]*$/.test(name) ? name : encodeURIComponent(name).replaceAll('%3A', ':');
}
