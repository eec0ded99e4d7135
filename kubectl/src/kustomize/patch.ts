import { applyJsonPatch, type JsonPatchOperation, parseLabelSelector, parseYamlDocuments } from '@keelson/machinery';
import type { AnyObject } from '../types.ts';
import { mergePatch } from './merge.ts';
import { groupOf, type Patch, type PatchTarget, type Resource, rename, type Surroundings } from './types.ts';

/** A patch whose text was read. */
type ReadPatch = { readonly merge: readonly AnyObject[] } | { readonly operations: readonly JsonPatchOperation[] };

/** Applies `patches:` entries to the objects they are for; what is left of the objects is answered. @throws Error in kustomize's words. */
export function applyPatch(resources: readonly Resource[], patch: Patch, text: string, world: Surroundings): Resource[] {
  const read = readPatch(text);
  if ('operations' in read) {
    if (!patch.target) throw new Error(`must specify a target for JSON patch [${describe(patch, text)}]`);
    return applyToEach(resources, patch.target, (resource) => patchJson(resource, read.operations, text));
  }
  return read.merge.reduce<Resource[]>((left, document) => applyMerge(left, document, patch, world), [...resources]);
}

function describe({ path }: Patch, text: string): string {
  return path === undefined ? `patch: ${JSON.stringify(text)}` : `path: ${JSON.stringify(path)}`;
}

function readPatch(text: string): ReadPatch {
  const values = /^\s*\[/.test(text) ? [JSON.parse(text) as unknown] : parseYamlDocuments(text).map(({ value }) => value);
  const [first] = values;
  if (Array.isArray(first)) return { operations: first as JsonPatchOperation[] };
  if (values.length === 0 || values.some((value) => typeof value !== 'object' || value === null)) {
    throw new Error(`unable to parse SM or JSON patch from [${text}]`);
  }
  return { merge: values as AnyObject[] };
}

function applyMerge(resources: readonly Resource[], document: AnyObject, patch: Patch, world: Surroundings): Resource[] {
  const { target, options } = patch;
  const { apiVersion, kind, metadata } = document;
  const named = (resource: Resource): boolean => isNamed(resource, document);
  const wanted = target ? (resource: Resource) => matches(resource, target) : named;
  if (!target && !resources.some(named)) {
    const [version = '', group = ''] = (apiVersion ?? '').split('/').reverse();
    const id = `${kind}.${version || '[noVer]'}.${group || '[noGrp]'}/${metadata?.name ?? '[noName]'}.${metadata?.namespace ?? '[noNs]'}`;
    throw new Error(
      `no resource matches strategic merge patch ${JSON.stringify(id)}: no matches for Id ${id}; failed to find unique target for patch ${id}`,
    );
  }
  return resources.flatMap((resource) => {
    if (!wanted(resource)) return [resource];
    const { object } = resource;
    const merged = mergePatch(object, document, world.schemas, world.typeName(object.apiVersion ?? '', object.kind ?? ''));
    if (!merged) return [];
    replaceObject(resource, merged as AnyObject, options);
    return [resource];
  });
}

/** What an object is stays as it was, unless the patch is allowed to change that. */
function replaceObject(
  resource: Resource,
  object: AnyObject,
  { allowNameChange = false, allowKindChange = false }: Patch['options'] = {},
): void {
  const { apiVersion, kind, metadata } = resource.object;
  const own = { ...object.metadata };
  if (!allowNameChange && metadata?.name !== undefined) own.name = metadata.name;
  if (metadata?.namespace === undefined) delete own.namespace;
  else own.namespace = metadata.namespace;
  const head = allowKindChange ? {} : { apiVersion, kind };
  rename(resource, () => {
    resource.object = { ...object, ...head, metadata: own } as AnyObject;
  });
}

function isNamed(resource: Resource, { apiVersion, kind, metadata }: AnyObject): boolean {
  const { name, namespace = '' } = metadata ?? {};
  if (groupOf(resource.object) !== groupOf({ apiVersion } as AnyObject)) return false;
  return resource.names.some(
    (each) => each.name === name && each.kind === kind && (each.namespace || 'default') === (namespace || 'default'),
  );
}

function applyToEach(resources: readonly Resource[], target: PatchTarget, change: (resource: Resource) => void): Resource[] {
  for (const resource of resources.filter((each) => matches(each, target))) change(resource);
  return [...resources];
}

function patchJson(resource: Resource, operations: readonly JsonPatchOperation[], text: string): void {
  rename(resource, () => {
    try {
      resource.object = applyJsonPatch(resource.object, operations) as AnyObject;
    } catch (error) {
      throw new Error(`Error applying JSON patch ${text}: ${(error as Error).message}`);
    }
  });
}

/** Whether a resource, by any of its names, is one that a patch is for. */
export function matches({ object, names }: Resource, target: PatchTarget): boolean {
  const [version = '', group = ''] = (object.apiVersion ?? '').split('/').reverse();
  const whole = (pattern: string | undefined, text: string): boolean => !pattern || new RegExp(`^(?:${pattern})$`).test(text);
  const selected = (selector: string | undefined, pairs: Readonly<Record<string, string>> | undefined): boolean =>
    !selector || parseLabelSelector(selector).matches(pairs ?? {});
  return (
    whole(target.group, group) &&
    whole(target.version, version) &&
    names.some(
      ({ kind, name, namespace }) =>
        whole(target.kind, kind) && whole(target.name, name) && (!target.namespace || whole(target.namespace, namespace || 'default')),
    ) &&
    selected(target.labelSelector, object.metadata?.labels) &&
    selected(target.annotationSelector, object.metadata?.annotations)
  );
}
