import { branchCost, indexCost, isAttribute } from './attributes.ts';
import { absolute, type Checked, dottedName, fieldNamed } from './check.ts';
import { chooser, isCertain, takesAll } from './choose.ts';
import type { Overload } from './declare.ts';
import { EvaluationError, noSuchOverload, PlanError } from './errors.ts';
import type { CallExpr, ConstExpr, Expr, FoldExpr, ListExpr, MapExpr, SelectExpr, StructExpr } from './expr.ts';
import { isBinding, result } from './macros.ts';
import {
  access,
  alternative,
  attempt,
  conditional,
  Failed,
  indexed,
  Lazy,
  listBase,
  logical,
  mapBase,
  notStrictlyFalse,
  optionalAccess,
  present,
  presentOptional,
  Run,
  type Step,
  select,
  structBase,
} from './steps.ts';
import { dyn } from './types.ts';
import { entryOf, keyOf, keysOf, kindOf, Optional, Struct, TypeValue, Uint } from './values.ts';

/** Turns a checked expression into a function. Costs are counted while it runs, each as upstream counts it. */
export function plan(checked: Checked): Step {
  return new Planner(checked).step(checked.expr, []);
}

/** Names of variables of folds around an expression; their place is where their value is. */
type Names = readonly string[];

class Planner {
  readonly #checked: Checked;
  /** Values of the steps that always come to the same. */
  readonly #constants = new Map<Step, unknown>();

  constructor(checked: Checked) {
    this.#checked = checked;
  }

  step(expr: Expr, names: Names): Step {
    switch (expr.kind) {
      case 'const':
        return this.#constant(literalValue(expr));
      case 'ident':
        return this.#identifier(expr, expr.name, names);
      case 'select':
        return this.#select(expr, names);
      case 'call':
        return this.#call(expr, names);
      case 'list':
        return this.#list(expr, names);
      case 'map':
        return this.#map(expr, names);
      case 'struct':
        return this.#struct(expr, names);
      case 'fold':
        return this.#fold(expr, names);
    }
  }

  #identifier(expr: Expr, name: string, names: Names): Step {
    const place = names.lastIndexOf(name);
    if (place >= 0)
      return (run) => {
        run.spend(access);
        const local = run.locals[place];
        const value = local instanceof Lazy ? local.value(run) : local;
        if (value instanceof Failed) throw value.error;
        return value;
      };
    const global = absolute(name);
    if (this.#checked.named.has(expr)) return this.#constant(typeNamed(global));
    return (run) => {
      run.spend(access);
      const value = run.variables[global];
      if (value !== undefined) return value;
      if (Object.hasOwn(run.variables, global)) return null;
      throw new EvaluationError(`no such attribute(s): ${global}`);
    };
  }

  #select(expr: SelectExpr, names: Names): Step {
    const variable = this.#checked.variables.get(expr);
    if (variable !== undefined) return this.#identifier(expr, variable, names);
    const dotted = this.#checked.named.has(expr) ? typeNamed(absolute(dottedName(expr) ?? '')) : undefined;
    if (dotted) return this.#constant(dotted);
    const operand = this.step(expr.operand, names);
    const field = fieldNamed(this.#checked.types.get(expr.operand) ?? dyn, expr.field);
    const { test } = expr;
    const extra = isAttribute(expr.operand) ? access : 2 * access;
    if (test) return testing(operand, field, extra - access);
    return (run) => {
      const owner = operand(run);
      const value = select(owner, field);
      run.spend(value === Optional.none ? extra - access : extra);
      return value;
    };
  }

