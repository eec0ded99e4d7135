/** What a value may be. `max` is how many elements or bytes it can have at most, where its schema tells. */
export type CelType =
  | { readonly kind: Simple; readonly max?: number }
  | { readonly kind: 'list'; readonly of: CelType; readonly max?: number }
  | { readonly kind: 'map'; readonly key: CelType; readonly value: CelType; readonly max?: number }
  | { readonly kind: 'optional'; readonly of: CelType; readonly max?: number }
  | ObjectType
  | { readonly kind: 'opaque'; readonly name: string; readonly max?: number }
  | { readonly kind: 'param'; readonly name: string; readonly max?: number };

type Simple = 'dyn' | 'error' | 'null' | 'bool' | 'int' | 'uint' | 'double' | 'string' | 'bytes' | 'timestamp' | 'duration' | 'type';

/** A value with named fields. Two of them are the same type when they have the same name. */
export interface ObjectType {
  readonly kind: 'object';
  readonly name: string;
  readonly fields: Readonly<Record<string, CelType>>;
  readonly max?: number;
}

const simple: readonly Simple[] = [
  ...(['dyn', 'error', 'null', 'bool', 'int', 'uint', 'double', 'string', 'bytes'] as const),
  ...(['timestamp', 'duration', 'type'] as const),
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
export const typeType: CelType = { kind: 'type' };

export function list(of: CelType, max?: number): CelType {
  return { kind: 'list', of, ...(max === undefined ? {} : { max }) };
}

export function map(key: CelType, value: CelType, max?: number): CelType {
  return { kind: 'map', key, value, ...(max === undefined ? {} : { max }) };
}

export function optional(of: CelType): CelType {
  return { kind: 'optional', of };
}

export function object(name: string, fields: Readonly<Record<string, CelType>>): ObjectType {
  return { kind: 'object', name, fields };
}

/** As messages name it: `map(string, list(int))`. */
export function typeText(type: CelType): string {
  switch (type.kind) {
    case 'list':
      return `list(${typeText(type.of)})`;
    case 'map':
      return `map(${typeText(type.key)}, ${typeText(type.value)})`;
    case 'optional':
      return `optional_type(${typeText(type.of)})`;
    case 'object':
    case 'opaque':
    case 'param':
      return type.name;
    case 'error':
      return '!error!';
    default:
      return type.kind;
  }
}

/** Reads `list<T>`, `map<string, int>`, `optional<T>`, `kubernetes.URL`; one capital letter is a type parameter. */
export function parseType(text: string): CelType {
  const [, name = '', inner] = /^([\w.]+)(?:<(.*)>)?$/.exec(text.trim()) ?? [];
  const inside = splitTypes(inner ?? '').map(parseType);
  if (name === 'list') return list(inside[0] ?? dyn);
  if (name === 'map') return map(inside[0] ?? dyn, inside[1] ?? dyn);
  if (name === 'optional') return optional(inside[0] ?? dyn);
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

/** What type parameters stand for, so far. */
export type Bindings = ReadonlyMap<string, CelType>;

/** Whether a value of `from` may stand where `to` is wanted; answers the parameters it then binds, or undefined. */
export function assign(to: CelType, from: CelType, bound: Bindings): Bindings | undefined {
  if (to.kind === 'param') {
    const known = bound.get(to.name);
    if (known === undefined || (known.kind === 'dyn' && from.kind !== 'dyn')) return new Map(bound).set(to.name, from);
    if (from.kind === 'param' && from.name === to.name) return bound;
    const fits = assign(known, from, bound);
    if (fits) return isLoose(known) ? new Map(fits).set(to.name, join(known, from)) : fits;
    const wider = isLoose(known) ? assign(from, known, bound) : undefined;
    return wider && new Map(wider).set(to.name, from);
  }
  if (from.kind === 'param') {
    const known = bound.get(from.name);
    return known === undefined ? new Map(bound).set(from.name, to) : assign(to, known, bound);
  }
  if (isFree(to) || isFree(from)) return bound;
  if (from.kind === 'null') return takesNull(to) ? bound : undefined;
  if (to.kind === 'null') return takesNull(from) ? bound : undefined;
  return assignInside(to, from, bound);
}

function assignInside(to: CelType, from: CelType, bound: Bindings): Bindings | undefined {
  if (to.kind === 'list' && from.kind === 'list') return assign(to.of, from.of, bound);
  if (to.kind === 'optional' && from.kind === 'optional') return assign(to.of, from.of, bound);
  if (to.kind === 'map' && from.kind === 'map') {
    const keys = assign(to.key, from.key, bound);
    return keys && assign(to.value, from.value, keys);
  }
  const named = 'name' in to && 'name' in from ? to.name === from.name : !('name' in to) && !('name' in from);
  return to.kind === from.kind && named ? bound : undefined;
}

function isFree({ kind }: CelType): boolean {
  return kind === 'dyn' || kind === 'error';
}

/** A type with something in it that is not known yet, as that of `[]`. */
function isLoose(type: CelType): boolean {
  if (type.kind === 'list' || type.kind === 'optional') return isLoose(type.of);
  if (type.kind === 'map') return isLoose(type.key) || isLoose(type.value);
  return type.kind === 'dyn' || type.kind === 'param';
}

/** Null may stand for what can be absent in upstream's protocol buffers. */
function takesNull({ kind }: CelType): boolean {
  return ['null', 'object', 'timestamp', 'duration', 'opaque', 'optional'].includes(kind);
}

/** The type with what its parameters stand for in their place; unbound ones are `dyn`. */
export function substitute(type: CelType, bound: Bindings): CelType {
  switch (type.kind) {
    case 'param': {
      const found = bound.get(type.name);
      return found === undefined || found === type ? dyn : found.kind === 'param' ? dyn : found;
    }
    case 'list':
      return { ...type, of: substitute(type.of, bound) };
    case 'optional':
      return { ...type, of: substitute(type.of, bound) };
    case 'map':
      return { ...type, key: substitute(type.key, bound), value: substitute(type.value, bound) };
    default:
      return type;
  }
}

/** The more telling of two types that fit each other; `dyn` when they do not. */
export function join(a: CelType, b: CelType): CelType {
  if (a === b) return a;
  if (assign(a, b, new Map()) === undefined) return dyn;
  if (a.kind === 'list' && b.kind === 'list') return list(join(a.of, b.of));
  if (a.kind === 'map' && b.kind === 'map') return map(join(a.key, b.key), join(a.value, b.value));
  if (a.kind === 'null') return b;
  if (a.kind === 'param') return b;
  if (a.kind === 'dyn' || b.kind === 'dyn') return dyn;
  return a;
}
