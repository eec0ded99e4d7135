import { compareStrings } from '@keelson/machinery';
import { byOverload, bySizes, type Cost, comparison, concatenation, equality, total } from '../costs.ts';
import { each, fn, type Overload } from '../declare.ts';
import { EvaluationError } from '../errors.ts';
import {
  type CelNumber,
  compareBytes,
  compareNumbers,
  Duration,
  entryOf,
  equals,
  hasEntry,
  isNumber,
  KeyedList,
  keyOf,
  keysOf,
  Timestamp,
  typeNameOf,
  Uint,
} from '../values.ts';

/** An int of 64 bits. @throws EvaluationError when it does not fit. */
export function checkedInt(value: bigint): bigint {
  if (BigInt.asIntN(64, value) !== value) throw new EvaluationError('integer overflow');
  return value;
}

export function checkedUint(value: bigint): Uint {
  if (BigInt.asUintN(64, value) !== value) throw new EvaluationError('unsigned integer overflow');
  return new Uint(value);
}

const second = 1_000_000_000n;
/** The years 1 to 9999. */
export const earliest = -62_135_596_800n * second;
const latest = 253_402_300_800n * second;

export function checkedTime(time: Timestamp): Timestamp {
  if (time.nanos < earliest || time.nanos >= latest) throw new EvaluationError('timestamp overflow');
  return time;
}

function later({ nanos, ahead }: Timestamp, by: bigint): Timestamp {
  return checkedTime(new Timestamp(nanos + by, ahead));
}

export function checkedDuration(nanos: bigint): Duration {
  if (BigInt.asIntN(64, nanos) !== nanos) throw new EvaluationError('duration overflow');
  return new Duration(nanos);
}

type Ints = [bigint, bigint];
type Uints = [Uint, Uint];
type Doubles = [number, number];

function nonZero(divisor: bigint, operation: string): bigint {
  if (divisor === 0n) throw new EvaluationError(`${operation} by zero`);
  return divisor;
}

const sumOfLists: Cost = { actual: () => 1, estimate: (args) => ({ cost: { min: 1, max: 1 }, size: total(args.map(({ size }) => size)) }) };

/** In upstream's order, as which of them fits first tells what is not known of a type. */
const arithmetic: readonly Overload[] = [
  fn('!_(bool): bool', (a: boolean) => !a),
  fn('_+_(bytes, bytes): bytes', (a: Uint8Array, b: Uint8Array) => Uint8Array.from([...a, ...b]), concatenation),
  fn('_+_(double, double): double', (...[a, b]: Doubles) => a + b),
  fn('_+_(duration, duration): duration', (a: Duration, b: Duration) => checkedDuration(a.nanos + b.nanos)),
  fn('_+_(duration, timestamp): timestamp', (a: Duration, b: Timestamp) => later(b, a.nanos)),
  fn('_+_(timestamp, duration): timestamp', (a: Timestamp, b: Duration) => later(a, b.nanos)),
  fn('_+_(int, int): int', (...[a, b]: Ints) => checkedInt(a + b)),
  fn('_+_(list<A>, list<A>): list<A>', addLists, sumOfLists),
  fn('_+_(string, string): string', (a: string, b: string) => a + b, concatenation),
  fn('_+_(uint, uint): uint', (...[a, b]: Uints) => checkedUint(a.value + b.value)),
  fn('_/_(double, double): double', (...[a, b]: Doubles) => a / b),
  fn('_/_(int, int): int', (...[a, b]: Ints) => checkedInt(a / nonZero(b, 'division'))),
  fn('_/_(uint, uint): uint', (...[a, b]: Uints) => checkedUint(a.value / nonZero(b.value, 'division'))),
  fn('_%_(int, int): int', (...[a, b]: Ints) => checkedInt(a % nonZero(b, 'modulus'))),
  fn('_%_(uint, uint): uint', (...[a, b]: Uints) => checkedUint(a.value % nonZero(b.value, 'modulus'))),
  fn('_*_(double, double): double', (...[a, b]: Doubles) => a * b),
  fn('_*_(int, int): int', (...[a, b]: Ints) => checkedInt(a * b)),
  fn('_*_(uint, uint): uint', (...[a, b]: Uints) => checkedUint(a.value * b.value)),
  fn('-_(double): double', (a: number) => -a),
  fn('-_(int): int', (a: bigint) => checkedInt(-a)),
  fn('_-_(double, double): double', (...[a, b]: Doubles) => a - b),
  fn('_-_(duration, duration): duration', (a: Duration, b: Duration) => checkedDuration(a.nanos - b.nanos)),
  fn('_-_(int, int): int', (...[a, b]: Ints) => checkedInt(a - b)),
  fn('_-_(timestamp, duration): timestamp', (a: Timestamp, b: Duration) => later(a, -b.nanos)),
  fn('_-_(timestamp, timestamp): duration', (a: Timestamp, b: Timestamp) => checkedDuration(a.nanos - b.nanos)),
  fn('_-_(uint, uint): uint', (...[a, b]: Uints) => checkedUint(a.value - b.value)),
];

