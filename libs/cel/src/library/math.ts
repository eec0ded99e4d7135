import { bySizes, type Cost } from '../costs.ts';
import { each, fn, type Overload } from '../declare.ts';
import { EvaluationError } from '../errors.ts';
import { isNumber, Uint } from '../values.ts';
import { compare } from './lists.ts';
import { checkedInt, checkedUint } from './operators.ts';

type Better = (order: number) => boolean;

function extreme(better: Better): (...values: readonly unknown[]) => unknown {
  return (...values) => {
    const all = values.length === 1 && Array.isArray(values[0]) ? (values[0] as unknown[]) : values;
    if (all.length === 0 || !all.every(isNumber)) throw new EvaluationError('no such overload');
    return all.reduce((best, one) => (better(compare(one, best)) ? one : best));
  };
}

const listCost: Cost = bySizes(([size = 0]) => 1 + Math.ceil(size * 0.1));
const numbers = ['int', 'uint', 'double'];

function extremes(name: string, better: Better): Overload[] {
  const run = extreme(better);
  return [
    ...each(
      numbers.map((type) => `${name}(${type}): ${type}`),
      run,
    ),
    ...each(
      numbers.flatMap((a) => numbers.map((b) => `${name}(${a}, ${b}): ${a === b ? a : 'dyn'}`)),
      run,
    ),
    ...each(
      numbers.map((type) => `${name}(list<${type}>): ${type}`),
      run,
      listCost,
    ),
  ];
}

/** To the nearest whole number, halves away from zero. */
function round(value: number): number {
  return Math.sign(value) * Math.round(Math.abs(value));
}

/** The bits of what may be signed or not, and back. */
type Bits = bigint | Uint;

function bitwise(change: (a: bigint, b: bigint) => bigint): (a: Bits, b: Bits) => Bits {
  return (a, b) =>
    a instanceof Uint ? new Uint(BigInt.asUintN(64, change(a.value, (b as Uint).value))) : BigInt.asIntN(64, change(a, b as bigint));
}

function shift(change: (bits: bigint, by: bigint) => bigint): (a: Bits, by: bigint) => Bits {
  return (a, by) => {
    if (by < 0n) throw new EvaluationError(`math shift: negative offset: ${by}`);
    const bits = BigInt.asUintN(64, a instanceof Uint ? a.value : a);
    const moved = by > 63n ? 0n : BigInt.asUintN(64, change(bits, by));
    return a instanceof Uint ? new Uint(moved) : BigInt.asIntN(64, moved);
  };
}

const both = (name: string, params: string): string[] =>
  ['int', 'uint'].map((type) => `math.${name}(${params.replaceAll('T', type)}): ${type}`);

/** `math.greatest` and `math.least` are macros over `@max` and `@min`. */
export const math: readonly Overload[] = [
  ...extremes('math.@max', (order) => order > 0),
  ...extremes('math.@min', (order) => order < 0),
  fn('math.ceil(double): double', Math.ceil),
  fn('math.floor(double): double', Math.floor),
  fn('math.round(double): double', round),
  fn('math.trunc(double): double', Math.trunc),
  fn('math.abs(int): int', (value: bigint) => checkedInt(value < 0n ? -value : value)),
  fn('math.abs(uint): uint', (value: Uint) => value),
  fn('math.abs(double): double', Math.abs),
  fn('math.sign(int): int', (value: bigint) => (value > 0n ? 1n : value < 0n ? -1n : 0n)),
  fn('math.sign(uint): uint', ({ value }: Uint) => checkedUint(value > 0n ? 1n : 0n)),
  fn('math.sign(double): double', Math.sign),
  ...each(
    numbers.map((type) => `math.sqrt(${type}): double`),
    (value: number | Bits) => Math.sqrt(Number(value instanceof Uint ? value.value : value)),
  ),
  fn('math.isNaN(double): bool', Number.isNaN),
  fn('math.isInf(double): bool', (value: number) => Math.abs(value) === Infinity),
  fn('math.isFinite(double): bool', Number.isFinite),
  ...each(
    both('bitAnd', 'T, T'),
    bitwise((a, b) => a & b),
  ),
  ...each(
    both('bitOr', 'T, T'),
    bitwise((a, b) => a | b),
  ),
  ...each(
    both('bitXor', 'T, T'),
    bitwise((a, b) => a ^ b),
  ),
  ...each(both('bitNot', 'T'), (a: Bits) => (a instanceof Uint ? new Uint(BigInt.asUintN(64, ~a.value)) : ~a)),
  ...each(
    both('bitShiftLeft', 'T, int'),
    shift((bits, by) => bits << by),
  ),
  ...each(
    both('bitShiftRight', 'T, int'),
    shift((bits, by) => bits >> by),
  ),
];
