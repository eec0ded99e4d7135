import { CostExceeded, EvaluationError, noSuchOverload } from './errors.ts';
import { at, under } from './library/operators.ts';
import { entryOf, keyOf, kindOf, Optional } from './values.ts';

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

/** `?:`. */
export function conditional([condition, met, unmet]: readonly Step[]): Step {
  return (run) => {
    const holds = condition?.(run);
    if (holds === true) return met?.(run);
    if (holds === false) return unmet?.(run);
    throw noSuchOverload();
  };
}

/** Loops go on over errors: a later element may decide. */
export function notStrictlyFalse([value]: readonly Step[]): Step {
  return (run) => {
    const found = attempt(value as Step, run);
    run.spend(1);
    return found !== false;
  };
}

/** `.?` and `[?]`. */
export function optionalAccess([owner, key]: readonly Step[]): Step {
  return (run) => {
    const from = owner?.(run);
    const name = key?.(run);
    run.spend(access);
    return optionalIndex(from instanceof Optional ? from : Optional.of(from), name);
  };
}

/** The value under a key of what may not be there; none when either is missing. */
export function optionalIndex({ present: there, value }: Optional, key: unknown): Optional {
  if (!there || value === null) return Optional.none;
  if (Array.isArray(value)) {
    const place = Number(keyOf(key));
    return place >= 0 && place < value.length ? Optional.of(value[place]) : Optional.none;
  }
  if (kindOf(value) !== 'map') throw noSuchOverload();
  const found = entryOf(value, key);
  return found === undefined ? Optional.none : Optional.of(found);
}

/** `or` and `orValue`: the other is computed only when it is needed. */
export function alternative(fn: string, [first, second]: readonly Step[]): Step {
  return (run) => {
    const found = first?.(run);
    run.spend(1);
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

/** @throws EvaluationError: `no such key: x`. */
export function select(owner: unknown, field: string): unknown {
  if (owner instanceof Optional) return optionalIndex(owner, field);
  if (Array.isArray(owner)) return at(owner, field);
  return under(owner, field);
}

/** `has(owner.field)`. */
export function present(owner: unknown, field: string): boolean {
  if (owner instanceof Optional) return owner.present && present(owner.value, field);
  return entryOf(owner, field) !== undefined;
}
