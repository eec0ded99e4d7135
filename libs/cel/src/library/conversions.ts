import { byOverload, bySizes, type Cost, perByte, range, unknownSize } from '../costs.ts';
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

/** As Go's `%g` prints a floating-point number: in the shortest way, with an exponent when there are more digits than it tells. */
export function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const short = value.toExponential();
  const exponent = Number(short.slice(short.indexOf('e') + 1));
  const isPlain = value === 0 || (exponent >= -4 && exponent < mostWholeDigits);
  if (isPlain) return Object.is(value, -0) ? '-0' : String(value);
  return short.replace(/e([+-])(\d)$/, 'e$10$2');
}

const mostWholeDigits = 6;

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
const reading = ([size = 0]: readonly number[]): number => Math.ceil(size * perByte);
/** A character is up to four bytes. */
const encoding: Cost = byOverload(bySizes(reading, ([text = unknownSize]) => range(text.min, text.max * 4)));
const decoding: Cost = byOverload(bySizes(reading, ([bytes = unknownSize]) => range(Math.floor(bytes.min / 4), bytes.max)));
const same = (value: unknown): unknown => value;
const sizes = ['bytes', 'list<A>', 'map<A, B>', 'string'];

/** `int(…)`, `string(…)` and so on, `size` and `type`. The first that fits tells what is not known of a type: they stand as upstream's. */
export const conversions: readonly Overload[] = [
  fn('type(A): type<A>', (value: unknown) => new TypeValue(typeNameOf(value))),
  fn('bool(bool): bool', same),
  fn('bool(string): bool', parseBoolean),
  fn('bytes(bytes): bytes', same),
  fn('bytes(string): bytes', (text: string) => new TextEncoder().encode(text), encoding),
  fn('double(double): double', same),
  fn('double(int): double', Number),
  fn('double(string): double', parseDouble),
  fn('double(uint): double', ({ value }: Uint) => Number(value)),
  fn('duration(duration): duration', same),
  fn('duration(string): duration', textAsDuration),
  fn('dyn(A): dyn', same),
  fn('int(int): int', same),
  fn('int(double): int', truncated),
  fn('int(duration): int', ({ nanos }: Duration) => nanos),
  fn('int(string): int', (text: string) => parseWhole(text, false)),
  fn('int(timestamp): int', ({ nanos }: Timestamp) => (nanos - (((nanos % second) + second) % second)) / second),
  fn('int(uint): int', ({ value }: Uint) => checkedInt(value)),
  fn('string(string): string', same),
  fn('string(bool): string', String),
  fn('string(bytes): string', fromBytes, decoding),
  fn('string(double): string', doubleText),
  fn('string(duration): string', ({ nanos }: Duration) => durationText(nanos)),
  fn('string(int): string', String),
  fn('string(timestamp): string', timestampText),
  fn('string(uint): string', ({ value }: Uint) => String(value)),
  fn('timestamp(timestamp): timestamp', same),
  fn('timestamp(int): timestamp', (seconds: bigint) => checkedTime(new Timestamp(seconds * second))),
  fn('timestamp(string): timestamp', (text: string) => checkedTime(textAsTime(text))),
  fn('uint(uint): uint', same),
  fn('uint(double): uint', unsignedTruncated),
  fn('uint(int): uint', checkedUint),
  fn('uint(string): uint', (text: string) => new Uint(parseWhole(text, true))),
  ...sizes.flatMap((type) => each([`size(${type}): int`, `${type}.size(): int`], (value: unknown) => BigInt(sizeOf(value)))),
];
