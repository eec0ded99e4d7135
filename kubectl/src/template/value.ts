import { compareStrings } from '@keelson/machinery';

/** A float that is whole, which a number alone would not tell from an integer. */
export class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** Decoded JSON, floats, and undefined for what is not there at all. */
export type Value = undefined | null | boolean | number | string | Float | readonly Value[] | { readonly [key: string]: Value };

export type ValueMap = { readonly [key: string]: Value };

export type ValueKind = 'missing' | 'nil' | 'bool' | 'int' | 'float' | 'string' | 'list' | 'map';

export function kindOf(value: Value): ValueKind {
  if (value === undefined) return 'missing';
  if (value === null) return 'nil';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'number') return isInteger(value) ? 'int' : 'float';
  if (value instanceof Float) return 'float';
  return Array.isArray(value) ? 'list' : 'map';
}

/** Whole numbers that an int64 does not hold were decoded as floats. */
function isInteger(value: number): boolean {
  return Number.isInteger(value) && Math.abs(value) < 2 ** 63;
}

export function numeric(value: Value): number {
  if (value instanceof Float) return value.value;
  return typeof value === 'number' ? value : Number.NaN;
}

/** `constant` integers are Go's `int`, those of the data `int64`. */
export function typeName(value: Value, constant = false): string {
  const kind = kindOf(value);
  switch (kind) {
    case 'int':
      return constant ? 'int' : 'int64';
    case 'float':
      return 'float64';
    case 'list':
      return '[]interface {}';
    case 'map':
      return 'map[string]interface {}';
    case 'missing':
    case 'nil':
      return '<nil>';
    default:
      return kind;
  }
}

export function isTrue(value: Value): boolean {
  if (value instanceof Float) return value.value !== 0;
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** Keys and values in the order in which Go visits and prints them. */
export function entriesOf(map: ValueMap): [string, Value][] {
  return Object.entries(map).sort(([a], [b]) => compareStrings(a, b));
}

/** As Go's `%v` prints a value. */
export function valueText(value: Value): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(valueText).join(' ')}]`;
  if (typeof value === 'number' || value instanceof Float) return kindOf(value) === 'int' ? String(value) : floatText(numeric(value));
  if (typeof value !== 'object') return String(value);
  return `map[${entriesOf(value as ValueMap)
    .map(([key, inner]) => `${key}:${valueText(inner)}`)
    .join(' ')}]`;
}

/** The shortest digits that tell the number, with an exponent below 1e-4 and from ten to the power of `threshold` on. */
export function floatText(value: number, threshold = 6): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < threshold) return String(value);
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}
