import type { Functions, Overload } from './declare.ts';
import type { Issue } from './errors.ts';
import type { CallExpr, ConstExpr, Expr, FoldExpr, ListExpr, MapExpr, SelectExpr, StructExpr } from './expr.ts';
import { special } from './special.ts';
import * as types from './types.ts';
import { assign, type CelType, dyn, errorType, join, substitute, typeText } from './types.ts';

/** What an expression may name. */
export interface Scope {
  readonly functions: Functions;
  /** By name; a dotted one stands for a variable of its own. */
  readonly variables: Readonly<Record<string, CelType>>;
  /** The fields of a type that expressions can make values of; undefined for no such type. */
  struct?(name: string): ((field: string) => CelType | undefined) | undefined;
}

/** How a call was understood. */
export interface Resolved {
  /** Those that fit the types; which of them is decided by the values. */
  readonly overloads: readonly Overload[];
  /** The receiver first, when it is one and not the name of a library. */
  readonly operands: readonly Expr[];
}

export interface Checked {
  readonly expr: Expr;
  readonly type: CelType;
  readonly issues: readonly Issue[];
  readonly types: ReadonlyMap<Expr, CelType>;
  readonly calls: ReadonlyMap<Expr, Resolved>;
  /** Selections that are the dotted name of a variable. */
  readonly variables: ReadonlyMap<Expr, string>;
}

/** Finds the type of every part of an expression, and everything that is wrong. Messages are upstream's. */
export function check(expr: Expr, scope: Scope): Checked {
  const checker = new Checker(scope);
  const type = checker.typeOf(expr, new Map());
  const issues = checker.issues.toSorted((a, b) => a.at - b.at);
  return { expr, type, issues, types: checker.types, calls: checker.calls, variables: checker.variables };
}

type Locals = ReadonlyMap<string, CelType>;

class Checker {
  readonly issues: Issue[] = [];
  readonly types = new Map<Expr, CelType>();
  readonly calls = new Map<Expr, Resolved>();
  readonly variables = new Map<Expr, string>();
  readonly #scope: Scope;

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  typeOf(expr: Expr, locals: Locals): CelType {
    const type = this.#find(expr, locals);
    this.types.set(expr, type);
    return type;
  }

