import { compareStrings } from '@keelson/machinery';
import {
  add,
  type Cost,
  type Estimate,
  type Estimated,
  elements,
  multiply,
  perByte,
  type Range,
  range,
  scale,
  unbounded,
  unknownSize,
} from '../costs.ts';
import { each, fn, type Overload } from '../declare.ts';
import { EvaluationError, noSuchOverload } from '../errors.ts';
import {
  compareBytes,
  compareNumbers,
  Duration,
  equals,
  isNumber,
  kindOf,
  Optional,
  sizeOf,
  Timestamp,
  typeNameOf,
  Uint,
} from '../values.ts';
import { operators } from './operators.ts';

/** Negative, zero or positive. @throws EvaluationError for values that have no order, or not one between them. */
export function compare(a: unknown, b: unknown): number {
  if (isNumber(a) && isNumber(b)) return compareNumbers(a, b);
  if (kindOf(a) !== kindOf(b)) throw noSuchOverload();
  if (typeof a === 'string') return compareStrings(a, b as string);
  if (typeof a === 'boolean') return Number(a) - Number(b);
  if (a instanceof Uint8Array) return compareBytes(a, b as Uint8Array);
  if (a instanceof Timestamp || a instanceof Duration) return Number(a.nanos - (b as Duration).nanos);
  throw noSuchOverload();
}

type List = readonly unknown[];

function sorted(list: List): boolean {
  return list.every((one, i) => i === 0 || compare(list[i - 1], one) <= 0);
}

function extreme(name: string, better: (order: number) => boolean): (list: List) => unknown {
  return (list) => {
    if (list.length === 0) throw new EvaluationError(`${name} called on empty list`);
    return list.reduce((best, one) => (better(compare(one, best)) ? one : best));
  };
}

function firstIndex(list: List, wanted: unknown): bigint {
  return BigInt(list.findIndex((one) => equals(one, wanted)));
}

function lastIndex(list: List, wanted: unknown): bigint {
  return BigInt(list.findLastIndex((one) => equals(one, wanted)));
}

function slice(list: List, start: bigint, end: bigint): List {
  if (start < 0n || end < 0n) throw new EvaluationError(`cannot slice(${start}, ${end}), negative indexes not supported`);
  if (start > end) throw new EvaluationError(`cannot slice(${start}, ${end}), start index must be less than or equal to end index`);
  if (end > BigInt(list.length)) throw new EvaluationError(`cannot slice(${start}, ${end}), list is length ${list.length}`);
  return list.slice(Number(start), Number(end));
}

function flatten(list: unknown, depth = 1n): List {
  if (!Array.isArray(list)) throw new EvaluationError(`no such overload: ${typeNameOf(list)}.flatten()`);
  if (depth < 0n) throw new EvaluationError('level must be non-negative');
  return depth === 0n ? list : list.flatMap((one: unknown) => (Array.isArray(one) ? [...flatten(one, depth - 1n)] : [one]));
}

function distinct(list: List): List {
  return list.filter((one, i) => !list.slice(0, i).some((other) => equals(other, one)));
}

function sortBy(list: List, keys: List): List {
  const [kind] = keys.map(kindOf);
  if (kind !== undefined && !comparable.includes(kind)) throw new EvaluationError('list elements must be comparable');
  if (keys.some((key) => kindOf(key) !== kind)) throw new EvaluationError('list elements must have the same type');
  const order = [...list.keys()].sort((a, b) => compare(keys[a], keys[b]) || a - b);
  return order.map((i) => list[i]);
}

const longestRange = 1_000_000n;

function upTo(end: bigint): bigint[] {
  if (end > longestRange) throw new EvaluationError(`lists.range: size ${end} exceeds maximum allowed (${longestRange})`);
  return Array.from({ length: Number(end > 0n ? end : 0n) }, (_, i) => BigInt(i));
}

/** Beside what is done with the elements: the call, and a new list. */
const perList = 11;

/** A new list of so many elements, each looked at so often. */
function making(size: Range, factor = 1): Estimate {
  return { cost: add(scale(size, factor), { min: perList, max: perList }), size };
}

/** A number that is written out. */
function written(arg: Estimated | undefined, otherwise: number): number {
  return typeof arg?.literal === 'bigint' ? Math.max(Number(arg.literal), 0) : otherwise;
}

