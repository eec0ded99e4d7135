/** The form of a field of a configuration document, as Go's decoder holds it to. */
export type Shape = Leaf | FieldsShape | ListShape | MapShape;

interface Common {
  /** Whether the field, and all below it, changes nothing here. */
  readonly idle?: boolean;
  /** What it says when nobody said anything: nothing is lost where this has no effect. */
  readonly usual?: string | boolean;
}

interface Leaf extends Common {
  readonly is: 'string' | 'bool' | 'int32' | 'duration' | 'any';
}

interface FieldsShape extends Common {
  readonly is: 'fields';
  readonly fields: Readonly<Record<string, Shape>>;
}

interface ListShape extends Common {
  readonly is: 'list';
  readonly of: Shape;
}

interface MapShape extends Common {
  readonly is: 'map';
  readonly of: Shape;
}

export const text: Leaf = { is: 'string' };
export const flag: Leaf = { is: 'bool' };
export const whole: Leaf = { is: 'int32' };
export const duration: Leaf = { is: 'duration' };
/** Of whatever type. */
export const any: Leaf = { is: 'any' };
export const texts: ListShape = { is: 'list', of: text };

export function fields(of: Readonly<Record<string, Shape>>): FieldsShape {
  return { is: 'fields', fields: of };
}

export function list(of: Shape): ListShape {
  return { is: 'list', of };
}

export function map(of: Shape): MapShape {
  return { is: 'map', of };
}

/** A field that changes nothing here, and what it says usually. */
export function idle<S extends Shape>(shape: S, usual?: string | boolean): S {
  return { ...shape, idle: true, ...(usual === undefined ? {} : { usual }) };
}

export type Fields = Readonly<Record<string, unknown>>;

/** What is wrong with a document, and what it says that changes nothing. */
export interface Findings {
  /** Go's sentence about the first value of another type; undefined: there is none. */
  readonly mismatch: string | undefined;
  /** Paths of fields that the kind does not have: `networking.podSubnets`, `bootstrapTokens[0].ttls`. */
  readonly unknown: readonly string[];
  readonly ineffective: readonly string[];
}

/** Holds a document to the form of its kind. */
export function inspect(document: Fields, shape: Shape): Findings {
  const found: Found = { mismatches: [], unknown: [], ineffective: [] };
  visit(document, shape, '', found);
  const { mismatches, unknown, ineffective } = found;
  return { mismatch: mismatches[0], unknown, ineffective: [...new Set(ineffective)] };
}

interface Found {
  readonly mismatches: string[];
  readonly unknown: string[];
  readonly ineffective: string[];
}

/** A field that is null says nothing. */
function visit(value: unknown, shape: Shape, path: string, found: Found): void {
  if (value === null || value === undefined) return;
  const wrong = mismatch(value, shape);
  if (wrong !== undefined) {
    found.mismatches.push(`json: cannot unmarshal ${wrong} into Go struct field ${path} of type ${typeOf(shape)}`);
    return;
  }
  if (shape.idle && !isEmpty(value) && value !== shape.usual) found.ineffective.push(path);
  const inner: Found = shape.idle ? { ...found, ineffective: [] } : found;
  if (shape.is === 'list')
    for (const [index, item] of (value as readonly unknown[]).entries()) visit(item, shape.of, `${path}[${index}]`, inner);
  if (shape.is === 'map') for (const [name, item] of Object.entries(value as Fields)) visit(item, shape.of, `${path}.${name}`, inner);
  if (shape.is === 'fields') visitFields(value as Fields, shape, path, inner);
}

function visitFields(value: Fields, { fields: known }: FieldsShape, path: string, found: Found): void {
  for (const [name, item] of Object.entries(value)) {
    const at = path === '' ? name : `${path}.${name}`;
    const shape = Object.hasOwn(known, name) ? known[name] : undefined;
    if (shape) visit(item, shape, at, found);
    else found.unknown.push(at);
  }
}

/** What JSON calls a value of another type; undefined when it is of the wanted one. */
function mismatch(value: unknown, shape: Shape): string | undefined {
  if (shape.is === 'any') return undefined;
  const kind = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : (typeof value as 'string' | 'number' | 'object');
  const wanted = { string: 'string', duration: 'string', bool: 'bool', int32: 'number', list: 'array', map: 'object', fields: 'object' };
  if (kind !== wanted[shape.is]) return kind;
  return shape.is === 'int32' && !Number.isInteger(value) ? `number ${String(value)}` : undefined;
}

function typeOf(shape: Shape): string {
  switch (shape.is) {
    case 'list':
      return `[]${typeOf(shape.of)}`;
    case 'map':
      return `map[string]${typeOf(shape.of)}`;
    case 'fields':
      return 'struct';
    case 'duration':
      return 'v1.Duration';
    default:
      return shape.is;
  }
}

/** Whether a value says nothing: `{}`, `[]`, `""`, or an object of such. */
function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === '' || value === false || value === 0) return true;
  return typeof value === 'object' && Object.values(value).every(isEmpty);
}
