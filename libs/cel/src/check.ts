import type { Functions, Overload } from './declare.ts';
import type { Issue } from './errors.ts';
import type { CallExpr, ConstExpr, Expr, FoldExpr, IdentExpr, ListExpr, MapExpr, SelectExpr, StructExpr } from './expr.ts';
import { special } from './special.ts';
import * as types from './types.ts';
import { type CelType, dyn, errorType, type ObjectType, typeText } from './types.ts';
import { instantiate, moreGeneral, Unifier } from './unify.ts';

/** What an expression may name. */
export interface Scope {
  readonly functions: Functions;
  /** By name; a dotted one stands for a variable of its own. */
  readonly variables: Readonly<Record<string, CelType>>;
  /** Whether there is `cel.bind`: in selectors of devices only. */
  readonly bind?: boolean;
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
  /** The same before what follows told what was not known: values need not be of those. */
  readonly first: ReadonlyMap<Expr, CelType>;
  readonly calls: ReadonlyMap<Expr, Resolved>;
  /** Selections that are the dotted name of a variable. */
  readonly variables: ReadonlyMap<Expr, string>;
  /** Names and selections that stand for a type. */
  readonly named: ReadonlySet<Expr>;
}

/** Finds the type of every part of an expression, and everything that is wrong. Messages are upstream's. */
export function check(expr: Expr, scope: Scope): Checked {
  const checker = new Checker(scope);
  checker.typeOf(expr, new Map());
  const settled = new Map([...checker.types].map(([part, type]) => [part, checker.unifier.settled(type)]));
  return {
    expr,
    type: settled.get(expr) ?? dyn,
    issues: checker.issues,
    types: settled,
    first: checker.types,
    calls: checker.calls,
    variables: checker.variables,
    named: checker.named,
  };
}

type Locals = ReadonlyMap<string, CelType>;

class Checker {
  readonly issues: Issue[] = [];
  readonly types = new Map<Expr, CelType>();
  readonly calls = new Map<Expr, Resolved>();
  readonly variables = new Map<Expr, string>();
  readonly named = new Set<Expr>();
  readonly unifier = new Unifier();
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
        return this.#identifier(expr, locals);
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

