import { compareStrings } from '@keelson/machinery';
import { escapeHtml, escapeJs, escapeQuery, print } from './print.ts';
import { printf } from './printf.ts';
import { isTrue, kindOf, numeric, typeName, type Value, type ValueMap, valueText } from './value.ts';

/** A value and the type Go would know it by: `interface {}` for what lies in a map or a list, else the value's own. */
export interface Typed {
  readonly value: Value;
  readonly type: string;
}

export const anyType = 'interface {}';

export const boxed = (value: Value): Typed => ({ value, type: anyType });
export const typed = (value: Value): Typed => ({ value, type: typeName(value, true) });

/** A function that templates call. */
export interface TemplateFunction {
  /** How many arguments there are at least. */
  readonly least: number;
  /** Whether there may be more. */
  readonly more: boolean;
  /** The first arguments must be strings: this many. */
  readonly strings?: number;
  /** The first argument that is true, or false, is the answer, and none after it is looked at. */
  readonly stopsAt?: boolean;
  /** @param texts the arguments as they were written. @throws Error with what follows `error calling NAME: `. */
  call(args: readonly Typed[], texts: readonly string[]): Typed;
}

const plain = (least: number, more: boolean, call: (values: readonly Value[]) => Value, strings = 0): TemplateFunction => ({
  least,
  more,
  strings,
  call: (args) => typed(call(args.map(({ value }) => value))),
});

const last = (args: readonly Typed[]): Typed => args.at(-1) ?? typed(undefined);

/** Go's own functions and kubectl's `exists` and `base64decode`. */
export const templateFunctions: Readonly<Record<string, TemplateFunction>> = {
  and: { least: 1, more: true, stopsAt: false, call: last },
  or: { least: 1, more: true, stopsAt: true, call: last },
  not: plain(1, false, ([value]) => !isTrue(value)),
  len: plain(1, false, ([value]) => length(value)),
  index: { least: 1, more: true, call: ([item = typed(undefined), ...path]) => index(item, path) },
  slice: { least: 1, more: true, call: ([item = typed(undefined), ...bounds]) => slice(item, bounds) },
  call: { least: 1, more: true, call: callValue },
  eq: plain(1, true, equalToAny),
  ne: plain(2, false, ([a, b]) => !equal(a, b)),
  lt: plain(2, false, ([a, b]) => less(a, b)),
  le: plain(2, false, ([a, b]) => less(a, b) || equal(a, b)),
  gt: plain(2, false, ([a, b]) => !less(a, b) && !equal(a, b)),
  ge: plain(2, false, ([a, b]) => !less(a, b)),
  print: plain(0, true, print),
  println: plain(0, true, (values) => `${values.map(valueText).join(' ')}\n`),
  printf: {
    least: 1,
    more: true,
    strings: 1,
    call: ([format, ...args]) =>
      typed(
        printf(
          String(format?.value),
          args.map(({ value }) => value),
          (i) => args[i]?.type === 'int',
        ),
      ),
  },
  html: plain(0, true, (values) => escapeHtml(joined(values))),
  js: plain(0, true, (values) => escapeJs(joined(values))),
  urlquery: plain(0, true, (values) => escapeQuery(joined(values))),
  exists: plain(1, true, exists),
  base64decode: plain(1, false, ([text]) => decode(String(text)), 1),
};

function joined(values: readonly Value[]): string {
  return print(values.map((value) => value ?? '<no value>'));
}

function length(value: Value): number {
  if (typeof value === 'string') return new TextEncoder().encode(value).length;
  if (Array.isArray(value)) return value.length;
  if (value === undefined) throw new Error('reflect: call of reflect.Value.Type on zero Value');
  if (value === null) throw new Error('len of nil pointer');
  if (kindOf(value) === 'map') return Object.keys(value).length;
  throw new Error(`len of type ${typeName(value)}`);
}

function index(item: Typed, path: readonly Typed[]): Typed {
  if (item.value === undefined || item.value === null) throw new Error('index of untyped nil');
  return path.reduce(indexOnce, item);
}

function indexOnce({ value }: Typed, key: Typed): Typed {
  if (value === null || value === undefined) throw new Error('index of nil pointer');
  if (Array.isArray(value)) return boxed(value[place(key, value.length, 'slice')]);
  if (typeof value === 'string') {
    const bytes = new TextEncoder().encode(value);
    return { value: bytes[place(key, bytes.length, 'string')], type: 'uint8' };
  }
  if (kindOf(value) !== 'map') throw new Error(`can't index item of type ${typeName(value)}`);
  if (key.value === undefined || key.value === null) throw new Error('value is nil; should be of type string');
  if (typeof key.value !== 'string') throw new Error(`value has type ${concrete(key)}; should be string`);
  return boxed((Object.hasOwn(value as ValueMap, key.value) ? (value as ValueMap)[key.value] : null) ?? null);
}