  #find(expr: Expr, locals: Locals): CelType {
    switch (expr.kind) {
      case 'const':
        return literalType(expr);
      case 'ident':
        return this.#identifier(expr.name, expr.at, locals);
      case 'select':
        return this.#select(expr, locals);
      case 'call':
        return this.#call(expr, locals);
      case 'list':
        return this.#list(expr, locals);
      case 'map':
        return this.#map(expr, locals);
      case 'struct':
        return this.#struct(expr, locals);
      case 'fold':
        return this.#fold(expr, locals);
    }
  }

  #problem(at: number, message: string): CelType {
    this.issues.push({ at, message });
    return errorType;
  }

  #identifier(name: string, at: number, locals: Locals): CelType {
    const known = locals.get(name) ?? this.#variable(name);
    if (known) return known;
    if (typeNames.has(name)) return types.typeType;
    return this.#problem(at, `undeclared reference to '${name}' (in container '')`);
  }

  #variable(name: string): CelType | undefined {
    return Object.hasOwn(this.#scope.variables, name) ? this.#scope.variables[name] : undefined;
  }

  #select(expr: SelectExpr, locals: Locals): CelType {
    const dotted = dottedName(expr);
    const named = dotted !== undefined && !locals.has(dotted.split('.')[0] ?? '') ? this.#variable(dotted) : undefined;
    if (named && dotted) {
      this.variables.set(expr, dotted);
      return named;
    }
    if (dotted && typeNames.has(dotted)) return types.typeType;
    const found = this.#field(this.typeOf(expr.operand, locals), expr.field, expr.at);
    return expr.test && found.kind !== 'error' ? types.bool : found;
  }

  #field(owner: CelType, field: string, at: number): CelType {
    if (owner.kind === 'optional') {
      const inner = this.#field(owner.of, field, at);
      return inner.kind === 'optional' || inner.kind === 'error' ? inner : types.optional(inner);
    }
    if (owner.kind === 'map') return owner.value;
    if (owner.kind === 'dyn' || owner.kind === 'error') return owner;
    if (owner.kind !== 'object') return this.#problem(at, `type '${typeText(owner)}' does not support field selection`);
    const found = Object.hasOwn(owner.fields, field) ? owner.fields[field] : undefined;
    return found ?? this.#problem(at, `undefined field '${field}'`);
  }

  #call(expr: CallExpr, locals: Locals): CelType {
    const { fn, target, args, at } = expr;
    if (fn === '_?._') return this.#optionalSelect(expr, locals);
    const library = target && dottedName(target);
    const global = library === undefined ? undefined : this.#functions(`${library}.${fn}`, false, args.length);
    const name = global ? `${library}.${fn}` : fn;
    const operands = target && !global ? [target, ...args] : args;
    const overloads = global ?? this.#functions(fn, target !== undefined, operands.length);
    const found = operands.map((one) => this.typeOf(one, locals));
    if (!overloads) {
      if (!this.#known(fn)) return this.#problem(at, `undeclared reference to '${name}' (in container '')`);
      return this.#noOverload(expr, name, found);
    }
    if (found.some(({ kind }) => kind === 'error')) return errorType;
    return this.#resolve(expr, name, { overloads, operands }, found);
  }

  #functions(name: string, member: boolean, count: number): readonly Overload[] | undefined {
    const all = [...(special.get(name) ?? []), ...(this.#scope.functions.get(name) ?? [])];
    const some = all.filter((one) => one.member === member && one.params.length === count);
    return some.length > 0 ? some : undefined;
  }

  #known(name: string): boolean {
    return special.has(name) || this.#scope.functions.has(name);
  }

  #resolve(expr: CallExpr, name: string, { overloads, operands }: Resolved, found: readonly CelType[]): CelType {
    const fitting: { overload: Overload; result: CelType }[] = [];
    for (const overload of overloads) {
      let bound: types.Bindings | undefined = new Map();
      for (const [i, type] of found.entries()) bound = bound && assign(overload.params[i] ?? dyn, type, bound);
      if (bound) fitting.push({ overload, result: substitute(overload.result, bound) });
    }
    const [first] = fitting;
    if (!first) return this.#noOverload(expr, name, found);
    this.calls.set(expr, { overloads: fitting.map(({ overload }) => overload), operands });
    const result = fitting.reduce((all, one) => (typeText(all) === typeText(one.result) ? all : dyn), first.result);
    return name === '_[_]' || result.max === undefined ? result : withoutMax(result);
  }

  #noOverload({ at, target }: CallExpr, name: string, found: readonly CelType[]): CelType {
    const member = target !== undefined && !name.includes('.');
    const [receiver, ...rest] = found.map(typeText);
    const text = member ? `${receiver}.(${rest.join(', ')})` : `(${found.map(typeText).join(', ')})`;
    return this.#problem(at, `found no matching overload for '${name}' applied to '${text}'`);
  }

  #optionalSelect({ args: [owner, name], at }: CallExpr, locals: Locals): CelType {
    if (!owner || name?.kind !== 'const') return errorType;
    this.types.set(name, types.string);
    const found = this.#field(this.typeOf(owner, locals), String(name.value), at);
    return found.kind === 'optional' || found.kind === 'error' ? found : types.optional(found);
  }

  #list({ elements }: ListExpr, locals: Locals): CelType {
    let of: CelType | undefined;
    for (const { value, optional } of elements) {
      const type = this.#optionalValue(value, optional, locals);
      of = this.#same(of, type, value.at);
    }
    return types.list(of ?? dyn);
  }

  #map({ entries }: MapExpr, locals: Locals): CelType {
    let [key, value]: [CelType?, CelType?] = [];
    for (const entry of entries) {
      key = this.#same(key, this.typeOf(entry.key, locals), entry.key.at);
      value = this.#same(value, this.#optionalValue(entry.value, entry.optional, locals), entry.value.at);
    }
    return types.map(key ?? dyn, value ?? dyn);
  }

  /** The type that all parts of a literal have: Kubernetes wants one. */
  #same(all: CelType | undefined, one: CelType, at: number): CelType {
    if (all === undefined || all.kind === 'error' || one.kind === 'error') return all ?? one;
    if (assign(all, one, new Map()) === undefined)
      return this.#problem(at, `expected type '${typeText(all)}' but found '${typeText(one)}'`);
    return join(all, one);
  }

  /** What `?x` adds when it is there. */
  #optionalValue(value: Expr, optional: boolean, locals: Locals): CelType {
    const type = this.typeOf(value, locals);
    if (!optional || type.kind === 'dyn' || type.kind === 'error') return type;
    if (type.kind === 'optional') return type.of;
    return this.#problem(value.at, `expected type 'optional_type(${typeText(type)})' but found '${typeText(type)}'`);
  }

  #struct({ name, entries, at }: StructExpr, locals: Locals): CelType {
    const fields = this.#scope.struct?.(name);
    for (const { field, value, optional, at: place } of entries) {
      const type = this.#optionalValue(value, optional, locals);
      const wanted = fields?.(field);
      if (fields && !wanted) this.#problem(place, `undefined field '${field}'`);
      else if (wanted && type.kind !== 'error' && assign(wanted, type, new Map()) === undefined)
        this.#problem(place, `expected type of field '${field}' is '${typeText(wanted)}' but provided type is '${typeText(type)}'`);
    }
    return fields ? types.object(name, {}) : this.#problem(at, `undeclared reference to '${name}' (in container '')`);
  }

  #fold(expr: FoldExpr, locals: Locals): CelType {
    const range = this.typeOf(expr.range, locals);
    const start = this.typeOf(expr.start, locals);
    const inside = new Map(locals);
    const [first, second] = this.#elements(range, expr);
    inside.set(expr.variable, expr.second === undefined ? first : range.kind === 'list' ? types.int : first);
    if (expr.second !== undefined) inside.set(expr.second, second);
    inside.set(expr.accumulator, start);
    this.#bool(expr.condition, inside);
    const step = this.typeOf(expr.step, inside);
    const total = new Map(locals).set(expr.accumulator, start.kind === 'list' || start.kind === 'map' ? step : start);
    const result = this.typeOf(expr.result, total);
    return result;
  }

  /** What the variables of a fold are: the element or key, and the element or value. */
  #elements(range: CelType, { range: { at } }: FoldExpr): [CelType, CelType] {
    if (range.kind === 'list') return [range.of, range.of];
    if (range.kind === 'map') return [range.key, range.value];
    if (range.kind === 'dyn' || range.kind === 'error') return [range, range];
    const what = `expression of type '${typeText(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`;
    const wrong = this.#problem(at, what);
    return [wrong, wrong];
  }

  #bool(expr: Expr, locals: Locals): void {
    const type = this.typeOf(expr, locals);
    if (assign(types.bool, type, new Map()) === undefined) this.#problem(expr.at, `expected type 'bool' but found '${typeText(type)}'`);
  }
}

