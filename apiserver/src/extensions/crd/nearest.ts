import { isMap, memberSchema, type Schema } from './schema.ts';

/** Of schemas of which a value fits none, the one whose errors are told: the first of those that look at most of it, as upstream counts. */
export function nearest(value: unknown, schemas: readonly Schema[]): Schema {
  const counts = schemas.map((schema) => looks(value, schema));
  return schemas[counts.indexOf(Math.max(...counts))] ?? {};
}

/** How often a schema looks at a value and at what is in it. */
function looks(value: unknown, schema: Schema): number {
  const { type, format, items, allOf = [] } = schema;
  if (value === null) return type && schema.nullable ? 1 : 0;
  let count = looksAtAny(value);
  if (type || format) count += isOf(value, type) ? 2 : 1;
  if (format && typeof value === 'string') count++;
  for (const part of allOf) count += looks(value, part);
  if (Array.isArray(value) && items) for (const element of value) count += looks(element, items);
  if (!isMap(value)) return count;
  for (const [name, member] of Object.entries(value)) {
    const nested = memberSchema(schema, name);
    if (nested) count += looks(member, nested);
  }
  return count;
}

/** What every schema looks at, whatever it says. */
function looksAtAny(value: unknown): number {
  if (typeof value === 'boolean') return 4;
  return typeof value === 'number' || Array.isArray(value) ? 6 : 5;
}

function isOf(value: unknown, type: string | undefined): boolean {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'array') return Array.isArray(value);
  return type === 'object' ? isMap(value) : typeof value === type;
}