  #mismatch(at: number, wanted: CelType, found: CelType): CelType {
    return this.#problem(at, `expected type '${typeText(wanted)}' but found '${typeText(found)}'`);
  }

  #undeclared(at: number, name: string): CelType {
    return this.#problem(at, `undeclared reference to '${name}' (in container '')`);
  }

  #identifier(expr: IdentExpr, locals: Locals): CelType {
    const { name, at } = expr;
    return locals.get(name) ?? this.#variable(absolute(name)) ?? this.#named(expr, name) ?? this.#undeclared(at, name);
  }

  #variable(name: string): CelType | undefined {
    return Object.hasOwn(this.#scope.variables, name) ? this.#scope.variables[name] : undefined;
  }

  #named(expr: Expr, name: string): CelType | undefined {
    const type = namedTypes.get(name);
    if (type) this.named.add(expr);
    return type;
  }

  #select(expr: SelectExpr, locals: Locals): CelType {
    const dotted = dottedName(expr);
    if (dotted !== undefined && !locals.has(dotted.split('.')[0] ?? '')) {
      const name = absolute(dotted);
      const named = this.#variable(name);
      if (named) this.variables.set(expr, name);
      const type = named ?? this.#named(expr, name);
      if (type) return type;
    }
    const found = this.#field(this.typeOf(expr.operand, locals), expr.field, expr.at, false);
    return expr.test ? types.bool : found;
  }

  #field(operand: CelType, field: string, at: number, optional: boolean): CelType {
    const known = this.unifier.known(operand);
    const owner = known.kind === 'optional' ? known.of : known;
    const found = this.unifier.known(this.#member(owner, field, at));
    return optional || known.kind === 'optional' ? types.optional(found) : found;
  }

  #member(owner: CelType, field: string, at: number): CelType {
    if (owner.kind === 'map') return owner.value;
    if (owner.kind === 'param') this.unifier.fits([[dyn, owner]]);
    if (owner.kind === 'dyn' || owner.kind === 'error' || owner.kind === 'param') return dyn;
    if (owner.kind === 'object') {
      return (
        fieldOf(owner, fieldNamed(owner, field)) ??
        this.#scope.struct?.(owner.name)?.(field) ??
        this.#problem(at, `undefined field '${field}'`)
      );
    }
    // Upstream's library has these as types with fields, of which it knows none.
    if (owner.kind === 'opaque' && owner.name.startsWith('kubernetes.'))
      return this.#problem(at, `unexpected failed resolution of '${owner.name}'`);
    this.#problem(at, `type '${typeText(owner)}' does not support field selection`);
    return dyn;
  }

  #call(expr: CallExpr, locals: Locals): CelType {
    const { fn, target, args, at } = expr;
    if (fn === '_?._') return this.#optionalSelect(expr, locals);
    const found = args.map((arg) => this.typeOf(arg, locals));
    const library = target && dottedName(target);
    const global = library === undefined ? undefined : this.#functions(`${library}.${fn}`);
    if (global) return this.#resolve(expr, absolute(`${library}.${fn}`), { overloads: global.filter(isGlobal), operands: args }, found);
    if (target) found.unshift(this.typeOf(target, locals));
    const overloads = this.#functions(fn)?.filter(({ member }) => member === (target !== undefined));
    if (!overloads) return this.#undeclared(at, fn);
    return this.#resolve(expr, absolute(fn), { overloads, operands: target ? [target, ...args] : args }, found);
  }

  #functions(name: string): readonly Overload[] | undefined {
    const known = absolute(name);
    const [own, given] = [special.get(known), this.#scope.functions.get(known)];
    return own && given ? [...own, ...given] : (own ?? given);
  }

  #resolve(expr: CallExpr, name: string, { overloads, operands }: Resolved, found: readonly CelType[]): CelType {
    if (name === '_&&_' || name === '_||_') return this.#logical(expr, { overloads, operands }, found);
    const fitting: Overload[] = [];
    let result: CelType | undefined;
    for (const overload of overloads) {
      const parameters = new Map(overload.parameters.map((parameter) => [parameter, this.unifier.unknown()]));
      if (overload.params.length !== found.length) continue;
      if (!this.unifier.fits(found.map((type, i) => [type, instantiate(overload.params[i] ?? dyn, parameters)]))) continue;
      fitting.push(overload);
      const one = this.unifier.known(instantiate(overload.result, parameters));
      if (result === undefined) result = one;
      else if (result.kind !== 'dyn' && !types.sameType(one, result)) result = dyn;
    }
    if (!result) return this.#noOverload(expr, name, found);
    this.calls.set(expr, { overloads: fitting, operands });
    return result;
  }

  #logical(expr: CallExpr, resolved: Resolved, found: readonly CelType[]): CelType {
    const wrong = found.filter((type, i) => {
      if (this.unifier.fits([[type, types.bool]])) return false;
      this.#mismatch(resolved.operands[i]?.at ?? expr.at, types.bool, type);
      return true;
    });
    this.calls.set(expr, resolved);
    return wrong.length > 0 ? errorType : types.bool;
  }

  #noOverload({ at, target }: CallExpr, name: string, found: readonly CelType[]): CelType {
    const member = target !== undefined && !name.includes('.');
    const [receiver, ...rest] = found.map((type) => typeText(this.unifier.settled(type)));
    const text = member ? `${receiver}.(${rest.join(', ')})` : `(${[receiver, ...rest].filter((one) => one !== undefined).join(', ')})`;
    return this.#problem(at, `found no matching overload for '${name}' applied to '${text}'`);
  }

  #optionalSelect({ args: [owner, name], at }: CallExpr, locals: Locals): CelType {
    if (!owner || name?.kind !== 'const') return errorType;
    this.types.set(name, types.string);
    return this.#field(this.typeOf(owner, locals), String(name.value), at, true);
  }

  #list({ elements }: ListExpr, locals: Locals): CelType {
    let of: CelType | undefined;
    for (const { value, optional } of elements) of = this.#same(of, this.#optionalValue(value, optional, locals));
    return types.list(of ?? this.unifier.unknown());
  }

  #map({ entries }: MapExpr, locals: Locals): CelType {
    let [key, value]: [CelType?, CelType?] = [];
    for (const entry of entries) {
      key = this.#same(key, this.typeOf(entry.key, locals));
      value = this.#same(value, this.#optionalValue(entry.value, entry.optional, locals));
    }
    return types.map(key ?? this.unifier.unknown(), value ?? this.unifier.unknown());
  }

  /** The type that all parts of a literal have, any when they differ. */
  #same(all: CelType | undefined, one: CelType): CelType {
    if (all === undefined) return one;
    return this.unifier.fits([[all, one]]) ? moreGeneral(all, one) : dyn;
  }

  /** What `?x` adds when it is there. */
  #optionalValue(value: Expr, optional: boolean, locals: Locals): CelType {
    const type = this.typeOf(value, locals);
    if (!optional || type.kind === 'dyn') return type;
    if (type.kind === 'optional') return type.of;
    this.#mismatch(value.at, types.optional(type), type);
    return type;
  }

  #struct({ name, entries, at }: StructExpr, locals: Locals): CelType {
    const fields = this.#scope.struct?.(name);
    if (!fields) return this.#undeclared(at, name);
    for (const { field, value, optional, at: place } of entries) {
      const type = this.#optionalValue(value, optional, locals);
      const wanted = fields(field) ?? this.#problem(place, `undefined field '${field}'`);
      if (!this.unifier.fits([[wanted, type]]))
        this.#problem(place, `expected type of field '${field}' is '${typeText(wanted)}' but provided type is '${typeText(type)}'`);
    }
    return types.object(name, {});
  }

  #fold(expr: FoldExpr, locals: Locals): CelType {
    const range = this.unifier.known(this.typeOf(expr.range, locals));
    const start = this.typeOf(expr.start, locals);
    const total = new Map(locals).set(expr.accumulator, start);
    const [first, second] = this.#elements(range, expr);
    const inside = new Map(total).set(expr.variable, first);
    if (expr.second !== undefined) inside.set(expr.second, second);
    this.#must(expr.condition, types.bool, inside);
    this.#must(expr.step, start, inside);
    return this.unifier.known(this.typeOf(expr.result, total));
  }

  /** What the variables of a fold are: the element or key, and the element or value. */
  #elements(range: CelType, { range: { at }, second }: FoldExpr): [CelType, CelType] {
    if (range.kind === 'list') return second === undefined ? [range.of, range.of] : [types.int, range.of];
    if (range.kind === 'map') return [range.key, range.value];
    if (range.kind === 'param') this.unifier.fits([[dyn, range]]);
    if (range.kind === 'dyn' || range.kind === 'error' || range.kind === 'param') return [dyn, dyn];
    const what = `expression of type '${typeText(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`;
    const wrong = this.#problem(at, what);
    return [wrong, wrong];
  }

  #must(expr: Expr, wanted: CelType, locals: Locals): void {
    const type = this.typeOf(expr, locals);
    if (!this.unifier.fits([[wanted, type]])) this.#mismatch(expr.at, wanted, type);
  }
}

