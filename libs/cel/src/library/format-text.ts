import { EvaluationError } from '../errors.ts';
import { durationText, timestampText } from '../time.ts';
import { Duration, entryOf, keysOf, kindOf, Timestamp, TypeValue, typeNameOf, Uint } from '../values.ts';
import { doubleText, fromBytes } from './conversions.ts';

/** `'%s is %d'.format(['a', 1])`. @throws EvaluationError for too few arguments, or one that a clause cannot show. */
export function format(pattern: string, values: readonly unknown[]): string {
  let next = 0;
  return pattern.replaceAll(/%(?:\.(\d*))?(.?)/gs, (_all, precision: string | undefined, verb: string) => {
    if (verb === '%') return '%';
    const write = verbs[verb];
    if (!write) throw new EvaluationError(`could not parse formatting clause: unrecognized formatting clause "${verb}"`);
    if (next >= values.length) throw new EvaluationError(`index ${next} out of range`);
    return write(values[next++], precision ? Number(precision) : 6);
  });
}

const verbs: Readonly<Record<string, (value: unknown, precision: number) => string>> = {
  s: text,
  d: (value) => wholeText(value, 10, 'decimal'),
  o: (value) => wholeText(value, 8, 'octal'),
  b: (value) => (typeof value === 'boolean' ? String(Number(value)) : wholeText(value, 2, 'binary')),
  x: hex,
  X: (value) => hex(value).toUpperCase(),
  f: (value, precision) => real(value, (number) => number.toFixed(precision)),
  e: (value, precision) => real(value, (number) => number.toExponential(precision).replace(/e([+-])(\d)$/, 'e$10$2')),
};

function wrong(clause: string, value: unknown): EvaluationError {
  return new EvaluationError(`error during formatting: ${clause} clause cannot be used on ${typeNameOf(value)}`);
}

function whole(value: unknown): bigint | undefined {
  return value instanceof Uint ? value.value : typeof value === 'bigint' ? value : undefined;
}

function wholeText(value: unknown, radix: number, clause: string): string {
  const found = whole(value);
  if (found !== undefined) return found.toString(radix);
  if (clause === 'decimal' && typeof value === 'number') return doubleText(value);
  throw wrong(clause, value);
}

function hex(value: unknown): string {
  const found = whole(value);
  if (found !== undefined) return found.toString(16);
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  if (!(bytes instanceof Uint8Array)) throw wrong('hex', value);
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function real(value: unknown, write: (number: number) => string): string {
  const number = typeof value === 'number' ? value : whole(value);
  if (number === undefined) throw wrong('fixed-point', value);
  return Number.isFinite(Number(number)) ? write(Number(number)) : doubleText(Number(number));
}

function text(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'number') return doubleText(value);
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Timestamp) return timestampText(value);
  if (value instanceof Duration) return durationText(value.nanos);
  if (value instanceof TypeValue) return value.name;
  if (value instanceof Uint8Array) return fromBytes(value);
  if (Array.isArray(value)) return `[${value.map(text).join(', ')}]`;
  if (kindOf(value) !== 'map') return String(value);
  const entries = keysOf(value).map((key) => `${text(key)}: ${text(entryOf(value, key))}`);
  return `{${entries.sort().join(', ')}}`;
}
