import { EvaluationError } from './errors.ts';
import { type DeclaredSchema, escapeName, isIntOrString, withMeta } from './schema.ts';
import { durationText, parseDuration, parseTimestamp, timestampText } from './time.ts';
import { Duration, KeyedList, Optional, Timestamp, Uint, unseen } from './values.ts';

/** JSON as CEL sees it: whole numbers are ints. What CEL is given is a copy, so that an expression cannot change what is stored. */
export function toCel(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(toCel);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => [name, toCel(member)]),
  );
}

/** What CEL computed as JSON. Whole numbers too large for JSON lose their end, as upstream's do. */
export function fromCel(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint) return Number(value.value);
  if (value instanceof Optional) return value.present ? fromCel(value.value) : null;
  if (value instanceof Timestamp) return timestampText(value);
  if (value instanceof Duration) return durationText(value.nanos);
  if (value instanceof Uint8Array) return btoa(Array.from(value, (byte) => String.fromCharCode(byte)).join(''));
  if (Array.isArray(value)) return Array.from(value, fromCel);
  if (value instanceof Map) return Object.fromEntries([...value].map(([name, member]) => [String(name), fromCel(member)]));
  if (typeof value !== 'object' || value === null || value.constructor !== Object) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, fromCel(member)]));
}

/**
 * JSON as its schema says: numbers are ints or doubles by their type, text may be a time, fields have the names expressions write. Fields that
 * the schema does not name, or that are null, are not there, but make objects differ. @throws EvaluationError for text that is not what its format says.
 */
export function typedCel(value: unknown, schema: DeclaredSchema, root = schema['x-kubernetes-embedded-resource'] === true): unknown {
  if (value === null || value === undefined) return null;
  if (isIntOrString(schema)) return toCel(value);
  if (Array.isArray(value)) return typedList(value, schema);
  if (typeof value === 'object') return typedObject(value as Record<string, unknown>, root ? withMeta(schema) : schema);
  if (typeof value === 'number') return schema.type === 'integer' && Number.isInteger(value) ? BigInt(value) : value;
  return typeof value === 'string' ? typedText(value, schema.format) : value;
}

function typedList(list: readonly unknown[], schema: DeclaredSchema): unknown[] {
  const { items = {} } = schema;
  const values = list.map((element) => typedCel(element, items));
  const listType = schema['x-kubernetes-list-type'];
  if (listType === 'set') return KeyedList.of2(values, (element) => JSON.stringify(fromCel(element)));
  if (listType !== 'map') return values;
  const keys = (schema['x-kubernetes-list-map-keys'] ?? []).map((key) => escapeName(key) ?? key);
  return KeyedList.of2(values, (element) =>
    isObject(element) ? JSON.stringify(keys.map((key) => fromCel(memberOf(element, key)))) : Symbol(),
  );
}

/** Whether an element has keys; what is no object of the schema is like no other element. */
function isObject(element: unknown): element is object {
  return typeof element === 'object' && element !== null && element.constructor === Object;
}

function memberOf(element: object, key: string): unknown {
  return (element as Record<string, unknown>)[key] ?? unseen.get(element)?.[key];
}

function typedObject(object: Readonly<Record<string, unknown>>, { additionalProperties, properties = {} }: DeclaredSchema): unknown {
  const seen: [string, unknown][] = [];
  const rest: [string, unknown][] = [];
  for (const [name, member] of Object.entries(object)) {
    if (member === undefined) continue;
    const schema = Object.hasOwn(properties, name) ? properties[name] : undefined;
    const escaped = escapeName(name);
    if (typeof additionalProperties === 'object') seen.push([name, typedCel(member, additionalProperties)]);
    else if (schema && escaped !== undefined && member !== null) seen.push([escaped, typedCel(member, schema)]);
    else rest.push([name, toCel(member)]);
  }
  const made = Object.fromEntries(seen);
  if (rest.length > 0) unseen.set(made, Object.fromEntries(rest));
  return made;
}

function typedText(text: string, format: string | undefined): unknown {
  if (format === 'byte') return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  if (format === 'date') return parseTimestamp(`${text}T00:00:00Z`);
  if (format === 'date-time') return parseTimestamp(text);
  if (format !== 'duration') return text;
  const nanos = parseDuration(text);
  if (BigInt.asIntN(64, nanos) !== nanos) throw new EvaluationError('duration overflow');
  return new Duration(nanos);
}
