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
  pruneAt(value, schema, { path: '', isResource, kept: false }, pruning);
  return pruning.gone;
}

interface Place {
  readonly path: string;
  readonly isResource: boolean;
  /** Whether it is an element of a list of which all is kept: only what is spoken of in it is pruned, of parts of its own. */
  readonly kept: boolean;
}

/** @param schema undefined for what nothing is said of: nothing of it stays but what is no member. */
function pruneAt(value: unknown, schema: Schema | undefined, place: Place, pruning: Pruning): void {
  if (isMap(value)) pruneMap(value, schema ?? {}, place, pruning);
  if (!Array.isArray(value)) return;
  const kept = place.kept || schema?.['x-kubernetes-preserve-unknown-fields'] === true;
  if (kept && !schema?.items) return;
  for (const [index, element] of value.entries()) pruneNested(element, schema?.items, `${place.path}[${index}]`, pruning, kept);
}

function pruneNested(value: unknown, schema: Schema | undefined, path: string, pruning: Pruning, kept = false): void {
  const isResource = schema?.['x-kubernetes-embedded-resource'] ?? false;
  pruneAt(value, schema, { path, isResource, kept }, pruning);
  if (isResource && isMap(value)) pruning.gone.push(...pruning.shapeEmbedded(value, path));
}

function pruneMap(value: JsonMap, schema: Schema, { path, isResource, kept }: Place, pruning: Pruning): void {
  const keepsAll = kept || schema['x-kubernetes-preserve-unknown-fields'];
  for (const name of Object.keys(value)) {
    const where = path === '' ? name : `${path}.${name}`;
    if (isResource && identity.includes(name)) continue;
    if (isSpokenOf(schema, name)) pruneNested(value[name], memberSchema(schema, name), where, pruning);
    else if (!keepsAll) {
      delete value[name];
      pruning.gone.push(where);
    }
  }
}

/** Maps speak of all members, though not always of what is in them. */
function isSpokenOf({ properties, additionalProperties }: Schema, name: string): boolean {
  return additionalProperties !== undefined || (properties !== undefined && Object.hasOwn(properties, name));
}
