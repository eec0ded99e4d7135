import { isMap, type JsonMap, memberSchema, type Schema } from './schema.ts';

/** Members every object that is an API object of its own has, whatever its schema says. */
const identity = ['apiVersion', 'kind', 'metadata'];

/** Gives what every API object has its shape in one that stands within another, and answers the paths of the members that went. */
export type ShapeEmbedded = (resource: JsonMap, path: string) => readonly string[];

interface Pruning {
  readonly gone: string[];
  readonly shapeEmbedded: ShapeEmbedded;
}

const leaveEmbedded: ShapeEmbedded = () => [];

/**
 * Removes, in place, what a structural schema does not speak of, and returns the paths of what went: `spec.list[0].x`. `metadata` of the
 * object itself is left alone: it is a typed matter, as that of embedded resources, which `shapeEmbedded` sees to.
 */
export function prune(value: unknown, schema: Schema, isResource = true, shapeEmbedded: ShapeEmbedded = leaveEmbedded): string[] {
  const pruning: Pruning = { gone: [], shapeEmbedded };
  pruneAt(value, schema, '', isResource, pruning);
  return pruning.gone;
}

function pruneAt(value: unknown, schema: Schema, path: string, isResource: boolean, pruning: Pruning): void {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items) for (const [index, element] of value.entries()) pruneNested(element, items, `${path}[${index}]`, pruning);
  } else if (isMap(value)) pruneMap(value, schema, path, isResource, pruning);
}

function pruneNested(value: unknown, schema: Schema, path: string, pruning: Pruning): void {
  const isResource = schema['x-kubernetes-embedded-resource'] ?? false;
  pruneAt(value, schema, path, isResource, pruning);
  if (isResource && isMap(value)) pruning.gone.push(...pruning.shapeEmbedded(value, path));
}

function pruneMap(value: JsonMap, schema: Schema, path: string, isResource: boolean, pruning: Pruning): void {
  const keepsAll = schema['x-kubernetes-preserve-unknown-fields'] || schema.additionalProperties === true;
  for (const name of Object.keys(value)) {
    const where = path === '' ? name : `${path}.${name}`;
    if (isResource && identity.includes(name)) continue;
    const member = memberSchema(schema, name);
    if (member) pruneNested(value[name], member, where, pruning);
    else if (!keepsAll) {
      delete value[name];
      pruning.gone.push(where);
    }
  }
}
