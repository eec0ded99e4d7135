import { type Functions, fn, functions, type Overload } from './declare.ts';

/** Never called: the evaluator does these itself, since they do not compute all they are given. */
function unevaluated(): never {
  throw new Error('not called');
}

const declared: readonly Overload[] = [
  '_&&_(bool, bool): bool',
  '_||_(bool, bool): bool',
  '_?_:_(bool, A, A): A',
  '@not_strictly_false(bool): bool',
  '_[?_](list<V>, int): optional<V>',
  '_[?_](map<K, V>, K): optional<V>',
  '_[?_](optional<list<V>>, int): optional<V>',
  '_[?_](optional<map<K, V>>, K): optional<V>',
  '_[_](optional<list<V>>, int): optional<V>',
  '_[_](optional<map<K, V>>, K): optional<V>',
].map((signature) => fn(signature, unevaluated));

/** What operators take whose operands are not all computed, or are optional. */
export const special: Functions = functions(declared);