function concrete({ value, type }: Typed): string {
  return type === anyType ? typeName(value) : type;
}

/** Only what is beyond the length is told by Go's templates; what is at it, by its reflection. */
function place(key: Typed, length: number, of: 'slice' | 'string'): number {
  const at = position(key, length);
  if (at === length) throw new Error(`reflect: ${of} index out of range`);
  return at;
}

function position(key: Typed, greatest: number): number {
  const { value } = key;
  if (value === undefined || value === null) throw new Error('cannot index slice/array with nil');
  if (kindOf(value) !== 'int') throw new Error(`cannot index slice/array with type ${concrete(key)}`);
  const at = numeric(value);
  if (at < 0 || at > greatest) throw new Error(`index out of range: ${at}`);
  return at;
}

function slice({ value }: Typed, bounds: readonly Typed[]): Typed {
  if (value === undefined || value === null) throw new Error('slice of untyped nil');
  if (bounds.length > 3) throw new Error(`too many slice indexes: ${bounds.length}`);
  if (typeof value !== 'string' && !Array.isArray(value)) throw new Error(`can't slice item of type ${typeName(value)}`);
  if (typeof value === 'string' && bounds.length === 3) throw new Error('cannot 3-index slice a string');
  const whole: Uint8Array | readonly Value[] = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  const [from = 0, to = whole.length, limit] = bounds.map((bound) => position(bound, whole.length));
  if (from > to) throw new Error(`invalid slice index: ${from} > ${to}`);
  if (limit !== undefined && to > limit) throw new Error(`invalid slice index: ${to} > ${limit}`);
  return typed(whole instanceof Uint8Array ? new TextDecoder().decode(whole.slice(from, to)) : whole.slice(from, to));
}

function callValue([called = typed(undefined)]: readonly Typed[], [text = '']: readonly string[]): never {
  if (called.value === undefined || called.value === null) throw new Error('call of nil');
  throw new Error(`non-function ${text} of type ${concrete(called)}`);
}

function equalToAny([first, ...others]: readonly Value[]): boolean {
  if (others.length === 0) throw new Error('missing argument for comparison');
  return others.some((other) => equal(first, other));
}

function equal(a: Value, b: Value): boolean {
  const left = comparedKind(a);
  const right = comparedKind(b);
  if (left === 'missing' || right === 'missing') return left === right;
  const different = left !== right;
  if (different && (isBasic(left) || isBasic(right))) throw new Error('incompatible types for comparison');
  if (!isBasic(left)) throw new Error(`non-comparable type ${valueText(a)}: ${typeName(a)}`);
  return left === 'float' || left === 'int' ? numeric(a) === numeric(b) : a === b;
}

/** A null that was found is compared as what was not found is. */
function comparedKind(value: Value): ReturnType<typeof kindOf> {
  const kind = kindOf(value);
  return kind === 'nil' ? 'missing' : kind;
}

function isBasic(kind: ReturnType<typeof kindOf>): boolean {
  return kind === 'bool' || kind === 'int' || kind === 'float' || kind === 'string';
}

function less(a: Value, b: Value): boolean {
  const left = kindOf(a);
  const right = kindOf(b);
  if (!isBasic(left) || !isBasic(right)) throw new Error('invalid type for comparison');
  if (left !== right) throw new Error('incompatible types for comparison');
  if (left === 'bool') throw new Error('invalid type for comparison');
  return left === 'string' ? compareStrings(a as string, b as string) < 0 : numeric(a) < numeric(b);
}

function exists([item, ...path]: readonly Value[]): boolean {
  let value = item;
  for (const step of path) {
    if (value === null || value === undefined) return false;
    if (Array.isArray(value) || typeof value === 'string') {
      const at = kindOf(step) === 'int' ? numeric(step) : -1;
      if (at < 0 || at >= value.length) return false;
      value = value[at] as Value;
    } else if (kindOf(value) === 'map' && typeof step === 'string') {
      value = (value as ValueMap)[step];
    } else return false;
  }
  return path.length === 0 || (value !== null && value !== undefined);
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function decode(text: string): string {
  const encoded = text.replace(/[\r\n]/g, '');
  if (!base64.test(encoded)) {
    const valid = /^[A-Za-z0-9+/]*/.exec(text)?.[0].length ?? 0;
    throw new Error(`base64 decode failed: illegal base64 data at input byte ${valid === text.length ? valid - (valid % 4) : valid}`);
  }
  return new TextDecoder().decode(Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0)));
}