function exactly(size: number): Range {
  return range(size, size);
}

const onePass: Cost = {
  actual: (_args, result) => perList + sizeOf(result),
  estimate: ([list]) => making(list?.size ?? unknownSize),
};
const slicing: Cost = {
  ...onePass,
  estimate: ([list, start, end]) => {
    const count = written(end, list?.size.max ?? unbounded) - written(start, 0);
    return making(exactly(count < 0 ? unbounded + count : count));
  },
};
/** Upstream counts by the list's own elements and by how deep it goes. */
const flattening: Cost = {
  actual: ([list, depth = 1n]) => perList + sizeOf(list) * Number(depth),
  estimate: ([list, depth]) => making(list?.size ?? unknownSize, depth ? written(depth, unbounded) : 1),
};
const filling: Cost = { ...onePass, estimate: ([end]) => making(exactly(written(end, unbounded))) };

/** Each element against each other; what is text is read besides. @param keys which argument is compared */
function allPairs(type: string | undefined, keys = 0): Cost {
  const factor = (kind: string): number => (kind === 'string' || kind === 'bytes' ? 2 + perByte : 2);
  return {
    byOverload: true,
    actual: (args) => {
      const list = args[keys] as List;
      return perList + Math.trunc(list.length ** 2 * factor(kindOf(list[0])));
    },
    estimate: (args) => {
      const { size = unknownSize, type: given } = args[keys] ?? {};
      const kind = type ?? (given?.kind === 'list' ? given.of.kind : 'dyn');
      return making(multiply(size, size), factor(kind));
    },
  };
}

const comparable = ['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes'];
const zeros: Readonly<Record<string, unknown>> = { int: 0n, uint: new Uint(0n), double: 0, duration: new Duration(0n) };

/** The type of the elements decides, since a list's may not be known before. */
function sumFrom(type: string): (list: List) => unknown {
  return (list) => {
    const kind = list.length > 0 ? kindOf(list[0]) : type;
    const plus = operators.find(({ name, params: [left, right] }) => name === '_+_' && left?.kind === kind && right?.kind === kind);
    if (!plus || !(kind in zeros) || list.some((one) => kindOf(one) !== kind)) throw noSuchOverload();
    return list.reduce((sum, one) => plus.run([sum, one]), zeros[kind]);
  };
}

export const lists: readonly Overload[] = [
  ...each(
    comparable.map((type) => `list<${type}>.isSorted(): bool`),
    sorted,
    elements,
  ),
  ...Object.keys(zeros).map((type) => fn(`list<${type}>.sum(): ${type}`, sumFrom(type), elements)),
  ...each(
    comparable.map((type) => `list<${type}>.min(): ${type}`),
    extreme('min', (order) => order < 0),
    elements,
  ),
  ...each(
    comparable.map((type) => `list<${type}>.max(): ${type}`),
    extreme('max', (order) => order > 0),
    elements,
  ),
  fn('list<T>.indexOf(T): int', firstIndex, elements),
  fn('list<T>.lastIndexOf(T): int', lastIndex, elements),
  fn('list<T>.slice(int, int): list<T>', slice, slicing),
  { ...fn('list<list<T>>.flatten(): list<T>', flatten, flattening), unguarded: true },
  { ...fn('list<dyn>.flatten(int): list<dyn>', flatten, flattening), unguarded: true },
  fn('list<T>.distinct(): list<T>', distinct, allPairs(undefined)),
  fn('list<T>.reverse(): list<T>', (list: List) => list.toReversed(), onePass),
  ...comparable.map((type) => fn(`list<${type}>.sort(): list<${type}>`, (list: List) => sortBy(list, list), allPairs(type))),
  ...comparable.map((type) => fn(`list<T>.@sortByAssociatedKeys(list<${type}>): list<T>`, sortBy, allPairs(type, 1))),
  fn('list<T>.first(): optional<T>', (list: List) => (list.length > 0 ? Optional.of(list[0]) : Optional.none)),
  fn('list<T>.last(): optional<T>', (list: List) => (list.length > 0 ? Optional.of(list.at(-1)) : Optional.none)),
  fn('lists.range(int): list<int>', upTo, filling),
];
