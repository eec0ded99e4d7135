import { errorMessage } from '@keelson/base';
import { goQuote } from '@keelson/machinery';
import { EvaluationError } from '../errors.ts';
import { durationText, timestampText } from '../time.ts';
import { Duration, entryOf, keysOf, kindOf, Timestamp, TypeValue, typeNameOf, Uint } from '../values.ts';
import { doubleText, fromBytes } from './conversions.ts';
import { type Clause, clauses, FormatError } from './format-clauses.ts';

/** `'%s is %d'.format(['a', 1])`. @throws EvaluationError for too few arguments, or one that a clause cannot show. */
export function format(pattern: string, values: readonly unknown[]): string {
  try {
    let next = 0;
    let text = '';
    for (const part of clauses(pattern)) {
      if (typeof part !== 'string' && next >= values.length) throw new EvaluationError(`index ${next} out of range`);
      text += typeof part === 'string' ? part : shown(part, values[next++]);
    }
    return text;
  } catch (error) {
    throw error instanceof FormatError ? new EvaluationError(error.message) : error;
  }
}

function shown(clause: Clause, value: unknown): string {
  const kind = kindOf(value);
  const isReal = clause.verb === 'f' || clause.verb === 'e';
  if (!clause.kinds.includes(kind) || (isReal && kind === 'string' && !namedNumbers.has(value as string)))
    throw new EvaluationError(`error during formatting: ${clause.problem(typeNameOf(value))}`);
  return (writers[clause.verb] as Writer)(value, clause.precision);
}

type Writer = (value: unknown, precision: number) => string;

const namedNumbers: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

const writers: Readonly<Record<string, Writer>> = {
  s: text,
  d: (value) => wholeText(value, 10),
  o: (value) => wholeText(value, 8),
  b: (value) => (typeof value === 'boolean' ? String(Number(value)) : wholeText(value, 2)),
  x: hex,
  X: (value) => hex(value).toUpperCase(),
  f: (value, precision) => real(value, (number) => grouped(fixed(number, precision))),
  e: (value, precision) => real(value, (number) => scientific(number.toExponential(precision))),
};

function wholeText(value: unknown, radix: number): string {
  return (value instanceof Uint ? value.value : (value as bigint)).toString(radix);
}

function hex(value: unknown): string {
  if (value instanceof Uint || typeof value === 'bigint') return wholeText(value, 16);
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : (value as Uint8Array);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function real(value: unknown, write: (number: number) => string): string {
  const number = typeof value === 'number' ? value : (namedNumbers.get(value as string) ?? 0);
  if (Number.isNaN(number)) return 'NaN';
  return Number.isFinite(number) ? write(number) : number > 0 ? '∞' : '-∞';
}

/** JavaScript writes large numbers with an exponent. */
function fixed(number: number, precision: number): string {
  if (Math.abs(number) < 1e21) return number.toFixed(precision);
  return `${BigInt(number)}${precision > 0 ? `.${'0'.repeat(precision)}` : ''}`;
}

/** Upstream writes numbers as American English does. */
function grouped(text: string): string {
  const [whole = '', rest] = text.split('.');
  const groups = BigInt(whole).toLocaleString('en-US');
  const sign = whole.startsWith('-') && !groups.startsWith('-') ? '-' : '';
  return `${sign}${groups}${rest === undefined ? '' : `.${rest}`}`;
}

const raised: Readonly<Record<string, string>> = { '-': '⁻', '+': '' };

function scientific(text: string): string {
  const [, number = '', sign = '', digits = ''] = /^(.*)e([+-])(\d+)$/.exec(text) ?? [];
  const power = Array.from(digits.padStart(2, '0'), (digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)]).join('');
  return `${number}×10${raised[sign]}${power}`;
}

/** A value by itself. */
function text(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'number') return doubleText(value);
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Timestamp) return timestampText(value);
  if (value instanceof Duration) return durationText(value.nanos);
  if (value instanceof TypeValue) return value.name;
  if (value instanceof Uint8Array) return bytesText(value);
  if (Array.isArray(value)) return `[${value.map(inside).join(', ')}]`;
  if (kindOf(value) !== 'map') return String(value);
  const entries = keysOf(value).map((key) => [inside(key), inside(entryOf(value, key))] as const);
  const sorted = entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([key, one]) => `${key}:${one}`).join(', ')}}`;
}

function bytesText(bytes: Uint8Array): string {
  try {
    return fromBytes(bytes);
  } catch (error) {
    throw new EvaluationError(`error during formatting: could not convert argument ${goQuote(errorMessage(error))} to string`);
  }
}

/** A value within a list or map: as an expression would write it. */
function inside(value: unknown): string {
  if (typeof value === 'string') return goQuote(value);
  if (value instanceof Uint8Array) return `b${goQuote(bytesText(value))}`;
  if (typeof value === 'number') return Number.isFinite(value) ? fixed(value, 6) : goQuote(doubleText(value));
  if (value instanceof Timestamp) return `timestamp(${goQuote(timestampText(value))})`;
  if (value instanceof Duration) return `duration(${goQuote(durationText(value.nanos))})`;
  const kind = kindOf(value);
  const known = ['int', 'uint', 'bool', 'null', 'type', 'list', 'map'].includes(kind);
  if (!known) throw new EvaluationError(`error during formatting: no formatting function for ${typeNameOf(value)}`);
  return text(value);
}
