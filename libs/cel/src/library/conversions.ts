import { traversal } from '../costs.ts';
import { each, fn, type Overload } from '../declare.ts';
import { EvaluationError } from '../errors.ts';
import { durationText, parseDuration, parseTimestamp, timestampText } from '../time.ts';
import { type Duration, sizeOf, Timestamp, TypeValue, typeNameOf, Uint } from '../values.ts';
import { checkedDuration, checkedInt, checkedTime, checkedUint } from './operators.ts';

const second = 1_000_000_000n;

/** Of text that is none of a type nothing more is said. */
function noSuchText(type: string): EvaluationError {
  return new EvaluationError(`type conversion error from 'string' to '${type}'`);
}

function fromText<T>(type: string, parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw error instanceof EvaluationError ? noSuchText(type) : error;
    }
  };
}

function parseWhole(text: string, unsigned: boolean): bigint {
  const pattern = unsigned ? /^[0-9]+$/ : /^[+-]?[0-9]+$/;
  const value = pattern.test(text) ? BigInt(text.replace(/^\+/, '')) : undefined;
  const fits = value !== undefined && (unsigned ? BigInt.asUintN(64, value) : BigInt.asIntN(64, value)) === value;
  if (!fits) throw noSuchText(unsigned ? 'uint' : 'int');
  return value;
}

function truncated(value: number): bigint {
  if (!Number.isFinite(value) || value <= -(2 ** 63) || value >= 2 ** 63) throw new EvaluationError('integer overflow');
  return BigInt(Math.trunc(value));
}

function unsignedTruncated(value: number): Uint {
  if (!Number.isFinite(value) || value < 0 || value >= 2 ** 64) throw new EvaluationError('unsigned integer overflow');
  return new Uint(BigInt(Math.trunc(value)));
}

function parseDouble(text: string): number {
  if (/^[+-]?(inf|infinity)$/i.test(text)) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (/^[+-]?nan$/i.test(text)) return Number.NaN;
  if (!/^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$/.test(text)) throw noSuchText('double');
  return Number(text);
}

/** As Go prints a floating-point number in the shortest way. */
export function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-4 && size < 1e21)) return Object.is(value, -0) ? '-0' : expanded(value);
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}

/** JavaScript writes numbers below 0.000001 with an exponent. */
function expanded(value: number): string {
  const text = String(value);
  return text.includes('e-') ? value.toFixed(20).replace(/0+$/, '') : text;
}

const booleans: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((text) => [text, false] as const),
]);

function parseBoolean(text: string): boolean {
  const value = booleans.get(text);
  if (value === undefined) throw noSuchText('bool');
  return value;
}

/** @throws EvaluationError for bytes that are no UTF-8. */
export function fromBytes(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new EvaluationError('invalid UTF-8 in bytes, cannot convert to string');
  }
}

const textAsTime = fromText('google.protobuf.Timestamp', parseTimestamp);
const textAsDuration = fromText('google.protobuf.Duration', (text) => checkedDuration(parseDuration(text)));
const same = (value: unknown): unknown => value;
const sizes = ['string', 'bytes', 'list<A>', 'map<A, B>'];

/** `int(…)`, `string(…)` and so on, `size` and `type`. */
export const conversions: readonly Overload[] = [
  ...each(['int(int): int', 'uint(uint): uint', 'double(double): double', 'string(string): string', 'bool(bool): bool'], same),
  ...each(['bytes(bytes): bytes', 'timestamp(timestamp): timestamp', 'duration(duration): duration', 'dyn(A): dyn'], same),
  fn('int(uint): int', ({ value }: Uint) => checkedInt(value)),
  fn('int(double): int', truncated),
  fn('int(string): int', (text: string) => parseWhole(text, false)),
  fn('int(timestamp): int', ({ nanos }: Timestamp) => (nanos - (((nanos % second) + second) % second)) / second),
  fn('int(duration): int', ({ nanos }: Duration) => nanos),
  fn('uint(int): uint', checkedUint),
  fn('uint(double): uint', unsignedTruncated),
  fn('uint(string): uint', (text: string) => new Uint(parseWhole(text, true))),
  fn('double(int): double', Number),
  fn('double(uint): double', ({ value }: Uint) => Number(value)),
  fn('double(string): double', parseDouble),
  fn('string(int): string', String),
  fn('string(uint): string', ({ value }: Uint) => String(value)),
  fn('string(double): string', doubleText),
  fn('string(bool): string', String),
  fn('string(bytes): string', fromBytes, traversal),
  fn('string(timestamp): string', timestampText),
  fn('string(duration): string', ({ nanos }: Duration) => durationText(nanos)),
  fn('bytes(string): bytes', (text: string) => new TextEncoder().encode(text), traversal),
  fn('bool(string): bool', parseBoolean),
  fn('timestamp(string): timestamp', (text: string) => checkedTime(textAsTime(text))),
  fn('timestamp(int): timestamp', (seconds: bigint) => checkedTime(new Timestamp(seconds * second))),
  fn('duration(string): duration', textAsDuration),
  fn('duration(int): duration', checkedDuration),
  fn('type(A): type', (value: unknown) => new TypeValue(typeNameOf(value))),
  ...sizes.flatMap((type) => each([`size(${type}): int`, `${type}.size(): int`], (value: unknown) => BigInt(sizeOf(value)))),
];
