import { goQuote } from '@keelson/machinery';
import type { Schema, Schemas } from '@keelson/types/schemas';
import type { ErrorObject } from 'ajv';

const base64 = /^[A-Za-z0-9+/]*={0,2}$/;
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** Standard base64 with padding; line breaks are skipped, as Go skips them. */
export function isBase64(text: string): boolean {
  if (text.length % 4 === 0 && base64.test(text)) return true;
  const bare = text.replace(/[\r\n]/g, '');
  return bare.length % 4 === 0 && base64.test(bare);
}

/** RFC 3339, as metav1.Time and MicroTime are read. */
export function isTime(text: string): boolean {
  return time.test(text) && !Number.isNaN(Date.parse(text));
}

function badByte(text: string): number {
  const at = text.search(/[^A-Za-z0-9+/\r\n]/);
  return at < 0 ? text.length - (text.length % 4) : at;
}

function timeError(text: string): string {
  return `parsing time ${goQuote(text)} as "2006-01-02T15:04:05Z07:00": cannot parse ${goQuote(text)} as "2006"`;
}

export function unescapePointer(segment: string): string {
  return segment.replaceAll('~1', '/').replaceAll('~0', '~');
}

/**
 * What Go's decoders say of a value that does not fit: `json: cannot unmarshal string into Go struct field
 * DeploymentSpec.spec.replicas of type int32`, `illegal base64 data at input byte 3`, …
 */
export function goError(schemas: Schemas, typeName: string, error: ErrorObject): string {
  const { instancePath, keyword, schema, data } = error;
  if (keyword === 'format')
    return schema === 'byte' ? `illegal base64 data at input byte ${badByte(data as string)}` : timeError(data as string);
  const found = Array.isArray(data) ? 'array' : data === null ? 'null' : typeof data === 'boolean' ? 'bool' : typeof data;
  const shown = found === 'number' && (keyword !== 'type' || schema === 'integer') ? `number ${data}` : found;
  const segments = instancePath.split('/').slice(1).map(unescapePointer);
  const { struct, type } = goTypesAt(schemas, typeName, segments);
  const field = segments.filter((segment) => !/^\d+$/.test(segment)).join('.');
  return `json: cannot unmarshal ${shown} into Go struct field ${struct}.${field} of type ${type}`;
}

/** The Go types at a path: the struct that holds the member, and the member's own. */
function goTypesAt(schemas: Schemas, typeName: string, segments: readonly string[]): { struct: string; type: string } {
  let schema: Schema = { $ref: typeName };
  let struct = '';
  for (const segment of segments) {
    if (schema.$ref) {
      struct = shortName(schema.$ref);
      schema = schemas[schema.$ref] ?? {};
    }
    schema = schema.properties?.[segment] ?? schema.items ?? schema.additionalProperties ?? {};
  }
  return { struct, type: goType(schema) };
}

function shortName(typeName: string): string {
  return typeName.slice(typeName.lastIndexOf('.') + 1);
}

function goType({ $ref, type, format, items, additionalProperties }: Schema): string {
  if ($ref) return $ref.split('.').slice(-2).join('.');
  if (type === 'integer') return format ?? 'int32';
  if (type === 'boolean') return 'bool';
  if (type === 'array') return `[]${goType(items ?? {})}`;
  if (type === 'object') return `map[string]${goType(additionalProperties ?? {})}`;
  return 'string';
}
