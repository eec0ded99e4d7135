/** Forms of configuration, as Go's decoder knows them, and the strict reading of plain data by them. */

interface Common {
  /** What Go calls the type: `string`, `v1.Taint`. */
  readonly name: string;
  /** Whether what stands there, and all below it, changes nothing here. */
  readonly idle?: boolean;
  /** What an idle field says when nobody said anything: nothing is lost where this has no effect. */
  readonly usual?: string | boolean;
}

interface Struct extends Common {
  readonly kind: 'struct';
  readonly fields: Readonly<Record<string, Form>>;
}

/** What may stand in a place of a document. */
export type Form =
  | (Common & { readonly kind: 'string' | 'bool' | 'any' })
  | (Common & { readonly kind: 'int'; readonly name: 'int32' | 'int64' })
  | (Common & { readonly kind: 'list' | 'map'; readonly of: Form })
  | Struct;

export const text: Form = { kind: 'string', name: 'string' };
export const flag: Form = { kind: 'bool', name: 'bool' };
export const int32: Form = { kind: 'int', name: 'int32' };
export const int64: Form = { kind: 'int', name: 'int64' };

/** Bytes are written in base64. */
export const bytes: Form = { kind: 'string', name: '[]uint8' };

/** Go reads a duration's text before it looks at what it says: a wrong type is told as that of a text. */
export const duration: Form = text;

/** Of whatever type. */
export const any: Form = { kind: 'any', name: 'interface {}' };

/** A text whose type has a name of its own. */
export function named(name: string): Form {
  return { kind: 'string', name };
}

export function listOf(of: Form): Form {
  return { kind: 'list', name: `[]${of.name}`, of };
}

export function mapOf(of: Form): Form {
  return { kind: 'map', name: `map[string]${of.name}`, of };
}

/** @param name with Go's package: `v1.ResourceSpec` */
export function struct(name: string, fields: Readonly<Record<string, Form>>): Form {
  return { kind: 'struct', name, fields };
}

/** A form whose content changes nothing here, and what it says usually. */
export function idle(form: Form, usual?: string | boolean): Form {
  return { ...form, idle: true, ...(usual === undefined ? {} : { usual }) };
}

/** What was read. Paths go from the root on: `scoringStrategy.resources[0].weights`. */
export interface Reading {
  /** Without nulls, which stand for what is not said; in lists and maps they are what Go makes of them. */
  readonly value: unknown;
  /** Paths of fields that the form does not have. */
  readonly unknown: readonly string[];
  /** Paths of what is valid, is not what it is usually, and changes nothing. */
  readonly ineffective: readonly string[];
}

/** Holds plain data to a form. @throws Error in Go's words for the first value of another type, whatever fields are unknown before it. */
export function readForm(form: Form, value: unknown): Reading {
  const found = { unknown: [], ineffective: [] };
  return { value: read(form, value, { path: '', field: '', within: '' }, found), ...found };
}

/** What Go's strict decoder says of fields that nobody knows. */
export function strictDecodingError(unknown: readonly string[]): string {
  return `strict decoding error: ${unknown.map((path) => `unknown field "${path}"`).join(', ')}`;
}

type Fields = Readonly<Record<string, unknown>>;

interface Found {
  readonly unknown: string[];
  readonly ineffective: string[];
}

interface Place {
  readonly path: string;
  /** The path without places in lists and keys of maps, as Go's decoder names fields of a wrong type. */
  readonly field: string;
  /** The struct around it. */
  readonly within: string;
}

/** What Go makes of null in a list or a map. */
const zeros: Readonly<Record<Form['kind'], unknown>> = { string: '', bool: false, int: 0, list: [], map: {}, struct: {}, any: null };

function read(form: Form, value: unknown, at: Place, found: Found): unknown {
  if (value === null || value === undefined) return undefined;
  if (!isOf(form, value)) throw mismatch(form, value, at);
  if (form.idle && !isEmpty(value) && value !== form.usual) found.ineffective.push(at.path);
  // What an idle field holds is as idle as it is.
  const inner: Found = form.idle ? { ...found, ineffective: [] } : found;
  switch (form.kind) {
    case 'struct':
      return readStruct(form, value as Fields, at, inner);
    case 'map':
      return mapped(value as Fields, (key, one) => read(form.of, one ?? zeros[form.of.kind], { ...at, path: below(at.path, key) }, inner));
    case 'list':
      return (value as readonly unknown[]).map((one, i) =>
        read(form.of, one ?? zeros[form.of.kind], { ...at, path: `${at.path}[${i}]` }, inner),
      );
    default:
      return value;
  }
}

function readStruct({ name, fields }: Struct, value: Fields, at: Place, found: Found): unknown {
  const within = name.slice(name.lastIndexOf('.') + 1);
  return mapped(value, (key, one) => {
    const path = below(at.path, key);
    const form = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (form) return read(form, one, { path, field: below(at.field, key), within }, found);
    found.unknown.push(path);
    return undefined;
  });
}

/** What a function makes of the values, without those that it makes nothing of. */
function mapped(value: Fields, change: (key: string, one: unknown) => unknown): Fields {
  const entries = Object.entries(value).map(([key, one]) => [key, change(key, one)] as const);
  return Object.fromEntries(entries.filter(([, one]) => one !== undefined));
}

function below(above: string, key: string): string {
  return above ? `${above}.${key}` : key;
}

function isOf(form: Form, value: unknown): boolean {
  switch (form.kind) {
    case 'any':
      return true;
    case 'struct':
    case 'map':
      return typeof value === 'object' && !Array.isArray(value);
    case 'list':
      return Array.isArray(value);
    case 'int':
      return Number.isInteger(value) && (form.name === 'int64' || (Number(value) >= -(2 ** 31) && Number(value) < 2 ** 31));
    case 'bool':
      return typeof value === 'boolean';
    case 'string':
      return typeof value === 'string';
  }
}

function mismatch({ kind, name }: Form, value: unknown, { within, field }: Place): Error {
  const place = field ? `struct field ${within}.${field}` : 'value';
  return new Error(`json: cannot unmarshal ${whatIs(value, kind)} into Go ${place} of type ${name}`);
}

/** What JSON calls a value; a number that is no such number is named. */
function whatIs(value: unknown, wanted: Form['kind']): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'number' && wanted === 'int' ? `number ${value}` : typeof value;
}

/** Whether a value says nothing: `{}`, `[]`, `""`, or an object of such. */
function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === '' || value === false || value === 0) return true;
  return typeof value === 'object' && Object.values(value).every(isEmpty);
}
