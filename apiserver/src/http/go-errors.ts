import { goQuote, goTypeOf } from '@keelson/machinery';
import type { Schema, Schemas } from '@keelson/types/schemas';

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

/** Text that is not what its format says is told in the same words by all of Go's decoders; undefined for anything else. */
function formatError({ value, wanted: { format } }: Pick<Mistake, 'value' | 'wanted'>): string | undefined {
  if (typeof value !== 'string') return undefined;
  if (format === 'byte') return `illegal base64 data at input byte ${badByte(value)}`;
  return format === 'date-time' ? timeError(value) : undefined;
}

/** A value that does not fit, where it stands, and what its type takes. */
interface Mistake {
  readonly path: readonly (number | string)[];
  readonly value: unknown;
  readonly wanted: Schema;
}

/**
 * What Go's decoders say of a value that does not fit: `json: cannot unmarshal string into Go struct field
 * DeploymentSpec.spec.replicas of type int32`, `illegal base64 data at input byte 3`, …
 */
export function goError(schemas: Schemas, typeName: string, mistake: Mistake): string {
  return formatError(mistake) ?? jsonError(schemas, typeName, mistake);
}

/** What Go's JSON decoder calls a parsed value. */
export function jsonKind(value: unknown): string {
  return Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value === 'boolean' ? 'bool' : typeof value;
}

function jsonError(schemas: Schemas, typeName: string, { path, value, wanted }: Mistake): string {
  const found = jsonKind(value);
  const shown = found === 'number' && wanted.type === 'integer' ? `number ${value}` : found;
  const { struct, field, type } = goTypesAt(schemas, typeName, path);
  return `json: cannot unmarshal ${shown} into Go struct field ${struct}.${field} of type ${type}`;
}

/** What Go's converter says instead, which puts a strategic merge patch's outcome into its type: `cannot restore map from string`, … */
export function conversionError(mistake: Pick<Mistake, 'value' | 'wanted'>): string {
  return formatError(mistake) ?? converterError(mistake);
}

function converterError({ value, wanted }: Pick<Mistake, 'value' | 'wanted'>): string {
  const type = goTypeOf(value);
  const kind = goKindOf(type);
  if (wanted.type === 'array') return `cannot restore slice from ${kind}`;
  if (wanted.type === 'object')
    return wanted.additionalProperties ? `cannot restore map from ${kind}` : `cannot restore struct from: ${kind}`;
  return `cannot convert ${type} to ${goType(wanted)}`;
}

/** The kind of a decoded JSON value's type in Go. */
function goKindOf(type: string): string {
  return type.startsWith('map') ? 'map' : type.startsWith('[]') ? 'slice' : type;
}

interface GoPlace {
  /** The struct that holds the member. */
  readonly struct: string;
  /** The members on the way, without the keys of maps and the places of lists. */
  readonly field: string;
  /** The member's own type. */
  readonly type: string;
}

function goTypesAt(schemas: Schemas, typeName: string, path: readonly (number | string)[]): GoPlace {
  let schema: Schema = { $ref: typeName };
  let struct = '';
  const members: (number | string)[] = [];
  for (const step of path) {
    if (schema.$ref) {
      struct = shortName(schema.$ref);
      schema = schemas[schema.$ref] ?? {};
    }
    if (schema.properties?.[step]) members.push(step);
    schema = schema.properties?.[step] ?? schema.items ?? schema.additionalProperties ?? {};
  }
  return { struct, field: members.join('.'), type: goType(schema) };
}

function shortName(typeName: string): string {
  return typeName.slice(typeName.lastIndexOf('.') + 1);
}

function goType({ $ref, type, format, items, additionalProperties }: Schema): string {
  if ($ref === 'meta.v1.Time' || $ref === 'meta.v1.MicroTime') return 'string';
  if ($ref) return $ref.split('.').slice(-2).join('.');
  if (type === 'integer') return format ?? 'int32';
  if (type === 'boolean') return 'bool';
  if (type === 'array') return `[]${goType(items ?? {})}`;
  if (type === 'object') return `map[string]${goType(additionalProperties ?? {})}`;
  return 'string';
}
