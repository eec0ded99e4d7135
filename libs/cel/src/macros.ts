import type { CallExpr, Expr, FoldExpr, IdentExpr } from './expr.ts';

/** A macro's arguments are none that it takes. */
export class MacroError extends Error {
  readonly at: number;

  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

type Expander = (call: CallExpr & { readonly target: Expr }) => Expr;

/** The variable that steps of a fold add to; no expression can name it. */
export const result = '@result';

/** What a macro's call stands for; undefined for any other call. @param bind whether there is `cel.bind`. @throws MacroError */
export function expand(call: CallExpr, bind: boolean): Expr | undefined {
  const { fn, target, args } = call;
  if (!target) return fn === 'has' && args.length === 1 ? has(call) : undefined;
  if (bind && target.kind === 'ident' && target.name === 'cel' && fn === 'bind' && args.length === 3) return binding(call);
  return macros[`${fn}/${args.length}`]?.({ ...call, target });
}

function has({ args: [field], at }: CallExpr): Expr {
  if (field?.kind !== 'select') throw new MacroError(field?.at ?? at, 'invalid argument to has() macro');
  return { ...field, test: true, at };
}

const macros: Readonly<Record<string, Expander>> = {
  'all/2': ({ args: [variable, test], ...call }) => every(call, [nameOf(variable)], test as Expr),
  'all/3': ({ args: [first, second, test], ...call }) => every(call, namesOf(first, second), test as Expr),
  'exists/2': ({ args: [variable, test], ...call }) => some(call, [nameOf(variable)], test as Expr),
  'exists/3': ({ args: [first, second, test], ...call }) => some(call, namesOf(first, second), test as Expr),
  'exists_one/2': ({ args: [variable, test], ...call }) => one(call, [nameOf(variable)], test as Expr),
  'existsOne/2': ({ args: [variable, test], ...call }) => one(call, [nameOf(variable)], test as Expr),
  'existsOne/3': ({ args: [first, second, test], ...call }) => one(call, namesOf(first, second), test as Expr),
  'map/2': ({ args: [variable, make], ...call }) => collect(call, [nameOf(variable)], make as Expr),
  'map/3': ({ args: [variable, test, make], ...call }) => collect(call, [nameOf(variable)], make as Expr, test),
  'filter/2': ({ args: [variable, test], ...call }) => collect(call, [nameOf(variable)], variable as Expr, test),
  'transformList/3': ({ args: [first, second, make], ...call }) => collect(call, namesOf(first, second), make as Expr),
  'transformList/4': ({ args: [first, second, test, make], ...call }) => collect(call, namesOf(first, second), make as Expr, test),
  'transformMap/3': (call) => entries(call, (make, key) => insert(call.at, key, make)),
  'transformMap/4': (call) => entries(call, (make, key) => insert(call.at, key, make)),
  'transformMapEntry/3': (call) => entries(call, (make) => insert(call.at, make)),
  'transformMapEntry/4': (call) => entries(call, (make) => insert(call.at, make)),
  'optMap/2': ({ target, args: [variable, make], at }) =>
    whenPresent(at, target, nameOf(variable, optMapName), (body) => invoke(at, 'optional.of', body), make as Expr),
  'optFlatMap/2': ({ target, args: [variable, make], at }) =>
    whenPresent(at, target, nameOf(variable, optFlatMapName), (body) => body, make as Expr),
  'sortBy/2': ({ target, args: [variable, key], at }) => {
    if (!['list', 'select', 'ident', 'fold', 'call'].includes(target.kind)) throw new MacroError(target.at, sortedThings);
    const input = ident('@__sortBy_input__', at);
    const keys = collect({ at, target: input }, [nameOf(variable)], key as Expr);
    return bind(at, input.name, target, { kind: 'call', fn: '@sortByAssociatedKeys', target: input, args: [keys], at });
  },
};

const sortedThings = 'sortBy can only be applied to a list, identifier, comprehension, call or select expression';

interface Over {
  readonly at: number;
  readonly target: Expr;
}

const optMapName = 'optMap() variable name must be a simple identifier';
const optFlatMapName = 'optFlatMap() variable name must be a simple identifier';

function nameOf(expr: Expr | undefined, words = 'argument must be a simple name'): string {
  if (expr?.kind === 'ident') return expr.name;
  throw new MacroError(expr?.at ?? 0, words);
}

function namesOf(first: Expr | undefined, second: Expr | undefined): [string, string] {
  const names: [string, string] = [nameOf(first), nameOf(second)];
  if (names[0] === names[1]) throw new MacroError(second?.at ?? 0, `duplicate variable name: ${names[0]}`);
  return names;
}

function ident(name: string, at: number): IdentExpr {
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

function entries(call: CallExpr & Over, larger: (make: Expr, key: Expr) => Expr): Expr {
  const { args, at } = call;
  const names = namesOf(args[0], args[1]);
  const test = args.length === 4 ? args[2] : undefined;
  const step = larger(args.at(-1) as Expr, ident(names[0], at));
  return fold(call, names, {
    start: { kind: 'map', entries: [], at },
    condition: constant(true, at),
    step: test ? invoke(at, '_?_:_', test, step, ident(result, at)) : step,
  });
}

function binding({ args: [variable, value, body], at }: CallExpr): Expr {
  return bind(at, nameOf(variable), value as Expr, body as Expr);
}

/** Whether a fold is one variable, and no loop. */
export function isBinding({ range, condition, accumulator }: FoldExpr): boolean {
  const empty = range.kind === 'list' && range.elements.length === 0;
  return empty && condition.kind === 'const' && condition.value === false && accumulator !== result;
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

/** What is no name itself gets one, so that it is computed once. */
function whenPresent(at: number, target: Expr, name: string, wrap: (body: Expr) => Expr, body: Expr): Expr {
  const named = target.kind === 'ident' ? target : ident('@target', at);
  const present: Expr = { kind: 'call', fn: 'hasValue', target: named, args: [], at };
  const value: Expr = { kind: 'call', fn: 'value', target: named, args: [], at };
  const found = invoke(at, '_?_:_', present, wrap(bind(at, name, value, body)), invoke(at, 'optional.none'));
  return named === target ? found : bind(at, named.name, target, found);
}
