import { CostExceeded, EvaluationError, noSuchOverload } from './errors.ts';
import { at, placeOf, under } from './library/operators.ts';
import { entryOf, Optional, typeNameOf, Uint } from './values.ts';

/** One evaluation: the variables, and what was spent. */
export class Run {
  readonly variables: Readonly<Record<string, unknown>>;
  readonly locals: unknown[] = [];
  readonly #limit: number;
  cost = 0;

  constructor(variables: Readonly<Record<string, unknown>>, limit: number) {
    this.variables = variables;
    this.#limit = limit;
  }

  /** @throws CostExceeded beyond the limit. */
  spend(cost: number): void {
    this.cost += cost;
    if (this.cost > this.#limit) throw new CostExceeded();
  }
}

export type Step = (run: Run) => unknown;

/** Costs that are not a call's. */
export const access = 1;
export const listBase = 10;
export const mapBase = 30;
export const structBase = 40;

/** An error that a later step may yet make irrelevant, as `false && …` does. */
export class Failed {
  readonly error: EvaluationError;
  constructor(error: EvaluationError) {
    this.error = error;
  }
}

/** The value, or the error it failed with; what interrupts goes on. */
export function attempt(step: Step, run: Run): unknown {
  try {
    return step(run);
  } catch (error) {
    if (error instanceof EvaluationError) return new Failed(error);
    throw error;
  }
}

/** `&&` and `||`: a value that decides does so beside an error, on whichever side. */
export function logical(decisive: boolean, [left, right]: readonly Step[]): Step {
  return (run) => {
    const first = attempt(left as Step, run);
    if (first === decisive) return decisive;
    const second = attempt(right as Step, run);
    if (second === decisive) return decisive;
    if (first instanceof Failed) throw first.error;
    if (second instanceof Failed) throw second.error;
    if (first === !decisive && second === !decisive) return !decisive;
    throw noSuchOverload();
  };
}

/** `?:`. @param costs what is added to either's */
export function conditional([condition, met, unmet]: readonly Step[], costs: readonly number[]): Step {
  const [ofMet = 0, ofUnmet = 0] = costs;
  return (run) => {
    const holds = condition?.(run);
    if (typeof holds !== 'boolean') throw noSuchOverload();
    const value = holds ? met?.(run) : unmet?.(run);
    run.spend(holds ? ofMet : ofUnmet);
    return value;
  };
}

/** The value of a variable that is computed when it is first asked for. */
export class Lazy {
  readonly #step: Step;
  readonly #place: number;
  #known: { readonly value: unknown } | undefined;

  /** @param place its own among the variables: those behind it are of expressions within its own */
  constructor(step: Step, place: number) {
    this.#step = step;
    this.#place = place;
  }

  value(run: Run): unknown {
    if (this.#known) return this.#known.value;
    const behind = run.locals.splice(this.#place);
    this.#known = { value: attempt(this.#step, run) };
    run.locals.splice(this.#place, Number.POSITIVE_INFINITY, ...behind);
    return this.#known.value;
  }
}

/** Loops go on over errors: a later element may decide. */
export function notStrictlyFalse([value]: readonly Step[]): Step {
  return (run) => {
    const found = attempt(value as Step, run);
    run.spend(1);
    return found !== false;
  };
}

/** What reading under a key costs: besides, when it is there, and when it is not. */
export interface IndexCost {
  readonly base: number;
  readonly found: number;
  readonly missing: number;
}

/** `.?` and `[?]`. */
export function optionalAccess([owner, key]: readonly Step[], cost: IndexCost): Step {
  return (run) => {
    const from = owner?.(run);
    if (from === Optional.none) return from;
    const found = optionalIndex(from instanceof Optional ? from : Optional.of(from), key?.(run));
    run.spend(cost.base + (found.present ? cost.found : cost.missing));
    return found;
  };
}

/** `[]`. */
export function indexed([owner, key]: readonly Step[], cost: IndexCost): Step {
  return (run) => {
    const from = owner?.(run);
    if (from === Optional.none) return from;
    const found = select(from, key?.(run));
    run.spend(cost.base + (found === Optional.none ? cost.missing : cost.found));
    return found;
  };
}

/** The value under a key of what may not be there; none when either is missing. */
export function optionalIndex({ present: there, value }: Optional, key: unknown): Optional {
  if (!there) return Optional.none;
  if (Array.isArray(value)) {
    const place = placeOf(key);
    return place >= 0 && place < value.length ? Optional.of(value[place]) : Optional.none;
  }
  const found = entryOf(value, key);
  return found === undefined ? Optional.none : Optional.of(found);
}

/** `or` and `orValue`: the other is computed only when it is needed. */
export function alternative(fn: string, [first, second]: readonly Step[]): Step {
  return (run) => {
    const found = first?.(run);
    if (!(found instanceof Optional)) throw noSuchOverload();
    if (!found.present) return second?.(run);
    return fn === 'or' ? found : found.value;
  };
}

/** Whether an optional part of a literal is there. @throws EvaluationError for what is no optional. */
export function presentOptional(value: unknown): value is Optional {
  if (!(value instanceof Optional)) throw noSuchOverload();
  return value.present;
}

/** @throws EvaluationError: `no such key: x`. What is neither list nor map has no keys. */
export function select(owner: unknown, key: unknown): unknown {
  if (owner instanceof Optional) return optionalIndex(owner, key);
  if (typeof key === 'object' && !(key instanceof Uint)) throw new EvaluationError(`invalid qualifier type: ${typeNameOf(key)}`);
  return Array.isArray(owner) ? at(owner, key) : under(owner, key);
}

/** `has(owner.field)`. */
export function present(owner: unknown, field: string): boolean {
  if (owner instanceof Optional) return owner.present && present(owner.value, field);
  if (Array.isArray(owner)) return placeOf(field) >= 0;
  return entryOf(owner, field) !== undefined;
}
