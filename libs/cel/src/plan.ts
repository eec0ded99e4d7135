import { type Checked, dottedName, typeNames } from './check.ts';
import type { Overload } from './declare.ts';
import { EvaluationError, noSuchOverload } from './errors.ts';
import type { CallExpr, ConstExpr, Expr, FoldExpr, ListExpr, MapExpr, SelectExpr, StructExpr } from './expr.ts';
import { result } from './macros.ts';
import {
  access,
  alternative,
  attempt,
  conditional,
  Failed,
  listBase,
  logical,
  mapBase,
  notStrictlyFalse,
  optionalAccess,
  optionalIndex,
  present,
  presentOptional,
  type Step,
  select,
  structBase,
} from './steps.ts';
import { entryOf, fits, keyOf, keysOf, kindOf, Optional, TypeValue, Uint } from './values.ts';

/** Turns a checked expression into a function. Costs are counted while it runs, each as upstream counts it. */
export function plan(checked: Checked): Step {
  return new Planner(checked).step(checked.expr, []);
}

/** Names of variables of folds around an expression; their place is where their value is. */
type Names = readonly string[];

class Planner {
  readonly #checked: Checked;

  constructor(checked: Checked) {
    this.#checked = checked;
  }

  step(expr: Expr, names: Names): Step {
    switch (expr.kind) {
      case 'const':
        return constant(expr);
      case 'ident':
        return this.#identifier(expr.name, names);
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

  #identifier(name: string, names: Names): Step {
    const place = names.lastIndexOf(name);
    if (place >= 0)
      return (run) => {
        run.spend(access);
        const value = run.locals[place];
        if (value instanceof Failed) throw value.error;
        return value;
      };
    return (run) => {
      run.spend(access);
      const value = run.variables[name];
      if (value !== undefined) return value;
      if (Object.hasOwn(run.variables, name)) return null;
      const type = typeNamed(name);
      if (type) return type;
      throw new EvaluationError(`no such attribute(s): ${name}`);
    };
  }

  #select(expr: SelectExpr, names: Names): Step {
    const variable = this.#checked.variables.get(expr);
    if (variable !== undefined) return this.#identifier(variable, names);
    const dotted = this.#checked.types.get(expr)?.kind === 'type' ? typeNamed(dottedName(expr) ?? '') : undefined;
    if (dotted) return () => dotted;
    const operand = this.step(expr.operand, names);
    const { field, test } = expr;
    const extra = isAttribute(expr.operand) ? access : 2 * access;
    if (test) return (run) => present(operand(run), field);
    return (run) => {
      const owner = operand(run);
      run.spend(extra);
      return select(owner, field);
    };
  }

  #call(expr: CallExpr, names: Names): Step {
    const lazy = this.#lazy(expr, names);
    if (lazy) return lazy;
    const { overloads = [], operands = [] } = this.#checked.calls.get(expr) ?? {};
    const steps = operands.map((one) => this.step(one, names));
    const [single] = overloads;
    if (isAppend(expr)) return this.#append(expr, names);
    const certain =
      overloads.length === 1 &&
      single?.params.every(({ kind }, i) => takesAll(kind) || isCertain(this.#checked.types.get(operands[i] as Expr)));
    const choose = certain ? () => single as Overload : chooser(overloads);
    const indexing = expr.fn === '_[_]';
    return (run) => {
      const args = steps.map((step) => step(run));
      if (indexing && args[0] instanceof Optional) return optionalIndex(args[0], args[1]);
      const overload = choose(args);
      const value = overload.run(args);
      run.spend(overload.cost ? overload.cost.actual(args, value) : 1);
      return value;
    };
  }

  /** Operators that do not need all their operands. */
  #lazy({ fn, args, target }: CallExpr, names: Names): Step | undefined {
    const steps = (): Step[] => [...(target ? [target] : []), ...args].map((one) => this.step(one, names));
    if (fn === '_&&_') return logical(false, steps());
    if (fn === '_||_') return logical(true, steps());
    if (fn === '_?_:_') return conditional(steps());
    if (fn === '@not_strictly_false') return notStrictlyFalse(steps());
    if (fn === '_?._' || fn === '_[?_]') return optionalAccess(steps());
    if (target && args.length === 1 && (fn === 'orValue' || fn === 'or')) return alternative(fn, steps());
    return undefined;
  }

