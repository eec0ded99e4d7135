import { goTypeOf } from '@keelson/machinery';
import type { Schema, Schemas } from '@keelson/types/schemas';
import { partOf } from './go-parts.ts';

const base64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Standard base64 with padding, without line breaks. */
export function isBase64(text: string): boolean {
  return text.length % 4 === 0 && base64.test(text);
}

/** What Go says of a text that is no base64. */
export function base64Fault(text: string): string {
  const at = text.search(/[^A-Za-z0-9+/\r\n]/);
  return `illegal base64 data at input byte ${at < 0 ? text.length - (text.length % 4) : at}`;
}

/** A value that does not fit, where it stands, and what its type takes. */
interface Mistake {
  readonly path: readonly (number | string)[];
  readonly value: unknown;
  readonly wanted: Schema;
}

/**
 * What Go's JSON decoder says of a value that does not fit: `json: cannot unmarshal string into Go struct field
 * DeploymentSpec.spec.replicas of type int32`.
 */
export function goError(schemas: Schemas, typeName: string, { path, value, wanted }: Mistake): string {
  const found = jsonKind(value);
  const shown = found === 'number' && wanted.type === 'integer' ? `number ${value}` : found;
  const { struct, field, type } = goTypesAt(schemas, typeName, path);
  return `json: cannot unmarshal ${shown} into Go struct field ${struct}.${field} of type ${type}`;
}

/** What Go's JSON decoder calls a parsed value. */
export function jsonKind(value: unknown): string {
  return Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value === 'boolean' ? 'bool' : typeof value;
}

/** What Go's converter says instead, which puts a strategic merge patch's outcome into its type: `cannot restore map from string`, … */
export function conversionError({ value, wanted }: Pick<Mistake, 'value' | 'wanted'>): string {
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
    const part = schema.$ref && typeof step === 'string' ? partOf(schema.$ref, step) : undefined;
    if (schema.$ref) {
      struct = shortName(schema.$ref);
      schema = schemas[schema.$ref] ?? {};
    }
    if (schema.properties?.[step]) members.push(...(part ? [part] : []), step);
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
  if (format === 'byte') return '[]uint8';
  if (type === 'array') return `[]${goType(items ?? {})}`;
  if (type === 'object') return `map[string]${goType(additionalProperties ?? {})}`;
  return 'string';
}
