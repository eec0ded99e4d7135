/** Shapes of configuration, as Go's decoder knows them, and the reading of plain data by them. */

/** What a field may hold. `name` is what Go calls the type. */
export type Shape =
  | { readonly kind: 'string' | 'bool'; readonly name: string }
  | { readonly kind: 'int'; readonly name: 'int32' | 'int64' }
  | { readonly kind: 'list'; readonly name: string; readonly of: Shape }
  | { readonly kind: 'struct'; readonly name: string; readonly fields: Readonly<Record<string, Shape>> }
  | { readonly kind: 'map'; readonly name: string; readonly of: Shape };

export const text: Shape = { kind: 'string', name: 'string' };
export const flag: Shape = { kind: 'bool', name: 'bool' };
export const int32: Shape = { kind: 'int', name: 'int32' };
export const int64: Shape = { kind: 'int', name: 'int64' };

/** Bytes are written in base64. */
export const bytes: Shape = { kind: 'string', name: '[]uint8' };

/** A text whose type has a name of its own. */
export function named(name: string): Shape {
  return { kind: 'string', name };
}

export function listOf(of: Shape): Shape {
  return { kind: 'list', name: `[]${of.name}`, of };
}

export function mapOf(of: Shape): Shape {
  return { kind: 'map', name: `map[string]${of.name}`, of };
}

/** @param name with Go's package: `v1.ResourceSpec` */
export function struct(name: string, fields: Readonly<Record<string, Shape>>): Shape {
  return { kind: 'struct', name, fields };
}

/** What Go makes of null in a list. */
const zeros: Readonly<Record<Shape['kind'], unknown>> = { string: '', bool: false, int: 0, list: [], struct: {}, map: {} };

type Fields = Readonly<Record<string, unknown>>;

interface Place {
  /** The field, from the root on: `scoringStrategy.resources[0].weight`. */
  readonly path: string;
  /** The same without places in lists, as Go's decoder names fields of a wrong type. */
  readonly field: string;
  /** The struct around it. */
  readonly within: string;
}

/**
 * Reads a value strictly. Returns it without nulls, which stand for what is not said, and the paths of fields the shape does not have.
 * @throws Error in Go's words for a value of another type.
 */
export function decode(shape: Shape, value: unknown): { readonly value: unknown; readonly unknown: readonly string[] } {
  const unknown: string[] = [];
  return { value: read(shape, value, { path: '', field: '', within: '' }, unknown), unknown };
}

function read(shape: Shape, value: unknown, at: Place, unknown: string[]): unknown {
  if (value === null || value === undefined) return undefined;
  switch (shape.kind) {
    case 'struct':
      return isFields(value) ? readStruct(shape, value, at, unknown) : mismatch(shape, value, at);
    case 'map':
      return isFields(value)
        ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, read(shape.of, one, at, unknown)]))
        : mismatch(shape, value, at);
    case 'list':
      return Array.isArray(value)
        ? value.map((one, i) => read(shape.of, one ?? zeros[shape.of.kind], { ...at, path: `${at.path}[${i}]` }, unknown))
        : mismatch(shape, value, at);
    case 'int':
      return isWhole(value, shape.name) ? value : mismatch(shape, value, at);
    default:
      return typeof value === (shape.kind === 'bool' ? 'boolean' : 'string') ? value : mismatch(shape, value, at);
  }
}

function readStruct({ name, fields }: Extract<Shape, { kind: 'struct' }>, value: Fields, at: Place, unknown: string[]): unknown {
  const within = name.slice(name.lastIndexOf('.') + 1);
  const found: Record<string, unknown> = {};
  for (const [key, one] of Object.entries(value)) {
    const [path, field] = [below(at.path, key), below(at.field, key)];
    const shape = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (!shape) unknown.push(path);
    else found[key] = read(shape, one, { path, field, within }, unknown);
  }
  return Object.fromEntries(Object.entries(found).filter(([, one]) => one !== undefined));
}

function below(above: string, key: string): string {
  return above ? `${above}.${key}` : key;
}

function mismatch({ name }: Shape, value: unknown, { within, field }: Place): never {
  throw new Error(
    `json: cannot unmarshal ${whatIs(value, name)} into Go ${field ? `struct field ${within}.${field}` : 'value'} of type ${name}`,
  );
}

function whatIs(value: unknown, wanted: string): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return wanted.startsWith('int') ? `number ${value}` : 'number';
  return typeof value;
}

function isWhole(value: unknown, name: 'int32' | 'int64'): boolean {
  return typeof value === 'number' && Number.isInteger(value) && (name === 'int64' || (value >= -(2 ** 31) && value < 2 ** 31));
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