/** What is in both lists by key is taken from the second, where the first one was. */
function addLists(a: readonly unknown[], b: readonly unknown[]): readonly unknown[] {
  if (!(a instanceof KeyedList)) return [...a, ...b];
  const merged = new Map(a.map((element) => [a.keyOf(element), element]));
  for (const element of b) merged.set(a.keyOf(element), element);
  return KeyedList.of2(merged.values(), a.keyOf);
}

const pairsOfNumbers = [
  ...['int, int', 'int, double', 'int, uint', 'uint, uint', 'uint, double', 'uint, int'],
  ...['double, double', 'double, int', 'double, uint'],
];

function ordering(operator: string, holds: (order: number) => boolean): Overload[] {
  const name = `_${operator}_`;
  const signatures = pairsOfNumbers.map((pair) => `${name}(${pair}): bool`);
  return [
    fn(`${name}(bool, bool): bool`, (a: boolean, b: boolean) => holds(Number(a) - Number(b))),
    ...each(signatures, (a: CelNumber, b: CelNumber) => holds(compareNumbers(a, b))),
    fn(`${name}(string, string): bool`, (a: string, b: string) => holds(compareStrings(a, b)), comparison),
    fn(`${name}(bytes, bytes): bool`, (a: Uint8Array, b: Uint8Array) => holds(compareBytes(a, b)), comparison),
    fn(`${name}(timestamp, timestamp): bool`, (a: Timestamp, b: Timestamp) => holds(Number(a.nanos - b.nanos))),
    fn(`${name}(duration, duration): bool`, (a: Duration, b: Duration) => holds(Number(a.nanos - b.nanos))),
  ];
}

const comparisons: readonly Overload[] = [
  fn('_==_(A, A): bool', equals, equality),
  fn('_!=_(A, A): bool', (a: unknown, b: unknown) => !equals(a, b), comparison),
  ...ordering('<', (order) => order < 0),
  ...ordering('<=', (order) => order <= 0),
  ...ordering('>', (order) => order > 0),
  ...ordering('>=', (order) => order >= 0),
];

const listSearch = byOverload(bySizes(([, size = 0]) => size));

const access: readonly Overload[] = [
  fn('@in(A, list<A>): bool', (wanted: unknown, list: readonly unknown[]) => list.some((one) => equals(one, wanted)), listSearch),
  fn('@in(A, map<A, B>): bool', (key: unknown, map: unknown) => hasEntry(map, key)),
  fn('_[_](list<A>, int): A', at),
  fn('_[_](map<A, B>, A): B', under),
  fn('cel.@mapInsert(map<K, V>, K, V): map<K, V>', insertEntry),
  fn('cel.@mapInsert(map<K, V>, map<K, V>): map<K, V>', (into: Map<unknown, unknown>, more: unknown) => {
    for (const key of keysOf(more)) insertEntry(into, key, entryOf(more, key));
    return into;
  }),
];

/** Only macros build maps so, and no one else holds them while they do. */
function insertEntry(into: Map<unknown, unknown>, key: unknown, value: unknown): Map<unknown, unknown> {
  if (into.has(keyOf(key))) throw new EvaluationError(`insert failed: key ${keyText(key)} already exists`);
  return into.set(keyOf(key), value);
}

/** Which element an index means. @throws EvaluationError for what is no whole number */
export function placeOf(index: unknown): number {
  if (!isNumber(index)) throw new EvaluationError(`unsupported index type '${typeNameOf(index)}' in list`);
  const place = keyOf(index);
  if (typeof place !== 'bigint') throw new EvaluationError(`unsupported index value ${index} in list`);
  return Number(place);
}

/** @throws EvaluationError: `index out of bounds: 3`. */
export function at(list: readonly unknown[], index: unknown): unknown {
  const place = placeOf(index);
  if (!(place >= 0 && place < list.length)) throw new EvaluationError(`index out of bounds: ${keyText(index)}`);
  return list[place];
}

/** @throws EvaluationError: `no such key: x`. */
export function under(map: unknown, key: unknown): unknown {
  const found = entryOf(map, key);
  if (found === undefined) throw new EvaluationError(`no such key: ${keyText(key)}`);
  return found;
}

export function keyText(key: unknown): string {
  return key instanceof Uint ? String(key.value) : String(key);
}

/** Operators but `&&`, `||`, `?:` and optional access, which do not compute all they are given. */
export const operators: readonly Overload[] = [...arithmetic, ...comparisons, ...access];