function withoutMax(type: CelType): CelType {
  const { max: _max, ...rest } = type;
  return rest as CelType;
}

/** `a.b.c` of names alone. */
export function dottedName(expr: Expr): string | undefined {
  if (expr.kind === 'ident') return expr.name;
  if (expr.kind !== 'select' || expr.test) return undefined;
  const owner = dottedName(expr.operand);
  return owner === undefined ? undefined : `${owner}.${expr.field}`;
}

function literalType({ value }: ConstExpr): CelType {
  if (value === null) return types.nullType;
  if (value instanceof Uint8Array) return types.bytes;
  switch (typeof value) {
    case 'bigint':
      return types.int;
    case 'number':
      return types.double;
    case 'boolean':
      return types.bool;
    case 'string':
      return types.string;
    default:
      return types.uint;
  }
}

/** Names that stand for a type: `type(x) == string`. */
export const typeNames: ReadonlySet<string> = new Set([
  ...['bool', 'int', 'uint', 'double', 'string', 'bytes', 'list', 'map', 'null_type', 'type', 'optional_type'],
  ...[
    'google.protobuf.Timestamp',
    'google.protobuf.Duration',
    'net.IP',
    'net.CIDR',
    'kubernetes.Quantity',
    'kubernetes.URL',
    'kubernetes.Semver',
  ],
]);
