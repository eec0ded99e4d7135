import type { PatchSchema, PatchSchemas } from '@keelson/machinery';

type Holder = Record<string, unknown>;

const directive = '$patch';
/** A patch that takes away what it is for. */
const removed = Symbol('removed');

/**
 * A strategic merge as kustomize makes it. Unlike the API server's, elements that a patch names come first in a merged list, in the patch's
 * order. Without a schema objects merge and lists are replaced. Undefined when nothing is left.
 */
export function mergePatch(current: object, patch: object, schemas: PatchSchemas, typeName: string | undefined): object | undefined {
  const merged = mergeObjects(current as Holder, patch as Holder, {
    schemas,
    schema: typeName === undefined ? undefined : resolved(schemas, { $ref: typeName }),
  });
  return merged === removed ? undefined : (merged as object);
}

interface Type {
  readonly schemas: PatchSchemas;
  readonly schema: PatchSchema | undefined;
}

function resolved(schemas: PatchSchemas, schema: PatchSchema | undefined): PatchSchema | undefined {
  if (schema?.allOf?.length === 1) return resolved(schemas, schema.allOf[0]);
  if (schema?.$ref === undefined) return schema;
  return resolved(schemas, schemas[schema.$ref] ?? schemas[schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)]);
}

function fieldOf({ schemas, schema }: Type, name: string): PatchSchema | undefined {
  const values = typeof schema?.additionalProperties === 'object' ? schema.additionalProperties : undefined;
  return schema?.properties && Object.hasOwn(schema.properties, name) ? schema.properties[name] : resolved(schemas, values);
}

function mergeObjects(current: Holder, patch: Holder, type: Type): Holder | typeof removed {
  const { [directive]: what, ...fields } = patch;
  if (what === 'delete') return removed;
  const result: Holder = what === 'replace' ? {} : { ...current };
  for (const [name, value] of Object.entries(fields)) {
    const merged = value === null ? removed : mergeValue(result[name], value, { schemas: type.schemas, schema: fieldOf(type, name) });
    if (merged === removed) delete result[name];
    else result[name] = merged;
  }
  return result;
}

function mergeValue(current: unknown, patch: unknown, { schemas, schema: declared }: Type): unknown {
  const schema = resolved(schemas, declared);
  if (Array.isArray(patch)) {
    const merges = declared?.['x-kubernetes-patch-strategy']?.split(',').includes('merge') ?? false;
    const type = { schemas, schema: resolved(schemas, schema?.items) };
    const list = Array.isArray(current) ? current : [];
    return merges ? mergeLists(list, patch, declared?.['x-kubernetes-patch-merge-key'] ?? '', type) : patch;
  }
  if (typeof patch !== 'object' || patch === null) return patch;
  const holder = typeof current === 'object' && current !== null && !Array.isArray(current) ? (current as Holder) : {};
  return mergeObjects(holder, patch as Holder, { schemas, schema });
}

function mergeLists(current: readonly unknown[], patch: readonly unknown[], key: string, type: Type): unknown[] | typeof removed {
  if (key === '') return [...new Set([...patch, ...current])];
  const elements = patch as readonly Holder[];
  if (elements.some((element) => element[directive] === 'replace' && element[key] === undefined)) {
    return elements.filter((element) => !(directive in element));
  }
  const idOf = (element: unknown): string => identity(element as Holder, key);
  const merged = elements.map((element) => {
    const before = current.find((each) => idOf(each) === idOf(element)) as Holder | undefined;
    return mergeObjects(before ?? {}, element, type);
  });
  const named = new Set(elements.map(idOf));
  const all = [...merged.filter((element) => element !== removed), ...current.filter((each) => !named.has(idOf(each)))];
  return all.length === 0 && patch.length > 0 ? removed : all;
}

/** Ports are known by their number and protocol together. */
function identity(element: Holder, key: string): string {
  if (key !== 'containerPort' && key !== 'port') return String(element[key]);
  return `${String(element[key])}/${String(element.protocol ?? 'TCP')}`;
}
