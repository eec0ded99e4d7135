import type { CallExpr, Expr, FoldExpr } from './expr.ts';

type Problem = (at: number, message: string) => Error;
type Expander = (call: CallExpr & { readonly target: Expr }, problem: Problem) => Expr;

/** The variable that steps of a fold add to; no expression can name it. */
export const result = '@result';

/** What a macro's call stands for; undefined for any other call. @throws what `problem` makes, for arguments a macro cannot take. */
export function expand(call: CallExpr, problem: Problem): Expr | undefined {
  const { fn, target, args } = call;
  if (!target) return fn === 'has' && args.length === 1 ? has(call, problem) : undefined;
  const namespace = target.kind === 'ident' ? `${target.name}.${fn}` : '';
  const make = macros[`${namespace}/${args.length}`] ?? macros[`${namespace}/*`] ?? macros[`${fn}/${args.length}`];
  return make?.({ ...call, target }, problem);
}

function has({ args: [field], at }: CallExpr, problem: Problem): Expr {
  if (field?.kind !== 'select') throw problem(field?.at ?? at, 'invalid argument to has() macro');
  return { ...field, test: true };
}

const macros: Readonly<Record<string, Expander>> = {
  'all/2': ({ args: [variable, test], ...call }, problem) => every(call, [nameOf(variable, problem)], test as Expr),
  'all/3': ({ args: [first, second, test], ...call }, problem) => every(call, namesOf(first, second, problem), test as Expr),
  'exists/2': ({ args: [variable, test], ...call }, problem) => some(call, [nameOf(variable, problem)], test as Expr),
  'exists/3': ({ args: [first, second, test], ...call }, problem) => some(call, namesOf(first, second, problem), test as Expr),
  'exists_one/2': ({ args: [variable, test], ...call }, problem) => one(call, [nameOf(variable, problem)], test as Expr),
  'existsOne/2': ({ args: [variable, test], ...call }, problem) => one(call, [nameOf(variable, problem)], test as Expr),
  'existsOne/3': ({ args: [first, second, test], ...call }, problem) => one(call, namesOf(first, second, problem), test as Expr),
  'map/2': ({ args: [variable, make], ...call }, problem) => collect(call, [nameOf(variable, problem)], make as Expr),
  'map/3': ({ args: [variable, test, make], ...call }, problem) => collect(call, [nameOf(variable, problem)], make as Expr, test),
  'filter/2': ({ args: [variable, test], ...call }, problem) => collect(call, [nameOf(variable, problem)], variable as Expr, test),
  'transformList/3': ({ args: [first, second, make], ...call }, problem) => collect(call, namesOf(first, second, problem), make as Expr),
  'transformList/4': ({ args: [first, second, test, make], ...call }, problem) =>
    collect(call, namesOf(first, second, problem), make as Expr, test),
  'transformMap/3': (call, problem) => entries(call, problem, (make, key) => insert(call.at, key, make)),
  'transformMap/4': (call, problem) => entries(call, problem, (make, key) => insert(call.at, key, make)),
  'transformMapEntry/3': (call, problem) => entries(call, problem, (make) => insert(call.at, make)),
  'transformMapEntry/4': (call, problem) => entries(call, problem, (make) => insert(call.at, make)),
  'cel.bind/3': ({ args: [variable, value, body], at }, problem) => bind(at, nameOf(variable, problem), value as Expr, body as Expr),
  'optMap/2': ({ target, args: [variable, make], at }, problem) =>
    whenPresent(at, target, nameOf(variable, problem), (body) => invoke(at, 'optional.of', body), make as Expr),
  'optFlatMap/2': ({ target, args: [variable, make], at }, problem) =>
    whenPresent(at, target, nameOf(variable, problem), (body) => body, make as Expr),
  'sortBy/2': ({ target, args: [variable, key], at }, problem) => {
    const keys = collect({ at, target }, [nameOf(variable, problem)], key as Expr);
    return { kind: 'call', fn: '@sortByAssociatedKeys', target, args: [keys], at };
  },
  'math.greatest/*': ({ args, at }) => extreme(at, 'math.@max', args),
  'math.least/*': ({ args, at }) => extreme(at, 'math.@min', args),
};

interface Over {
  readonly at: number;
  readonly target: Expr;
}

function nameOf(expr: Expr | undefined, problem: Problem): string {
  if (expr?.kind === 'ident') return expr.name;
  throw problem(expr?.at ?? 0, 'argument must be a simple name');
}

