import type { CelType } from './types.ts';

/**
 * Values as programs see them: null, booleans, strings; `bigint` is an int, `number` a double; bytes are `Uint8Array`; lists are arrays; maps
 * are `Map`s, or plain objects when their keys are strings. The rest are the classes here.
 */
export class Uint {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}

export class Optional {
  readonly value: unknown;
  readonly present: boolean;
  private constructor(present: boolean, value: unknown) {
    this.present = present;
    this.value = value;
  }
  static of(value: unknown): Optional {
    return new Optional(true, value);
  }
  static readonly none: Optional = new Optional(false, undefined);
}

/** Nanoseconds. */
export class Duration {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

/** Nanoseconds since the epoch, and the seconds that clocks are ahead of UTC where it was told. */
export class Timestamp {
  readonly nanos: bigint;
  readonly ahead: number;
  constructor(nanos: bigint, ahead = 0) {
    this.nanos = nanos;
    this.ahead = ahead;
  }
}

/** What `type(x)` answers. */
export class TypeValue {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** What `Name{…}` makes. */
export class Struct extends Map<unknown, unknown> {
  readonly typeName: string;
  constructor(typeName: string) {
    super();
    this.typeName = typeName;
  }
}

/** A value of a library's own type. */
export abstract class Opaque {
  /** As signatures name its type. */
  abstract readonly typeName: string;
  /** What `==` compares. */
  abstract readonly identity: unknown;
  /** What comparing it costs. */
  readonly size: number = 1;
}

/** The list of a schema that says its elements are a set, or have keys: order means nothing, `+` replaces what is there. */
export class KeyedList extends Array<unknown> {
  /** An element's identity, as text. */
  keyOf: (element: unknown) => string | symbol = () => '';

  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  static of2(elements: Iterable<unknown>, keyOf: (element: unknown) => string | symbol): KeyedList {
    const made = new KeyedList();
    for (const element of elements) made.push(element);
    made.keyOf = keyOf;
    return made;
  }
}

export type Fields = Readonly<Record<string, unknown>>;

/** Of objects that have more than their schema names: the rest, which expressions do not see but `==` does. */
export const unseen: WeakMap<object, Fields> = new WeakMap();

/** The kind of a value, as types name it; an opaque value's is its type's name. */
export function kindOf(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'bigint':
      return 'int';
    case 'number':
      return 'double';
    case 'boolean':
      return 'bool';
    case 'object':
      return value === null ? 'null' : objectKind(value);
    default:
      return 'error';
  }
}

function objectKind(value: object): string {
  if (Array.isArray(value)) return 'list';
  if (value instanceof Map) return 'map';
  if (value instanceof Uint) return 'uint';
  if (value instanceof Timestamp) return 'timestamp';
  if (value instanceof Duration) return 'duration';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof Optional) return 'optional';
  if (value instanceof TypeValue) return 'type';
  if (value instanceof Opaque) return value.typeName;
  return 'map';
}

/** What `type(value)` is called. */
export function typeNameOf(value: unknown): string {
  if (value instanceof Struct) return value.typeName;
  const kind = kindOf(value);
  const long: Readonly<Record<string, string>> = {
    null: 'null_type',
    optional: 'optional_type',
    timestamp: 'google.protobuf.Timestamp',
    duration: 'google.protobuf.Duration',
  };
  return long[kind] ?? kind;
}

/** Whether a value may be given where a type is wanted. Of lists and maps the first part is looked at. */
export function fits(value: unknown, type: CelType): boolean {
  switch (type.kind) {
    case 'dyn':
    case 'param':
      return true;
    case 'string':
      return typeof value === 'string';
    case 'int':
      return typeof value === 'bigint';
    case 'list':
      return Array.isArray(value) && (value.length === 0 || fits(value[0], type.of));
    case 'map':
      return kindOf(value) === 'map' && firstEntryFits(value, type.key, type.value);
    case 'opaque':
      return kindOf(value) === type.name;
    case 'object':
      return kindOf(value) === 'map';
    default:
      return kindOf(value) === type.kind;
  }
}

