import { type Checked, dottedName } from './check.ts';
import { add, type Estimate, type Estimated, multiply, nominal, nominalRange, type Range, range, union, unknownSize } from './costs.ts';
import { type Entry, exactly, isScalar, type Local, literalSize, type Path, type Sizes, unionOf } from './estimate-sizes.ts';
import type { CallExpr, Expr, FoldExpr, MapExpr, SelectExpr } from './expr.ts';
import { isBinding } from './macros.ts';
import { type CelType, dyn } from './types.ts';

/** What an expression costs at least and at most. @param sizes of variables and their parts; those not known have no bound */
export function estimate(checked: Checked, sizes: Sizes): Range {
  return new Estimator(checked, sizes).of(checked.expr);
}

const free: Range = { min: 0, max: 0 };
const nothing: Range = { min: Number.POSITIVE_INFINITY, max: 0 };

class Estimator {
  readonly #checked: Checked;
  readonly #sizeAt: Sizes;
  readonly #locals = new Map<string, Local>();
  readonly #paths = new Map<Expr, Path>();
  readonly #sizes = new Map<Expr, Range>();
  readonly #entries = new Map<Expr, Entry>();

  constructor(checked: Checked, sizes: Sizes) {
    this.#checked = checked;
    this.#sizeAt = sizes;
  }

