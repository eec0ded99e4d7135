import { pairs } from '../costs.ts';
import { fn, type Overload } from '../declare.ts';
import { equals } from '../values.ts';

type List = readonly unknown[];

function holds(list: List, part: List): boolean {
  return part.every((one) => list.some((other) => equals(one, other)));
}

/** Lists as sets: order and repetition mean nothing. */
export const sets: readonly Overload[] = [
  fn('sets.contains(list<T>, list<T>): bool', holds, pairs(1)),
  fn('sets.equivalent(list<T>, list<T>): bool', (a: List, b: List) => holds(a, b) && holds(b, a), pairs(2)),
  fn('sets.intersects(list<T>, list<T>): bool', (a: List, b: List) => a.some((one) => b.some((other) => equals(one, other))), pairs(1)),
];