  #call(expr: CallExpr, names: Names): Step {
    const lazy = this.#lazy(expr, names);
    if (lazy) return lazy;
    const { overloads = [], operands = [] } = this.#checked.calls.get(expr) ?? {};
    if (isAppend(expr)) return this.#append(expr, names);
    const steps = operands.map((one) => this.step(one, names));
    const known = this.#folded(expr.fn, overloads, steps);
    if (known) return known;
    const [single] = overloads;
    const certain =
      overloads.length === 1 &&
      single?.params.every(({ kind }, i) => takesAll(kind) || isCertain(this.#checked.first.get(operands[i] as Expr)));
    const choose = certain ? () => single as Overload : chooser(overloads);
    const isSingle = overloads.length === 1;
    if (expr.fn === '_[_]') return indexed(steps, indexCost(expr));
    return (run) => {
      const args = steps.map((step) => step(run));
      const overload = choose(args);
      const value = overload.run(args);
      run.spend(overload.cost && (isSingle || !overload.cost.byOverload) ? overload.cost.actual(args, value) : 1);
      return value;
    };
  }

  /** What is computed before anything runs: conversions of constants, and whether something is in a list of constants. Patterns are read. */
  #folded(fn: string, overloads: readonly Overload[], steps: readonly Step[]): Step | undefined {
    const [first, second] = steps;
    const [overload] = overloads;
    if (conversions.has(fn) && first && this.#constants.has(first) && steps.length === 1)
      return this.#constant(planned(() => chooser(overloads)([this.#constants.get(first)]).run([this.#constants.get(first)])));
    if (searches.has(fn) && overload && second && typeof this.#constants.get(second) === 'string')
      planned(() => overload.run(['', this.#constants.get(second)]));
    const list = second && this.#constants.get(second);
    if (fn !== '@in' || overloads.length !== 1 || !first || !Array.isArray(list)) return undefined;
    if (list.length === 0) return this.#constant(false);
    return list.every(isHashed) ? (run) => this.#isAmong(first(run), list, overload) : undefined;
  }

  #isAmong(value: unknown, list: readonly unknown[], overload: Overload | undefined): unknown {
    return overload?.run([value, list]);
  }

  #constant(value: unknown): Step {
    const step: Step = () => value;
    this.#constants.set(step, value);
    return step;
  }

  /** A list or map of constants is one itself. */
  #whole(step: Step, parts: readonly Step[]): Step {
    if (!parts.every((part) => this.#constants.has(part))) return step;
    return this.#constant(planned(() => step(new Run({}, Number.POSITIVE_INFINITY))));
  }

  /** Operators that do not need all their operands. */
  #lazy(call: CallExpr, names: Names): Step | undefined {
    const { fn, args, target } = call;
    const steps = (): Step[] => [...(target ? [target] : []), ...args].map((one) => this.step(one, names));
    if (fn === '_&&_') return logical(false, steps());
    if (fn === '_||_') return logical(true, steps());
    if (fn === '_?_:_') return conditional(steps(), args.slice(1).map(branchCost));
    if (fn === '@not_strictly_false') return notStrictlyFalse(steps());
    if (fn === '_?._') return this.#optionalField(call, names);
    if (fn === '_[?_]') return optionalAccess(steps(), indexCost(call));
    if (target && args.length === 1 && (fn === 'orValue' || fn === 'or')) return alternative(fn, steps());
    return undefined;
  }

  #optionalField(call: CallExpr, names: Names): Step {
    const [owner, name] = call.args as [Expr, ConstExpr];
    const field = fieldNamed(this.#checked.types.get(owner) ?? dyn, String(name.value));
    return optionalAccess([this.step(owner, names), () => field], indexCost(call));
  }

  /** `@result + [x]` of a macro: the list is the macro's own, and grows in place. */
  #append({ args: [, made] }: CallExpr, names: Names): Step {
    const place = names.lastIndexOf(result);
    const element = made?.kind === 'list' ? made.elements[0] : undefined;
    const step = element ? this.step(element.value, names) : () => undefined;
    const isKnown = this.#constants.has(step);
    return (run) => {
      run.spend(access);
      const list = run.locals[place];
      if (list instanceof Failed) throw list.error;
      const value = step(run);
      run.spend(isKnown ? access : listBase + access);
      (list as unknown[]).push(value);
      return list;
    };
  }

  #list({ elements }: ListExpr, names: Names): Step {
    const steps = elements.map(({ value, optional }) => ({ step: this.step(value, names), optional }));
    const whole: Step = (run) => {
      const list: unknown[] = [];
      for (const { step, optional } of steps) {
        const value = step(run);
        if (!optional) list.push(value);
        else if (presentOptional(value)) list.push(value.value);
      }
      run.spend(listBase);
      return list;
    };
    return this.#whole(
      whole,
      steps.map(({ step }) => step),
    );
  }

  #map({ entries }: MapExpr, names: Names): Step {
    const steps = entries.map(({ key, value, optional }) => ({ key: this.step(key, names), value: this.step(value, names), optional }));
    const whole: Step = (run) => {
      const map = new Map<unknown, unknown>();
      for (const { key, value, optional } of steps) {
        const name = mapKey(key(run));
        const found = value(run);
        if (!optional) map.set(name, found);
        else if (presentOptional(found)) map.set(name, found.value);
      }
      run.spend(mapBase);
      return map;
    };
    return this.#whole(
      whole,
      steps.flatMap(({ key, value }) => [key, value]),
    );
  }

  #struct({ name, entries }: StructExpr, names: Names): Step {
    const steps = entries.map(({ field, value, optional }) => ({ field, step: this.step(value, names), optional }));
    return (run) => {
      const map = new Struct(name);
      for (const { field, step, optional } of steps) {
        const value = step(run);
        if (!optional) map.set(field, value);
        else if (presentOptional(value)) map.set(field, value.value);
      }
      run.spend(structBase);
      return map;
    };
  }

  /** `cel.bind` and the like. */
  #bind(expr: FoldExpr, names: Names): Step {
    const place = names.length;
    const value = this.step(expr.start, names);
    const body = this.step(expr.result, [...names, expr.accumulator]);
    return (run) => {
      run.locals[place] = new Lazy(value, place);
      return body(run);
    };
  }

  #fold(expr: FoldExpr, names: Names): Step {
    if (isBinding(expr)) return this.#bind(expr, names);
    const range = this.step(expr.range, names);
    const start = growing(expr.start) ?? this.step(expr.start, names);
    const first = names.length;
    const inside = [...names, expr.accumulator, expr.variable, ...(expr.second === undefined ? [] : [expr.second])];
    const quantifier = quantifierOf(expr);
    const condition = quantifier ? goesOn(first, quantifier.decisive) : this.step(expr.condition, inside);
    const next = quantifier ? decide(first, quantifier.decisive, this.step(quantifier.test, inside)) : this.step(expr.step, inside);
    const finish = this.step(expr.result, [...names, expr.accumulator]);
    const two = expr.second !== undefined;
    return (run) => {
      const over = range(run);
      run.locals[first] = start(run);
      const keys = Array.isArray(over) ? undefined : mapKeys(over, two);
      const count = keys ? keys.length : (over as readonly unknown[]).length;
      for (let i = 0; i < count; i++) {
        if (keys) {
          run.locals[first + 1] = keys[i];
          if (two) run.locals[first + 2] = entryOf(over, keys[i]);
        } else {
          const element = (over as readonly unknown[])[i];
          run.locals[first + 1] = two ? BigInt(i) : element;
          if (two) run.locals[first + 2] = element;
        }
        if (condition(run) !== true) break;
        run.locals[first] = attempt(next, run);
      }
      return finish(run);
    };
  }
}

