/** What a value may be. `max` is how many elements or bytes it can have at most, where its schema tells. */
export type CelType =
  | { readonly kind: Simple; readonly max?: number }
  | { readonly kind: 'list'; readonly of: CelType; readonly max?: number }
  | { readonly kind: 'map'; readonly key: CelType; readonly value: CelType; readonly max?: number }
  | { readonly kind: 'optional'; readonly of: CelType; readonly max?: number }
  | { readonly kind: 'type'; readonly of?: CelType; readonly max?: number }
  | ObjectType
  | { readonly kind: 'opaque'; readonly name: string; readonly max?: number }
  | { readonly kind: 'param'; readonly name: string; readonly max?: number };

type Simple = 'dyn' | 'error' | 'null' | 'bool' | 'int' | 'uint' | 'double' | 'string' | 'bytes' | 'timestamp' | 'duration';

/** A value with named fields. Two of them are the same type when they have the same name. */
export interface ObjectType {
  readonly kind: 'object';
  readonly name: string;
  readonly fields: Readonly<Record<string, CelType>>;
  readonly max?: number;
}

const simple: readonly Simple[] = [
  ...(['dyn', 'error', 'null', 'bool', 'int', 'uint', 'double', 'string', 'bytes'] as const),
  ...(['timestamp', 'duration'] as const),
];

export const dyn: CelType = { kind: 'dyn' };
export const errorType: CelType = { kind: 'error' };
export const nullType: CelType = { kind: 'null' };
export const bool: CelType = { kind: 'bool' };
export const int: CelType = { kind: 'int' };
export const uint: CelType = { kind: 'uint' };
export const double: CelType = { kind: 'double' };
export const string: CelType = { kind: 'string' };
export const bytes: CelType = { kind: 'bytes' };
export const timestamp: CelType = { kind: 'timestamp' };
export const duration: CelType = { kind: 'duration' };

export function list(of: CelType, max?: number): CelType {
  return { kind: 'list', of, ...(max === undefined ? {} : { max }) };
}

export function map(key: CelType, value: CelType, max?: number): CelType {
  return { kind: 'map', key, value, ...(max === undefined ? {} : { max }) };
}

export function optional(of: CelType): CelType {
  return { kind: 'optional', of };
}

export function opaque(name: string): CelType {
  return { kind: 'opaque', name };
}

/** The type of a type that is not known. */
export const anyType: CelType = { kind: 'type' };

/** The type of a type. */
export function typeOf(of: CelType): CelType {
  return { kind: 'type', of };
}

export function object(name: string, fields: Readonly<Record<string, CelType>>): ObjectType {
  return { kind: 'object', name, fields };
}

const longNames: Readonly<Record<string, string>> = {
  null: 'null_type',
  timestamp: 'google.protobuf.Timestamp',
  duration: 'google.protobuf.Duration',
};

/** As messages about parts of an expression name it: `map(string, list(int))`. @param long as the type of a whole expression is named */
export function typeText(type: CelType, long = false): string {
  switch (type.kind) {
    case 'list':
      return `list(${typeText(type.of, long)})`;
    case 'map':
      return `map(${typeText(type.key, long)}, ${typeText(type.value, long)})`;
    case 'optional':
      return `optional_type(${typeText(type.of, long)})`;
    case 'type':
      return type.of ? `type(${typeText(type.of, long)})` : 'type';
    case 'object':
    case 'opaque':
    case 'param':
      return type.name;
    case 'error':
      return '!error!';
    default:
      return (long ? longNames[type.kind] : undefined) ?? type.kind;
  }
}

/** Whether two types are the same, part by part. Types with fields are by name. */
export function sameType(a: CelType, b: CelType): boolean {
  return a === b || (a.kind === b.kind && typeText(a) === typeText(b));
}

/** Reads `list<T>`, `map<string, int>`, `optional<T>`, `kubernetes.URL`; one capital letter is a type parameter. */
export function parseType(text: string): CelType {
  const [, name = '', inner] = /^([\w.]+)(?:<(.*)>)?$/.exec(text.trim()) ?? [];
  const inside = splitTypes(inner ?? '').map(parseType);
  if (name === 'list') return list(inside[0] ?? dyn);
  if (name === 'map') return map(inside[0] ?? dyn, inside[1] ?? dyn);
  if (name === 'optional') return optional(inside[0] ?? dyn);
  if (name === 'type') return typeOf(inside[0] ?? dyn);
  if (/^[A-Z]$/.test(name)) return { kind: 'param', name };
  const known = simple.find((one) => one === name);
  if (known) return { kind: known };
  if (name.includes('.')) return { kind: 'opaque', name };
  throw new Error(`no type: ${text}`);
}

/** Splits at commas that are not within angle brackets. */
export function splitTypes(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '<') depth++;
    else if (text[i] === '>') depth--;
    else if (text[i] === ',' && depth === 0) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  const last = text.slice(start);
  return last.trim() === '' ? parts : [...parts, last];
}
