import { fn, type Overload } from '../declare.ts';
import { EvaluationError } from '../errors.ts';
import { Duration, Optional, sizeOf, Timestamp, Uint } from '../values.ts';
import { earliest } from './operators.ts';

function isZero(value: unknown): boolean {
  if (value === null || value === false || value === 0 || value === 0n) return true;
  if (value instanceof Uint) return value.value === 0n;
  if (value instanceof Duration) return value.nanos === 0n;
  if (value instanceof Timestamp) return value.nanos === earliest;
  return (typeof value === 'string' || typeof value === 'object') && sizeOf(value) === 0;
}

function present({ present, value }: Optional): unknown {
  if (!present) throw new EvaluationError('optional.none() dereference');
  return value;
}

/** `or` and `orValue`, and access by `.?` and `[?]`, compute only what they need: the evaluator does these itself. */
export const optionals: readonly Overload[] = [
  fn('optional.of(T): optional<T>', Optional.of),
  fn('optional.ofNonZeroValue(T): optional<T>', (value: unknown) => (isZero(value) ? Optional.none : Optional.of(value))),
  fn('optional.none(): optional<T>', () => Optional.none),
  fn('optional<T>.value(): T', present),
  fn('optional<T>.hasValue(): bool', ({ present }: Optional) => present),
  fn('optional<T>.or(optional<T>): optional<T>', (first: Optional, second: Optional) => (first.present ? first : second)),
  fn('optional<T>.orValue(T): T', ({ present, value }: Optional, other: unknown) => (present ? value : other)),
  fn('optional.unwrap(list<optional<T>>): list<T>', unwrap),
  fn('list<optional<T>>.unwrapOpt(): list<T>', unwrap),
];

function unwrap(list: readonly Optional[]): unknown[] {
  return list.filter(({ present }) => present).map(({ value }) => value);
}
