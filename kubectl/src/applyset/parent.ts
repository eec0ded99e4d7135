import { createHash } from 'node:crypto';
import { errorMessage } from '@keelson/base';
import { ApiError, type WriteOptions } from '@keelson/client';
import type { Cluster } from '../cluster.ts';
import { throwAll } from '../errors.ts';
import { isNotFound } from '../resource/cannot-find.ts';
import type { ApiResource } from '../resource/discovery.ts';
import { Mapper } from '../resource/mapper.ts';
import { listAll } from '../resource/targets.ts';
import { clientVersion } from '../version.ts';
import {
  type Contents,
  type GroupKind,
  type GroupResource,
  identityText,
  kindsAnnotation,
  type ParentKey,
  parentManifest,
  parentTypeLabel,
  parseParent,
  readParent,
  resourcesAnnotation,
} from './plan.ts';

const manager = 'kubectl-applyset';
const applyType = 'application/apply-patch+yaml';
const nothing: Contents<ApiResource> = { kinds: [], namespaces: [] };

/** The parent of a set, as a command line names it. */
export interface Parent {
  readonly mapping: ApiResource;
  readonly key: ParentKey;
  readonly id: string;
}

/** The id of the set that an object is the parent of: the same for every tool. */
export function applySetId(parent: ParentKey): string {
  return `applyset-${createHash('sha256').update(identityText(parent)).digest('base64url')}-v1`;
}

/** The parent that `--applyset` names, whether or not it exists. @throws Error in kubectl's words when there is no such type. */
export async function namedParent(cluster: Cluster, text: string): Promise<Parent> {
  const { name, ...type } = parseParent(text);
  const { resources } = await cluster.mapper().catch((error: unknown) => {
    throw new Error(`invalid parent reference ${JSON.stringify(text)}: ${errorMessage(error)}`);
  });
  const mapping = resourceAmong(resources, type);
  if (!mapping) throw new Error(`invalid parent reference ${JSON.stringify(text)}: ${noMatches(type)}`);
  const { apiVersion, kind, group, namespaced } = mapping;
  const key = { apiVersion, kind, group, name, namespace: namespaced && cluster.namespaceGiven ? cluster.namespace : '' };
  return { mapping, key, id: applySetId(key) };
}

function noMatches({ group, resource }: GroupResource): string {
  return `no matches for ${group}/, Resource=${resource}`;
}

/** A group may be named by its beginning, as in other arguments. */
function resourceAmong(resources: readonly ApiResource[], { group, resource }: GroupResource): ApiResource | undefined {
  const inGroup = (accepts: (name: string) => boolean): ApiResource | undefined =>
    new Mapper(resources.filter((each) => accepts(each.group))).find(resource);
  return inGroup((name) => group === '' || name === group) ?? inGroup((name) => name.startsWith(group));
}

/** @throws Error, of both where both are so: a namespace is needed and not given; the type is not one of parents. */
export async function requirePermitted(cluster: Cluster, { mapping }: Parent): Promise<void> {
  const errors: Error[] = [];
  if (mapping.namespaced && !cluster.namespaceGiven) errors.push(new Error('namespace is required to use namespace-scoped ApplySet'));
  if (!isBuiltIn(mapping)) {
    const customs = await customTypes(cluster).catch((error: unknown) => {
      errors.push(new Error(`identifying allowed custom resource parent types: ${errorMessage(error)}`));
      return [];
    });
    const { group, version, resource } = mapping;
    if (!customs.some((each) => each.group === group && each.resource === resource))
      errors.push(new Error(`resource "${group}/${version}, Resource=${resource}" is not permitted as an ApplySet parent`));
  }
  throwAll(errors);
}

function isBuiltIn({ group, resource }: ApiResource): boolean {
  return group === '' && (resource === 'secrets' || resource === 'configmaps');
}

interface Definition {
  readonly group?: string;
  readonly names?: { readonly plural?: string };
}

async function customTypes(cluster: Cluster): Promise<GroupResource[]> {
  const mapping = (await cluster.mapper()).ofGroupKind('apiextensions.k8s.io', 'CustomResourceDefinition');
  if (!mapping) return [];
  const definitions = await listAll(cluster, { mapping, namespace: undefined }, parentTypeLabel);
  return definitions.map(({ spec }) => {
    const { group = '', names } = spec as Definition;
    return { group, resource: names?.plural ?? '' };
  });
}

/** What the set contains according to its parent; nothing before it exists. @throws Error in kubectl's words. */
export async function fetchContents(cluster: Cluster, { mapping, key, id }: Parent): Promise<Contents<ApiResource>> {
  const title = `${mapping.resource}.${mapping.group}/${key.name}`;
  const live = await cluster.api.get(mapping, key).catch((error: unknown) => {
    if (!isNotFound(error)) throw new Error(`failed to fetch ApplySet parent object ${JSON.stringify(title)}: ${errorMessage(error)}`);
    if (!isBuiltIn(mapping)) throw new Error('custom resource ApplySet parents cannot be created automatically');
    return undefined;
  });
  if (!live) return nothing;
  const told = readParent(live, { title, id });
  const mapper = await cluster.mapper();
  try {
    return {
      kinds: 'kinds' in told ? told.kinds.map((kind) => ofKind(mapper, kind)) : told.resources.map((each) => ofResource(mapper, each)),
      namespaces: told.namespaces,
    };
  } catch (error) {
    throw new Error(`parsing ApplySet annotation on ${JSON.stringify(title)}: ${errorMessage(error)}`);
  }
}

function ofKind(mapper: Mapper, { group, kind }: GroupKind): ApiResource {
  const found = mapper.ofGroupKind(group, kind);
  if (found) return found;
  const problem = `no matches for kind ${JSON.stringify(kind)} in group ${JSON.stringify(group)}`;
  throw new Error(`could not find mapping for kind in ${JSON.stringify(kindsAnnotation)} annotation: ${problem}`);
}

function ofResource({ resources }: Mapper, type: GroupResource): ApiResource {
  const found = resources.find((each) => each.group === type.group && each.resource === type.resource);
  if (found) return found;
  throw new Error(`invalid group resource in ${JSON.stringify(resourcesAnnotation)} annotation: ${noMatches(type)}`);
}

/**
 * Makes the parent tell of these contents. Where another has set what it tells, that is taken over, and `warn` hears of it.
 * @throws Error `failed to update ApplySet: …`.
 */
export async function updateParent(
  cluster: Cluster,
  { mapping, key, id }: Parent,
  contents: Contents,
  { warn, ...options }: WriteOptions & { readonly warn: (text: string) => void },
): Promise<void> {
  const manifest = parentManifest(key, id, contents, clientVersion.gitVersion);
  const apply = async (force: boolean): Promise<void> => {
    try {
      await cluster.api.patch(mapping, key, applyType, manifest, { ...options, fieldManager: manager, force });
    } catch (error) {
      const problem = `failed to update ApplySet: ${errorMessage(error)}`;
      if (force || !(error instanceof ApiError) || error.reason !== 'Conflict') throw new Error(problem);
      warn(`WARNING: ${problem}\nApplySet field manager ${manager} should own these fields. Retrying with conflicts forced.`);
      await apply(true);
    }
  };
  await apply(false);
}