function fieldOf({ fields }: ObjectType, name: string): CelType | undefined {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

/** The field an expression means: words of the language name one as they are, or escaped. */
export function fieldNamed(type: CelType, name: string): string {
  const owner = type.kind === 'optional' ? type.of : type;
  const escaped = `__${name}__`;
  return owner.kind === 'object' && !fieldOf(owner, name) && fieldOf(owner, escaped) ? escaped : name;
}

/** A name without the dot that keeps variables of folds from being meant. */
export function absolute(name: string): string {
  return name.startsWith('.') ? name.slice(1) : name;
}

function isGlobal({ member }: Overload): boolean {
  return !member;
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
export const namedTypes: ReadonlyMap<string, CelType> = new Map(
  Object.entries({
    ...{ bool: types.bool, int: types.int, uint: types.uint, double: types.double, string: types.string, bytes: types.bytes },
    ...{ list: types.list(dyn), map: types.map(dyn, dyn), null_type: types.nullType, type: types.anyType },
    ...{ 'google.protobuf.Timestamp': types.timestamp, 'google.protobuf.Duration': types.duration },
    // These are known, but there is nothing that they stand for: no program can be made of them.
    ...{ timestamp: types.timestamp, duration: types.duration },
    ...{ 'net.IP': types.opaque('net.IP'), 'net.CIDR': types.opaque('net.CIDR'), optional_type: types.optional(dyn) },
  }).map(([name, type]) => [name, types.typeOf(type)]),
);
