import type { ApiResource } from '../resource/discovery.ts';
import { elementOf, resolve, type Schema, type Schemas, schemaOf, wrap } from './explain-schema.ts';

/** Columns before a description, and before a field for each level it lies deep. */
const [deep, level] = [5, 3];

/**
 * The text of `--output=plaintext-openapiv2` for a kind, or for the field at a path in it, which must be there: as `explain` wrote before
 * OpenAPI v3.
 */
export function explainPlainly(
  schemas: Schemas,
  resource: Pick<ApiResource, 'group' | 'version' | 'kind'>,
  path: readonly string[],
  recursive: boolean,
): string {
  const { group, version, kind } = resource;
  let schema: Schema = schemaOf(schemas, resource) ?? {};
  for (const name of path) schema = elementOf(schemas, schema).properties?.[name] ?? {};
  const target = elementOf(schemas, schema);
  const last = path.at(-1);
  const title = last === undefined ? [] : [`${target.properties ? 'RESOURCE: ' : 'FIELD:    '}${last} <${typeText(schemas, schema)}>`, ''];
  const lines = [
    ...[`KIND:     ${kind}`, `VERSION:  ${group ? `${group}/` : ''}${version}`, '', ...title, 'DESCRIPTION:'],
    ...descriptions(schemas, schema).flatMap((text, i) => [...(i > 0 ? [''] : []), ...wrapped(text)]),
    ...(target.properties ? ['', 'FIELDS:', ...fieldLines(schemas, target, recursive, 1, new Set([target]))] : []),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** What is said of a field, and what of its type. */
function descriptions(schemas: Schemas, schema: Schema): string[] {
  const own = schema.description;
  const resolved = resolve(schemas, schema);
  const ofType = (resolved.items ? resolve(schemas, resolved.items) : resolved).description;
  const all = [own, ofType === own ? undefined : ofType].filter((text) => text !== undefined && text !== '');
  return all.length > 0 ? (all as string[]) : ['<empty>'];
}

function wrapped(text: string): string[] {
  const even = text.split('\n').map((paragraph) => paragraph.trim().replaceAll(/\s+/g, ' '));
  return wrap(even.join('\n'), deep).map((line) => line.trimEnd());
}

function fieldLines(schemas: Schemas, schema: Schema, recursive: boolean, depth: number, seen: ReadonlySet<Schema>): string[] {
  const fields = Object.entries(schema.properties ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return fields.flatMap(([name, field]) => {
    const line = `${' '.repeat(level * depth)}${name}\t<${typeText(schemas, field)}>`;
    const required = schema.required?.includes(name) ? ' -required-' : '';
    if (!recursive) return [`${line}${required}`, ...(field.description ? wrapped(field.description) : []), ''];
    const inner = elementOf(schemas, field);
    const further = inner.properties && !seen.has(inner);
    return [line, ...(further ? fieldLines(schemas, inner, true, depth + 1, new Set([...seen, inner])) : [])];
  });
}

/** `string`, `[]Object`, `map[string]string`: all that has fields is an object. */
function typeText(schemas: Schemas, schema: Schema): string {
  const resolved = resolve(schemas, schema);
  if (resolved.items) return `[]${typeText(schemas, resolved.items)}`;
  if (typeof resolved.additionalProperties === 'object') return `map[string]${typeText(schemas, resolved.additionalProperties)}`;
  // A number or a text: version 2 knew it as a text.
  if (resolved.oneOf) return 'string';
  if (resolved.properties) return 'Object';
  return resolved.type === 'object' ? 'map[string]' : (resolved.type ?? '');
}
