import { copyOf } from '@keelson/machinery';
import { isMap, type JsonMap, type Schema } from './schema.ts';

/**
 * Fills in, in place, the defaults of a structural schema: of members that are absent, and of nulls where null is not allowed and there is
 * a default. Nulls that are neither allowed nor defaulted are dropped, as if they were never sent.
 */
export function applyDefaults(value: unknown, schema: Schema): void {
  const { items } = schema;
  if (isMap(value)) defaultMembers(value, schema);
  if (!Array.isArray(value) || !items) return;
  for (const [index, element] of value.entries()) {
    if (element === null && !items.nullable && isGiven(items.default)) value[index] = copyOf(items.default);
    applyDefaults(value[index], items);
  }
}

function defaultMembers(value: JsonMap, schema: Schema): void {
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    if (value[name] === null && !member.nullable) delete value[name];
    if (value[name] === undefined && isGiven(member.default)) value[name] = copyOf(member.default);
    if (value[name] !== undefined) applyDefaults(value[name], member);
  }
  const rest = schema.additionalProperties;
  if (typeof rest !== 'object') return;
  for (const [name, member] of Object.entries(value)) {
    if (schema.properties && Object.hasOwn(schema.properties, name)) continue;
    if (member === null && !rest.nullable) {
      if (isGiven(rest.default)) value[name] = copyOf(rest.default);
      else delete value[name];
    }
    applyDefaults(value[name], rest);
  }
}

/** A null is no default. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}
