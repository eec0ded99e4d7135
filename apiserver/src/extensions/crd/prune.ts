import { isMap, type JsonMap, memberSchema, type Schema } from './schema.ts';

/** Members every object that is an API object of its own has, whatever its schema says. */
const identity = ['apiVersion', 'kind', 'metadata'];

/**
 * Removes, in place, what a structural schema does not speak of, and returns the paths of what went: `spec.list[0].x`. `metadata` of the
 * object itself and of embedded resources is left alone: it is a typed matter.
 */
export function prune(value: unknown, schema: Schema, isResource = true): string[] {
  const gone: string[] = [];
  pruneAt(value, schema, '', isResource, gone);
  return gone;
}

function pruneAt(value: unknown, schema: Schema, path: string, isResource: boolean, gone: string[]): void {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items) for (const [index, element] of value.entries()) pruneNested(element, items, `${path}[${index}]`, gone);
  } else if (isMap(value)) pruneMap(value, schema, path, isResource, gone);
}

function pruneNested(value: unknown, schema: Schema, path: string, gone: string[]): void {
  pruneAt(value, schema, path, schema['x-kubernetes-embedded-resource'] ?? false, gone);
}

function pruneMap(value: JsonMap, schema: Schema, path: string, isResource: boolean, gone: string[]): void {
  const keepsAll = schema['x-kubernetes-preserve-unknown-fields'] || schema.additionalProperties === true;
  for (const name of Object.keys(value)) {
    const where = path === '' ? name : `${path}.${name}`;
    if (isResource && identity.includes(name)) continue;
    const member = memberSchema(schema, name);
    if (member) pruneNested(value[name], member, where, gone);
    else if (!keepsAll) {
      delete value[name];
      gone.push(where);
    }
  }
}