  /** `@result + [x]` of a macro: the list is the macro's own, and grows in place. */
  #append({ args: [, made] }: CallExpr, names: Names): Step {
    const place = names.lastIndexOf(result);
    const element = made?.kind === 'list' ? made.elements[0] : undefined;
    const step = element ? this.step(element.value, names) : () => undefined;
    return (run) => {
      run.spend(access);
      const list = run.locals[place];
      if (list instanceof Failed) throw list.error;
      const value = step(run);
      run.spend(listBase + 1);
      (list as unknown[]).push(value);
      return list;
    };
  }

  #list({ elements }: ListExpr, names: Names): Step {
    const steps = elements.map(({ value, optional }) => ({ step: this.step(value, names), optional }));
    return (run) => {
      const list: unknown[] = [];
      for (const { step, optional } of steps) {
        const value = step(run);
        if (!optional) list.push(value);
        else if (presentOptional(value)) list.push(value.value);
      }
      run.spend(listBase);
      return list;
    };
  }

  #map({ entries }: MapExpr, names: Names): Step {
    const steps = entries.map(({ key, value, optional }) => ({ key: this.step(key, names), value: this.step(value, names), optional }));
    return (run) => {
      const map = new Map<unknown, unknown>();
      for (const { key, value, optional } of steps) {
        const name = mapKey(key(run));
        const found = value(run);
        if (map.has(name)) throw new EvaluationError(`Failed with repeated key`);
        if (!optional) map.set(name, found);
        else if (presentOptional(found)) map.set(name, found.value);
      }
      run.spend(mapBase);
      return map;
    };
  }

  #struct({ entries }: StructExpr, names: Names): Step {
    const steps = entries.map(({ field, value, optional }) => ({ field, step: this.step(value, names), optional }));
    return (run) => {
      const map = new Map<unknown, unknown>();
      for (const { field, step, optional } of steps) {
        const value = step(run);
        if (!optional) map.set(field, value);
        else if (presentOptional(value)) map.set(field, value.value);
      }
      run.spend(structBase);
      return map;
    };
  }

  #fold(expr: FoldExpr, names: Names): Step {
    const range = this.step(expr.range, names);
    const start = this.step(expr.start, names);
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
      const keys = Array.isArray(over) ? undefined : mapKeys(over);
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

/** @throws EvaluationError for what is no map. */
function mapKeys(range: unknown): unknown[] {
  if (kindOf(range) !== 'map') throw noSuchOverload();
  return keysOf(range);
}

function constant({ value }: ConstExpr): Step {
  const made = typeof value === 'object' && value !== null && 'uint' in value ? new Uint(value.uint) : value;
  return () => made;
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

/** Chooses by the values: what types chose may still not fit them, where types were not known. Mostly it is the one of the last time. */
function chooser(overloads: readonly Overload[]): (args: readonly unknown[]) => Overload {
  let last: Overload | undefined;
  return (args) => {
    if (last && takes(last, args)) return last;
    last = overloads.find((one) => takes(one, args));
    if (!last) throw noSuchOverload();
    return last;
  };
}

function takes({ params }: Overload, args: readonly unknown[]): boolean {
  return params.every((type, i) => fits(args[i], type));
}

function takesAll(kind: string): boolean {
  return kind === 'dyn' || kind === 'param';
}

function isCertain(type: Checked['type'] | undefined): boolean {
  return type !== undefined && !['dyn', 'error', 'param'].includes(type.kind);
}

/** Upstream reads a chain of names and fields as one attribute; on anything else a selection costs once more. */
function isAttribute(expr: Expr): boolean {
  if (expr.kind === 'ident') return true;
  if (expr.kind === 'select') return !expr.test;
  return expr.kind === 'call' && ['_[_]', '_?._', '_[?_]', '_?_:_'].includes(expr.fn);
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
function typeNamed(name: string): TypeValue | undefined {
  if (!typeNames.has(name)) return undefined;
  const known = named.get(name) ?? new TypeValue(name);
  named.set(name, known);
  return known;
}
