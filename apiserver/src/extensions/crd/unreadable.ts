import type { FieldPath } from '@keelson/machinery';
import type { Schema } from './schema.ts';
import { childrenOf } from './schema-children.ts';

/** What upstream has no structural form of. */
const unknownToStructure = ['id', '$schema', '$ref', 'patternProperties', 'dependencies', 'additionalItems', 'definitions'];

/** Why upstream cannot read a schema as a structural one at all; undefined when it can. */
export function unreadable(schema: Schema, at: FieldPath): string | undefined {
  const raw = schema as Readonly<Record<string, unknown>>;
  const name = unknownToStructure.find((member) => isThere(raw[member]));
  if (name) return `OpenAPIV3Schema '${name.replace('$schema', 'schema')}' is not supported`;
  const preserve = 'x-kubernetes-preserve-unknown-fields';
  if (schema[preserve] === false) return `internal error: '${preserve}' must be true or undefined`;
  if (Array.isArray(schema.items) && schema.items.length > 0) return "OpenAPIV3Schema 'items' must be a schema, but is an array";
  for (const [child, where] of childrenOf(schema, at)) {
    const why = unreadable(child, where);
    if (why) return why;
  }
  return undefined;
}

function isThere(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return value !== undefined && value !== null && value !== '';
}