function namesOf(first: Expr | undefined, second: Expr | undefined, problem: Problem): [string, string] {
  const names: [string, string] = [nameOf(first, problem), nameOf(second, problem)];
  if (names[0] === names[1]) throw problem(second?.at ?? 0, `duplicate variable name: ${names[0]}`);
  return names;
}

function ident(name: string, at: number): Expr {
  return { kind: 'ident', name, at };
}

function constant(value: boolean | bigint, at: number): Expr {
  return { kind: 'const', value, at };
}

function invoke(at: number, fn: string, ...args: Expr[]): Expr {
  return { kind: 'call', fn, args, at };
}

type Loop = Pick<FoldExpr, 'start' | 'condition' | 'step'> & { readonly result?: Expr };

function fold({ at, target }: Over, [variable = '', second]: readonly string[], loop: Loop): FoldExpr {
  const accumulated = { result: ident(result, at), ...loop };
  return { kind: 'fold', range: target, variable, ...(second === undefined ? {} : { second }), accumulator: result, at, ...accumulated };
}

function every(over: Over, names: readonly string[], test: Expr): Expr {
  const { at } = over;
  return fold(over, names, {
    start: constant(true, at),
    condition: invoke(at, '@not_strictly_false', ident(result, at)),
    step: invoke(at, '_&&_', ident(result, at), test),
  });
}

function some(over: Over, names: readonly string[], test: Expr): Expr {
  const { at } = over;
  return fold(over, names, {
    start: constant(false, at),
    condition: invoke(at, '@not_strictly_false', invoke(at, '!_', ident(result, at))),
    step: invoke(at, '_||_', ident(result, at), test),
  });
}

function one(over: Over, names: readonly string[], test: Expr): Expr {
  const { at } = over;
  const counted = invoke(at, '_+_', ident(result, at), constant(1n, at));
  return fold(over, names, {
    start: constant(0n, at),
    condition: constant(true, at),
    step: invoke(at, '_?_:_', test, counted, ident(result, at)),
    result: invoke(at, '_==_', ident(result, at), constant(1n, at)),
  });
}

function collect(over: Over, names: readonly string[], make: Expr, test?: Expr): Expr {
  const { at } = over;
  const element: Expr = { kind: 'list', elements: [{ value: make, optional: false }], at };
  const longer = invoke(at, '_+_', ident(result, at), element);
  return fold(over, names, {
    start: { kind: 'list', elements: [], at },
    condition: constant(true, at),
    step: test ? invoke(at, '_?_:_', test, longer, ident(result, at)) : longer,
  });
}

/** A map with one entry, or one map of entries, more. */
function insert(at: number, ...entry: Expr[]): Expr {
  return invoke(at, 'cel.@mapInsert', ident(result, at), ...entry);
}

function entries(call: CallExpr & Over, problem: Problem, larger: (make: Expr, key: Expr) => Expr): Expr {
  const { args, at } = call;
  const names = namesOf(args[0], args[1], problem);
  const test = args.length === 4 ? args[2] : undefined;
  const step = larger(args.at(-1) as Expr, ident(names[0], at));
  return fold(call, names, {
    start: { kind: 'map', entries: [], at },
    condition: constant(true, at),
    step: test ? invoke(at, '_?_:_', test, step, ident(result, at)) : step,
  });
}

/** A fold over nothing whose accumulator is the variable. */
function bind(at: number, name: string, value: Expr, body: Expr): FoldExpr {
  const range: Expr = { kind: 'list', elements: [], at };
  const still = constant(false, at);
  return {
    kind: 'fold',
    range,
    variable: '#unused',
    accumulator: name,
    start: value,
    condition: still,
    step: ident(name, at),
    result: body,
    at,
  };
}

function whenPresent(at: number, target: Expr, name: string, wrap: (body: Expr) => Expr, body: Expr): Expr {
  const present: Expr = { kind: 'call', fn: 'hasValue', target, args: [], at };
  const value: Expr = { kind: 'call', fn: 'value', target, args: [], at };
  return invoke(at, '_?_:_', present, wrap(bind(at, name, value, body)), invoke(at, 'optional.none'));
}

function extreme(at: number, fn: string, args: readonly Expr[]): Expr {
  const [first] = args;
  if (args.length <= 2) return invoke(at, fn, ...args);
  if (first === undefined) return invoke(at, fn);
  return invoke(at, fn, { kind: 'list', elements: args.map((value) => ({ value, optional: false })), at });
}
