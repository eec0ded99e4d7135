import type { Checked } from './check.ts';
import { add, type Estimated, multiply, nominal, type Range, range, union, unknownSize } from './costs.ts';
import type { CallExpr, Expr, FoldExpr } from './expr.ts';
import { type CelType, dyn } from './types.ts';
import { sizeOf } from './values.ts';

interface Estimate {
  readonly cost: Range;
  /** Elements, bytes or entries; undefined when its type decides. */
  readonly size?: Range | undefined;
  readonly element?: Range | undefined;
}

/** What an expression costs at least and at most, by what its types say of sizes. */
export function estimate(checked: Checked): Range {
  return new Estimator(checked).of(checked.expr, new Map()).cost;
}

/** Of variables of folds. */
type Sizes = ReadonlyMap<string, Pick<Estimate, 'size' | 'element'>>;

const free: Range = { min: 0, max: 0 };
const one: Range = { min: 1, max: 1 };

const exactly = (count: number): Range => ({ min: count, max: count });

class Estimator {
  readonly #checked: Checked;

  constructor(checked: Checked) {
    this.#checked = checked;
  }

  of(expr: Expr, sizes: Sizes): Estimate {
    switch (expr.kind) {
      case 'const':
        return { cost: free, size: exactly(sizeOf(expr.value)) };
      case 'ident':
        return { cost: one, ...sizes.get(expr.name) };
      case 'select': {
        if (this.#checked.variables.has(expr)) return { cost: one };
        const { cost } = this.of(expr.operand, sizes);
        return { cost: expr.test ? cost : add(cost, one) };
      }
      case 'call':
        return this.#call(expr, sizes);
      case 'list':
        return this.#collection(
          10,
          expr.elements.map(({ value }) => value),
          sizes,
        );
      case 'map':
        return {
          ...this.#collection(
            30,
            expr.entries.flatMap(({ key, value }) => [key, value]),
            sizes,
          ),
          size: exactly(expr.entries.length),
        };
      case 'struct':
        return {
          cost: this.#collection(
            40,
            expr.entries.map(({ value }) => value),
            sizes,
          ).cost,
        };
      case 'fold':
        return this.#fold(expr, sizes);
    }
  }

  #collection(base: number, parts: readonly Expr[], sizes: Sizes): Estimate {
    const found = parts.map((part) => ({ part, ...this.of(part, sizes) }));
    const cost = found.reduce((sum, part) => add(sum, part.cost), exactly(base));
    const elements = found.map(({ part, size }) => this.#sizeOf(part, size));
    return { cost, size: exactly(parts.length), ...(elements.length > 0 ? { element: elements.reduce(union) } : {}) };
  }

  #call(expr: CallExpr, sizes: Sizes): Estimate {
    const { fn, target, args } = expr;
    const { overloads = [], operands = target ? [target, ...args] : args } = this.#checked.calls.get(expr) ?? {};
    const found = operands.map((operand) => ({ operand, ...this.of(operand, sizes) }));
    const [first, second, third] = found;
    if ((fn === '_&&_' || fn === '_||_') && first && second)
      return { cost: { min: first.cost.min, max: add(first.cost, second.cost).max } };
    if (fn === '_?_:_' && first && second && third) {
      const size = union(this.#sizeOf(second.operand, second.size), this.#sizeOf(third.operand, third.size));
      return { cost: add(first.cost, union(second.cost, third.cost)), size };
    }
    const given = found.map(({ operand, size, element }) => this.#estimated(operand, size, element));
    const each = overloads.map(({ cost = nominal }) => cost.estimate(given));
    const own = each.map(({ cost }) => cost).reduce((all, cost) => union(all, cost), each[0]?.cost ?? one);
    const made = each.every(({ size }) => size !== undefined) ? each.map(({ size = free }) => size) : [];
    return { cost: found.reduce((sum, { cost }) => add(sum, cost), own), ...(made.length > 0 ? { size: made.reduce(union) } : {}) };
  }

  #estimated(operand: Expr, size: Range | undefined, element: Range | undefined): Estimated {
    const type = this.#typeOf(operand);
    return {
      ...{ type, size: this.#sizeOf(operand, size), element: element ?? elementOf(type) },
      ...(operand.kind === 'const' ? { literal: operand.value } : {}),
    };
  }

  #fold(expr: FoldExpr, sizes: Sizes): Estimate {
    const over = this.of(expr.range, sizes);
    const start = this.of(expr.start, sizes);
    const type = this.#typeOf(expr.range);
    const count = this.#sizeOf(expr.range, over.size);
    const inside = new Map(sizes);
    const element = { size: over.element ?? elementOf(type) };
    inside.set(expr.variable, expr.second === undefined && type.kind === 'list' ? element : {});
    if (expr.second !== undefined) inside.set(expr.second, element);
    const isList = expr.start.kind === 'list' || expr.start.kind === 'map';
    inside.set(expr.accumulator, isList ? { size: range(0, count.max) } : { size: start.size });
    const loop = multiply(count, add(this.of(expr.condition, inside).cost, this.of(expr.step, inside).cost));
    const end = this.of(expr.result, inside);
    const cost = [over.cost, start.cost, end.cost].reduce(add, loop);
    return isList ? { cost, size: range(0, count.max) } : { cost, size: end.size };
  }

  #typeOf(expr: Expr): CelType {
    return this.#checked.types.get(expr) ?? dyn;
  }

  #sizeOf(expr: Expr, known: Range | undefined): Range {
    return known ?? sizeByType(this.#typeOf(expr));
  }
}

const scalars: ReadonlySet<string> = new Set(['int', 'uint', 'double', 'bool', 'timestamp', 'duration', 'null']);

function sizeByType({ kind, max }: CelType): Range {
  if (max !== undefined) return { min: 0, max };
  return scalars.has(kind) ? one : unknownSize;
}

function elementOf(type: CelType): Range {
  if (type.kind === 'list') return sizeByType(type.of);
  return type.kind === 'map' ? sizeByType(type.value) : unknownSize;
}