/** As upstream calls what cannot be gone through. */
const goNames: Readonly<Record<string, string>> = {
  ...{ int: 'types.Int', uint: 'types.Uint', double: 'types.Double', bool: 'types.Bool', string: 'types.String', bytes: 'types.Bytes' },
  ...{ null: 'types.Null', timestamp: 'types.Timestamp', duration: 'types.Duration', optional: '*types.Optional', type: '*types.Type' },
};

/** @throws EvaluationError for what is no map. */
function mapKeys(range: unknown, two: boolean): unknown[] {
  const kind = kindOf(range);
  if (kind === 'map') return keysOf(range);
  const name = goNames[kind] ?? kind;
  throw new EvaluationError(two ? `unsupported comprehension range type: ${name}` : `got '${name}', expected iterable type`);
}

function literalValue({ value }: ConstExpr): unknown {
  return typeof value === 'object' && value !== null && 'uint' in value ? new Uint(value.uint) : value;
}

const conversions = new Set(['bool', 'bytes', 'double', 'duration', 'dyn', 'int', 'string', 'timestamp', 'type', 'uint']);
const searches = new Set(['matches', 'find', 'findAll']);

/** @throws PlanError for what cannot be computed. */
function planned(compute: () => unknown): unknown {
  try {
    return compute();
  } catch (error) {
    throw error instanceof EvaluationError ? new PlanError(error.message) : error;
  }
}

/** Constants that upstream looks up, for nothing. */
function isHashed(value: unknown): boolean {
  return ['bool', 'int', 'uint', 'double', 'string'].includes(kindOf(value));
}

/** What a loop adds to begins anew each time. */
function growing(start: Expr): Step | undefined {
  if (start.kind === 'list' && start.elements.length === 0) return () => [];
  return start.kind === 'map' && start.entries.length === 0 ? () => new Map() : undefined;
}

/** `all` and `exists`: a test whose value may decide. */
function quantifierOf({ condition, step }: FoldExpr): { readonly decisive: boolean; readonly test: Expr } | undefined {
  if (condition.kind !== 'call' || condition.fn !== '@not_strictly_false' || step.kind !== 'call') return undefined;
  const test = step.args[1];
  return test && { decisive: step.fn === '_||_', test };
}

/** What the condition of `all`, or of `exists`, costs and comes to, without going through its parts. */
function goesOn(place: number, decisive: boolean): Step {
  const cost = decisive ? 3 : 2;
  return (run) => {
    run.spend(cost);
    return run.locals[place] !== decisive;
  };
}

/** `@result && test`, or `@result || test`, for a result that is not decisive yet. */
function decide(place: number, decisive: boolean, test: Step): Step {
  return (run) => {
    run.spend(access);
    const before = run.locals[place];
    const value = test(run);
    if (value === decisive) return decisive;
    if (before instanceof Failed) throw before.error;
    if (value === !decisive) return !decisive;
    throw noSuchOverload();
  };
}

/** `has(…)`: costs nothing, but where it is not asked of a variable. */
function testing(operand: Step, field: string, extra: number): Step {
  return (run) => {
    const owner = operand(run);
    run.spend(extra);
    return present(owner, field);
  };
}

function isAppend({ fn, args: [list, made] }: CallExpr): boolean {
  return fn === '_+_' && list?.kind === 'ident' && list.name === result && made?.kind === 'list';
}

function mapKey(key: unknown): unknown {
  const name = keyOf(key);
  if (['string', 'bigint', 'boolean'].includes(typeof name)) return name;
  throw new EvaluationError(`unsupported key type: ${kindOf(key)}`);
}

const named = new Map<string, TypeValue>();

/** The types that names stand for. */
function typeNamed(name: string): TypeValue {
  if (name === 'timestamp' || name === 'duration') throw new PlanError(`reference to undefined type: ${name}`);
  const known = named.get(name) ?? new TypeValue(name);
  named.set(name, known);
  return known;
}
