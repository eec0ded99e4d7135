import { copyOf } from '@keelson/machinery';
import { isMap, type JsonMap, type Schema } from './schema.ts';

/**
 * Fills in, in place, the defaults of a structural schema: of members that are absent, and of nulls where null is not allowed and there is
 * a default. Nulls that are neither allowed nor defaulted are dropped, as if they were never sent.
 */
export function applyDefaults(value: unknown, schema: Schema): void {
  if (Array.isArray(value)) {
    if (schema.items) for (const element of value) applyDefaults(element, schema.items);
  } else if (isMap(value)) defaultMembers(value, schema);
}

function defaultMembers(value: JsonMap, schema: Schema): void {
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    if (value[name] === null && !member.nullable) delete value[name];
    if (value[name] === undefined && member.default !== undefined) value[name] = copyOf(member.default);
    if (value[name] !== undefined) applyDefaults(value[name], member);
  }
  const rest = schema.additionalProperties;
  if (typeof rest !== 'object') return;
  for (const [name, member] of Object.entries(value)) {
    if (schema.properties && Object.hasOwn(schema.properties, name)) continue;
    if (member === null && !rest.nullable && rest.default !== undefined) value[name] = copyOf(rest.default);
    applyDefaults(value[name], rest);
  }
}