  of(expr: Expr): Range {
    switch (expr.kind) {
      case 'const':
        return free;
      case 'ident':
        this.#paths.set(expr, this.#locals.get(expr.name)?.path ?? [expr.name]);
        return nominalRange;
      case 'select':
        return this.#select(expr);
      case 'call':
        return this.#call(expr);
      case 'list': {
        const values = expr.elements.map(({ value }) => value);
        const cost = this.#sum(10, values);
        this.#entries.set(expr, { of: 'list', key: exactly(1), value: this.#unionOf(values) });
        return cost;
      }
      case 'map':
        return this.#map(expr);
      case 'struct':
        return this.#sum(
          40,
          expr.entries.map(({ value }) => value),
        );
      case 'fold':
        return isBinding(expr) ? this.#bind(expr) : this.#fold(expr);
    }
  }

  #sum(base: number, parts: readonly Expr[]): Range {
    return parts.reduce((sum, part) => add(sum, this.of(part)), exactly(base));
  }

  #unionOf(parts: readonly Expr[]): Range {
    return parts.length === 0 ? free : parts.map((part) => this.#sizeOrUnknown(part)).reduce(union);
  }

  #select(expr: SelectExpr): Range {
    if (this.#checked.variables.has(expr) || this.#checked.named.has(expr)) {
      this.#paths.set(expr, [dottedName(expr) ?? '']);
      return nominalRange;
    }
    const cost = this.of(expr.operand);
    if (expr.test) return cost;
    this.#paths.set(expr, [...this.#pathOf(expr.operand), expr.field]);
    return ['map', 'object', 'param'].includes(this.#typeOf(expr.operand).kind) ? add(cost, nominalRange) : cost;
  }

  #map(expr: MapExpr): Range {
    const parts = expr.entries.flatMap(({ key, value }) => [key, value]);
    const cost = this.#sum(30, parts);
    const [keys, values] = [expr.entries.map(({ key }) => key), expr.entries.map(({ value }) => value)];
    this.#entries.set(expr, { of: 'map', key: this.#unionOf(keys), value: this.#unionOf(values) });
    return cost;
  }

  #call(expr: CallExpr): Range {
    const { fn, target, args } = expr;
    if (fn === 'dyn' && args[0]) return this.#unwrapped(expr, args[0]);
    const costs = args.map((arg) => this.of(arg));
    const resolved = this.#checked.calls.get(expr);
    const isMember = target !== undefined && resolved?.operands[0] === target;
    const own = isMember ? this.of(target) : free;
    if (fn === '_?._') return costs.reduce(add, nominalRange);
    if (!resolved) return free;
    const operands = resolved.operands.map((operand) => this.#estimated(operand));
    let [cost, size]: [Range, Range | undefined] = [nothing, undefined];
    for (const overload of resolved.overloads) {
      const found = lazyCost(fn, costs) ?? (overload.cost ?? nominal).estimate(operands);
      cost = union(cost, lazyCost(fn, costs) ? found.cost : add(found.cost, costs.reduce(add, free)));
      if (found.size) size = size ? union(size, found.size) : found.size;
      size = this.#resultSize(expr, overload.params[0]?.kind, size);
    }
    if (size) this.#sizes.set(expr, size);
    return add(own, cost);
  }

  /** What a call gives besides its cost: the parts that operands share with it. */
  #resultSize(expr: CallExpr, kind: CelType['kind'] | undefined, size: Range | undefined): Range | undefined {
    const [first, second, third] = expr.args;
    if (expr.fn === '_?_:_' && second && third) {
      const entry = unionOf(this.#entryOf(second), this.#entryOf(third));
      if (entry) this.#entries.set(expr, entry);
      return union(this.#sizeOrUnknown(second), this.#sizeOrUnknown(third));
    }
    if (expr.fn === '_+_' && first && second && (kind === 'list' || kind === 'string' || kind === 'bytes')) {
      const entry = unionOf(this.#entryOf(first), this.#entryOf(second));
      if (entry) this.#entries.set(expr, entry);
    }
    if (expr.fn !== '_[_]' || !first || (kind !== 'list' && kind !== 'map')) return size ?? this.#sizeOf(expr);
    this.#paths.set(expr, [...this.#pathOf(first), kind === 'list' ? '@items' : '@values']);
    return this.#entryOf(first)?.value ?? this.#sizeOf(expr);
  }

  /** `dyn` only hides a type. */
  #unwrapped(expr: CallExpr, arg: Expr): Range {
    const cost = add(nominalRange, this.of(arg));
    this.#copySizes(expr, arg);
    return cost;
  }

  #copySizes(to: Expr, from: Expr): void {
    const [size, entry] = [this.#sizeOf(from), this.#entryOf(from)];
    if (size) this.#sizes.set(to, size);
    if (entry) this.#entries.set(to, entry);
  }

  #estimated(operand: Expr): Estimated {
    const [path, type] = [this.#pathOf(operand), this.#typeOf(operand)];
    const element = path.length > 0 ? this.#sizeAt([...path, '@items']) : undefined;
    return {
      ...{ type, size: this.#sizeOrUnknown(operand), element: element ?? unknownSize },
      ...(operand.kind === 'const' ? { literal: operand.value } : {}),
    };
  }

  #bind(expr: FoldExpr): Range {
    const cost = add(this.of(expr.range), this.of(expr.start));
    const inside = this.#within([[expr.accumulator, this.#localOf(expr.start)]], () => this.of(expr.result));
    this.#within([[expr.accumulator, this.#localOf(expr.start)]], () => this.#copySizes(expr, expr.result));
    return add(cost, inside);
  }

  #fold(expr: FoldExpr): Range {
    const cost = add(this.of(expr.range), this.of(expr.start));
    const accumulator = [expr.accumulator, this.#localOf(expr.start)] as const;
    const variables: [string, Local][] =
      expr.second === undefined
        ? [[expr.variable, this.#iterated(expr.range)]]
        : [
            [expr.variable, this.#iterated(expr.range, 'key')],
            [expr.second, this.#iterated(expr.range, 'value')],
          ];
    const loop = this.#within([accumulator, ...variables], () => add(this.of(expr.condition), this.of(expr.step)));
    const end = this.#within([accumulator], () => this.of(expr.result));
    const count = this.#sizeOrUnknown(expr.range);
    this.#setFoldSize(expr, count);
    return [end, multiply(count, loop)].reduce(add, cost);
  }

  #setFoldSize(expr: FoldExpr, count: Range): void {
    const literal = expr.start.kind === 'const' ? this.#sizeOf(expr.start) : undefined;
    if (literal) this.#sizes.set(expr, literal);
    if (expr.start.kind !== 'list' && expr.start.kind !== 'map') return;
    this.#sizes.set(expr, count);
    const entry = this.#entryOf(expr.step);
    if (entry) this.#entries.set(expr, entry);
  }

  #within<T>(variables: readonly (readonly [string, Local])[], compute: () => T): T {
    const before = variables.map(([name]) => [name, this.#locals.get(name)] as const);
    for (const [name, local] of variables) this.#locals.set(name, local);
    const found = compute();
    for (const [name, local] of before.toReversed()) {
      if (local) this.#locals.set(name, local);
      else this.#locals.delete(name);
    }
    return found;
  }

  #localOf(expr: Expr): Local {
    return { path: this.#pathOf(expr), size: this.#sizeOf(expr), entry: this.#entryOf(expr) };
  }

  /** What goes through a list or map: its elements or keys, unless both are named. */
  #iterated(over: Expr, part?: 'key' | 'value'): Local {
    const entry = this.#entryOf(over);
    const isList = (entry?.of ?? this.#typeOf(over).kind) === 'list';
    const which = part ?? (isList ? 'value' : 'key');
    const name = which === 'key' ? (isList ? '@indices' : '@keys') : isList ? '@items' : '@values';
    return { path: [...this.#pathOf(over), name], size: entry?.[which], entry: undefined };
  }

  #typeOf(expr: Expr): CelType {
    return this.#checked.types.get(expr) ?? dyn;
  }

  #pathOf(expr: Expr): Path {
    const local = expr.kind === 'ident' ? this.#locals.get(expr.name) : undefined;
    return local?.path ?? this.#paths.get(expr) ?? [];
  }

  #entryOf(expr: Expr): Entry | undefined {
    return this.#entries.get(expr) ?? (expr.kind === 'ident' ? this.#locals.get(expr.name)?.entry : undefined);
  }

  #sizeOrUnknown(expr: Expr): Range {
    return this.#sizeOf(expr) ?? unknownSize;
  }

  #sizeOf(expr: Expr): Range | undefined {
    const known = this.#sizes.get(expr) ?? literalSize(expr);
    if (known) return known;
    const declared = this.#sizeAt(this.#pathOf(expr));
    if (declared) this.#sizes.set(expr, declared);
    if (declared) return declared;
    if (isScalar(this.#typeOf(expr))) return nominalRange;
    return expr.kind === 'ident' ? this.#locals.get(expr.name)?.size : undefined;
  }
}

/** Of operators that do not compute all their operands. */
function lazyCost(fn: string, [first = free, second = free, third = free]: readonly Range[]): Estimate | undefined {
  if (fn === '_&&_' || fn === '_||_') return { cost: range(first.min, add(first, second).max) };
  return fn === '_?_:_' ? { cost: add(first, union(second, third)) } : undefined;
}