function firstEntryFits(map: unknown, key: CelType, value: CelType): boolean {
  const [first] = keysOf(map);
  return first === undefined || (fits(first, key) && fits(entryOf(map, first), value));
}

/** The number of code points, bytes, elements or entries; 1 for what has none. */
export function sizeOf(value: unknown): number {
  if (typeof value === 'string') return codePoints(value);
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length;
  if (value instanceof Map) return value.size;
  if (value instanceof Opaque) return value.size;
  return kindOf(value) === 'map' ? Object.keys(value as Fields).length : 1;
}

export function codePoints(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0xdc00 && code <= 0xdfff) count--;
  }
  return count;
}

/** A map's key as `Map`s hold it: unsigned and whole floating-point numbers are the int of their value. */
export function keyOf(value: unknown): unknown {
  if (value instanceof Uint) return value.value;
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  return value;
}

/** The value under a key; undefined when the map has none. */
export function entryOf(map: unknown, key: unknown): unknown {
  if (map instanceof Map) return map.get(keyOf(key));
  if (typeof key !== 'string' || typeof map !== 'object' || map === null) return undefined;
  return Object.hasOwn(map, key) ? (map as Fields)[key] : undefined;
}

/** Whether the map itself has the key: one that answers for keys it has not says so here. */
export function hasEntry(map: unknown, key: unknown): boolean {
  return map instanceof Map ? map.has(keyOf(key)) : entryOf(map, key) !== undefined;
}

export function keysOf(map: unknown): unknown[] {
  return map instanceof Map ? [...map.keys()] : Object.keys(map as object);
}

/** `==`: numbers by value whatever their types, the rest by type and content. */
export function equals(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a === 'string' || typeof a === 'boolean') return false;
  if (isNumber(a) && isNumber(b)) return compareNumbers(a, b) === 0;
  const kind = kindOf(a);
  if (kind !== kindOf(b)) return false;
  switch (kind) {
    case 'list':
      return equalLists(a as unknown[], b as unknown[]);
    case 'map':
      return sizeOf(a) === sizeOf(b) && keysOf(a).every((key) => hasEqual(a, b, key)) && equals(unseenOf(a), unseenOf(b));
    case 'bytes':
      return compareBytes(a as Uint8Array, b as Uint8Array) === 0;
    case 'timestamp':
    case 'duration':
      return (a as Duration).nanos === (b as Duration).nanos;
    case 'optional':
      return (a as Optional).present === (b as Optional).present && equals((a as Optional).value, (b as Optional).value);
    case 'type':
      return (a as TypeValue).name === (b as TypeValue).name;
    default:
      return a instanceof Opaque && b instanceof Opaque && equals(a.identity, b.identity);
  }
}

function unseenOf(map: unknown): Fields | null {
  return unseen.get(map as object) ?? null;
}

function hasEqual(a: unknown, b: unknown, key: unknown): boolean {
  const other = entryOf(b, key);
  return other !== undefined && equals(entryOf(a, key), other);
}

function equalLists(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  if (!(a instanceof KeyedList)) return a.every((element, i) => equals(element, b[i]));
  const others = new Map(b.map((element) => [a.keyOf(element), element]));
  return a.every((element) => {
    const other = others.get(a.keyOf(element));
    return other !== undefined && equals(element, other);
  });
}

export type CelNumber = bigint | number | Uint;

export function isNumber(value: unknown): value is CelNumber {
  return typeof value === 'bigint' || typeof value === 'number' || value instanceof Uint;
}

/** Negative, zero or positive; NaN when one of them is not a number. Exact between whole and floating-point numbers. */
export function compareNumbers(a: CelNumber, b: CelNumber): number {
  const left = a instanceof Uint ? a.value : a;
  const right = b instanceof Uint ? b.value : b;
  if (left < right) return -1;
  if (left > right) return 1;
  // biome-ignore lint/suspicious/noDoubleEquals: JavaScript compares whole and floating-point numbers exactly this way only.
  return left == right ? 0 : Number.NaN;
}

export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
