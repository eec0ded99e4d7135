import { CompileError, type Issue, mostShown } from './errors.ts';
import type { CallExpr, Expr, ListExpr, MapExpr, StructExpr } from './expr.ts';
import { literalOf, type Token, tokens } from './lexer.ts';
import { expand, MacroError } from './macros.ts';
import { type Follow, Recovery, type Sorts, sorts } from './recovery.ts';

/** Reads an expression; macros are already expanded. @param bind whether there is `cel.bind`. @throws CompileError. */
export function parse(source: string, bind = false): Expr {
  const size = [...source].length;
  if (size > longest) throw new CompileError(source, [{ at: nowhere, message: tooLong(size) }]);
  const { tokens: found, issues } = tokens(source);
  const parser = new Parser(found, bind);
  const expr = parser.whole();
  const wrong = [...issues, ...parser.issues].sort((a, b) => a.at - b.at);
  if (parser.isTooDeep && wrong.length <= mostShown) wrong.unshift({ at: nowhere, message: 'max recursion depth exceeded' });
  // After that many upstream reads no further.
  if (wrong.length > 0) throw new CompileError(source, wrong.slice(0, mostShown + 1));
  return expr;
}

const reserved = new Set('as break const continue else for function if import let loop package namespace return var void while'.split(' '));

/** Upstream's own bound: deeper ones would exhaust the stack. */
const deepest = 250;
/** More is refused before it is looked at. Characters. */
const longest = 100_000;
/** Of what is wrong with the whole. */
const nowhere = -1;

function tooLong(size: number): string {
  return `expression code point size exceeds limit: size: ${size}, limit ${longest}`;
}

const literals = ['true', 'false', 'null', 'NUM_FLOAT', 'NUM_INT', 'NUM_UINT', 'STRING', 'BYTES'];
const primaries = sorts('[', '{', '(', '.', '-', ...literals, 'IDENTIFIER');
const operand = sorts('!', ...primaries);
const optionalOperand = sorts('?', ...operand);
const names = sorts('IDENTIFIER', 'ESC_IDENTIFIER');

/** Operators and how strongly they bind. */
const strengths: ReadonlyMap<string, number> = new Map(
  [['||'], ['&&'], ['<', '<=', '>=', '>', '==', '!=', 'in'], ['+', '-'], ['*', '/', '%']].flatMap((operators, strength) =>
    operators.map((operator) => [operator, strength] as const),
  ),
);

/** From here on operators are joined from the left; those below are rows of any length. */
const comparing = 2;

/** A tree of a row of operators of one strength, as low as can be. */
function balanced(row: readonly Token[], parts: readonly Expr[]): Expr {
  if (parts.length === 1) return parts[0] as Expr;
  const middle = Math.floor(row.length / 2);
  const { sort, at } = row[middle] as Token;
  const args = [balanced(row.slice(0, middle), parts.slice(0, middle + 1)), balanced(row.slice(middle + 1), parts.slice(middle + 1))];
  return { kind: 'call', fn: sort === 'in' ? '@in' : `_${sort}_`, args, at };
}

/** What may come after an operand. */
const afterOperand: Readonly<Record<'condition' | 'chosen', Follow>> = {
  condition: open(sorts('?', ...strengths.keys())),
  chosen: closed(':', ...strengths.keys()),
};

function open(known: Sorts = sorts()): Follow {
  return { sorts: known, open: true };
}

function closed(...known: readonly string[]): Follow {
  return { sorts: sorts(...known), open: false };
}

const afterPrimary = open(sorts('.', '['));

/** Stands for what could not be read. */
const broken: Expr = { kind: 'const', value: null, at: 0 };

class Parser {
  readonly #in: Recovery;
  readonly #bind: boolean;
  readonly #issues: Issue[] = [];
  #depth = 0;
  /** How many conditions, operators, members and indexes lie within each other; where there are none nothing is kept. */
  readonly #nesting = new Map<Expr, number>();
  /** Whether more of them do than upstream goes into. */
  isTooDeep = false;

  constructor(found: readonly Token[], bind: boolean) {
    this.#in = new Recovery(found);
    this.#bind = bind;
  }

  get issues(): readonly Issue[] {
    return [...this.#in.issues, ...this.#issues];
  }

  whole(): Expr {
    return this.#in.part(
      closed(),
      () => {
        const expr = this.#expression(closed('<EOF>'));
        this.#in.match('<EOF>', closed());
        return expr;
      },
      broken,
    );
  }

  /** @param own whether it is itself one of what upstream counts. */
  #nested<E extends Expr>(expr: E, parts: readonly Expr[], own: 0 | 1): E {
    let depth = own as number;
    for (const part of parts) depth = Math.max(depth, own + (this.#nesting.get(part) ?? 0));
    if (depth > 0) this.#nesting.set(expr, depth);
    if (depth > deepest) this.isTooDeep = true;
    return expr;
  }

  #broken(): Expr {
    return { ...broken, at: this.#in.peek().at };
  }

  #expression(after: Follow): Expr {
    if (++this.#depth > deepest) throw new CompileError(' ', [{ at: nowhere, message: `expression recursion limit exceeded: ${deepest}` }]);
    const found = this.#in.part(after, this.#ternary, this.#broken());
    this.#depth--;
    return found;
  }

  // What nests deeply are functions that are called as they are: the stack is spared.
  readonly #ternary = (): Expr => {
    const condition = this.#operators(afterOperand.condition);
    const mark = this.#in.take('?');
    if (!mark) return condition;
    const met = this.#operators(afterOperand.chosen);
    this.#in.match(':', { sorts: operand, open: false });
    const args = [condition, met, this.#expression(open())];
    return this.#nested({ kind: 'call', fn: '_?_:_', args, at: mark.at }, args, 1);
  };

  /** Operands and the operators between them, the stronger ones first. */
  #operators(after: Follow): Expr {
    const operands = [this.#in.part(after, this.#unary, this.#broken())];
    const waiting: { readonly token: Token; readonly strength: number }[] = [];
    const join = (least: number): void => {
      for (let last = waiting.at(-1); last && last.strength >= least; last = waiting.at(-1)) {
        const { strength } = last;
        const first = strength >= comparing ? waiting.length - 1 : waiting.findIndex((one) => one.strength === strength);
        const row = waiting.splice(first).map(({ token }) => token);
        const parts = operands.splice(-row.length - 1);
        operands.push(this.#nested(balanced(row, parts), parts, strength >= comparing ? 1 : 0));
      }
    };
    for (let token = this.#in.peek(); strengths.has(token.sort); token = this.#in.peek()) {
      const strength = strengths.get(token.sort) ?? 0;
      // What `&&` or `||` joins is one row.
      join(strength < comparing ? strength + 1 : strength);
      this.#in.take(token.sort);
      waiting.push({ token, strength });
      operands.push(this.#in.part(after, this.#unary, this.#broken()));
    }
    join(0);
    return operands[0] ?? broken;
  }

  /** Signs that are one, or undo each other: each of a row is the same. */
  readonly #unary = (): Expr => {
    this.#in.expect(operand);
    const sign = this.#in.peek();
    if (sign.sort !== '!' && sign.sort !== '-') return this.#member();
    const own = sign.sort === '-' && /^NUM_(INT|FLOAT)$/.test(this.#in.peek(1).sort);
    if (own) return this.#member();
    const count = this.#signs(sign.sort);
    const inner = this.#member();
    if (count % 2 === 0) return inner;
    return this.#nested({ kind: 'call', fn: sign.sort === '!' ? '!_' : '-_', args: [inner], at: sign.at }, [inner], 0);
  };

  #signs(sort: string): number {
    let count = 0;
    for (; this.#in.peek().sort === sort; count++) {
      if (sort === '-' && ![sort, ...primaries].includes(this.#in.peek(1).sort)) this.#in.fail(2);
      this.#in.take(sort);
      this.#in.expectMore(operand);
    }
    return count;
  }

  #member(): Expr {
    let expr = this.#in.part(afterPrimary, this.#primary, this.#broken());
    for (;;) {
      const { sort } = this.#in.peek();
      if (sort !== '.' && sort !== '[') return expr;
      const target = expr;
      const more = this.#in.part(open(), () => (sort === '.' ? this.#field(target) : this.#index(target)), undefined);
      if (!more) return expr;
      expr = more;
    }
  }

  #field(target: Expr): Expr {
    if (!['?', ...names].includes(this.#in.peek(1).sort)) this.#in.fail(2);
    const dot = this.#in.take('.') as Token;
    const optional = this.#in.take('?') !== undefined;
    const isCall = !optional && this.#in.peek().sort === 'IDENTIFIER' && this.#in.peek(1).sort === '(';
    const { text: field, at, sort } = this.#fieldName();
    if (isCall) {
      const call = this.#in.take('(') as Token;
      const args = this.#arguments();
      return this.#nested(this.#expand({ kind: 'call', fn: field, target, args, at: call.at }), [target, ...args], 1);
    }
    if (!names.has(sort)) this.#issues.push({ at, message: 'unsupported ident kind' });
    const name: Expr = { kind: 'const', value: field, at };
    const selected: Expr = optional
      ? { kind: 'call', fn: '_?._', args: [target, name], at: dot.at }
      : { kind: 'select', operand: target, field, test: false, at: dot.at };
    return this.#nested(selected, [target], 1);
  }

  #fieldName(): Token {
    const first = this.#in.peek();
    return this.#in.part<Token>(
      open(),
      () => {
        this.#in.expect(names);
        const name = this.#in.peek();
        return this.#in.take(name.sort) as Token;
      },
      { ...first, sort: 'none' },
    );
  }

  #index(target: Expr): Expr {
    const { at } = this.#in.take('[') as Token;
    this.#in.expect(optionalOperand);
    const optional = this.#in.take('?');
    const index = this.#expression(closed(']'));
    this.#in.match(']', open(sorts('.', '[')));
    return this.#nested({ kind: 'call', fn: optional ? '_[?_]' : '_[_]', args: [target, index], at }, [target, index], 1);
  }

  readonly #primary = (): Expr => {
    this.#in.expect(primaries);
    const { sort, at } = this.#in.peek();
    if (sort === 'IDENTIFIER' || sort === '.') return this.#identifier();
    if (sort === '[') return this.#list(at);
    if (sort === '{') return this.#map(at);
    if (sort !== '(') return this.#literal();
    this.#in.take('(');
    const inner = this.#expression(closed(')'));
    this.#in.match(')', open());
    return inner;
  };

  #literal(): Expr {
    if (this.#in.peek().sort === '-' && !/^NUM_(INT|FLOAT)$/.test(this.#in.peek(1).sort)) this.#in.fail(2);
    const minus = this.#in.take('-');
    const token = this.#in.peek();
    this.#in.take(token.sort);
    const found = literalOf(token, minus !== undefined);
    const at = minus?.at ?? token.at;
    if ('value' in found) return { kind: 'const', value: found.value, at };
    this.#issues.push({ at: token.at, message: found.problem });
    return { ...broken, at };
  }

  /** A variable, a function, or the name of a type before its fields. */
  #identifier(): Expr {
    const dot = this.#in.peek().sort === '.';
    if (dot && this.#in.peek(1).sort !== 'IDENTIFIER') this.#in.fail(2);
    if (dot) this.#in.take('.');
    const struct = this.#structName(dot);
    if (struct !== undefined) return this.#struct(struct);
    const { text, at } = this.#in.take('IDENTIFIER') as Token;
    if (reserved.has(text)) this.#issues.push({ at, message: `reserved identifier: ${text}` });
    const name = dot ? `.${text}` : text;
    const call = this.#in.take('(');
    if (!call) return { kind: 'ident', name, at };
    const args = this.#arguments();
    return this.#nested(this.#expand({ kind: 'call', fn: name, args, at: call.at }), args, 0);
  }

  /** The dotted name before a brace, which is then next. */
  #structName(dot: boolean): string | undefined {
    let ahead = 1;
    let name = this.#in.peek().text;
    while (this.#in.peek(ahead).sort === '.' && this.#in.peek(ahead + 1).sort === 'IDENTIFIER') {
      name += `.${this.#in.peek(ahead + 1).text}`;
      ahead += 2;
    }
    if (this.#in.peek(ahead).sort !== '{') return undefined;
    for (let i = 0; i < ahead; i++) this.#in.take(this.#in.peek().sort);
    return dot ? `.${name}` : name;
  }

  #struct(name: string): StructExpr {
    const { at } = this.#in.take('{') as Token;
    const entries = this.#items('}', sorts('?', ...names), () => {
      const optional = this.#in.take('?') !== undefined;
      const { text: field, at: place } = this.#fieldName();
      const colon = this.#in.match(':', { sorts: operand, open: false });
      return { field, optional, at: colon.at || place, value: this.#expression(open(sorts(','))) };
    });
    return this.#nested(
      { kind: 'struct', name, entries, at },
      entries.map(({ value }) => value),
      0,
    );
  }

  #list(at: number): ListExpr {
    this.#in.take('[');
    const elements = this.#items(']', optionalOperand, () => this.#optional(open(sorts(','))));
    return this.#nested(
      { kind: 'list', elements, at },
      elements.map(({ value }) => value),
      0,
    );
  }

  #optional(after: Follow): ListExpr['elements'][number] {
    this.#in.expect(optionalOperand);
    const optional = this.#in.take('?') !== undefined;
    return { optional, value: this.#expression(after) };
  }

  #map(at: number): MapExpr {
    this.#in.take('{');
    const entries = this.#items('}', optionalOperand, () => {
      const { optional, value: key } = this.#optional(closed(':'));
      this.#in.match(':', { sorts: operand, open: false });
      return { optional, key, value: this.#expression(open(sorts(','))) };
    });
    return this.#nested(
      { kind: 'map', entries, at },
      entries.flatMap(({ key, value }) => [key, value]),
      0,
    );
  }

  /** What commas separate, up to a closing symbol; there may be a comma at the end. */
  #items<T>(close: string, start: Sorts, read: () => T): T[] {
    const found: T[] = [];
    this.#in.expect(sorts(close, ',', ...start));
    if (start.has(this.#in.peek().sort)) {
      this.#in.part(
        closed(',', close),
        () => {
          found.push(read());
          while (this.#in.peek().sort === ',' && start.has(this.#in.peek(1).sort)) {
            this.#in.take(',');
            found.push(read());
          }
        },
        undefined,
      );
    }
    this.#in.expect(sorts(',', close));
    this.#in.take(',');
    this.#in.match(close, open());
    return found;
  }

  #arguments(): Expr[] {
    const found: Expr[] = [];
    this.#in.expect(sorts(')', ...operand));
    if (this.#in.peek().sort !== ')')
      this.#in.part(
        closed(')'),
        () => {
          do found.push(this.#expression(open(sorts(','))));
          while (this.#in.take(','));
        },
        undefined,
      );
    this.#in.match(')', open(sorts('.', '[')));
    return found;
  }

  #expand(call: CallExpr): Expr {
    try {
      return expand(call, this.#bind) ?? call;
    } catch (error) {
      if (!(error instanceof MacroError)) throw error;
      this.#issues.push(error);
      return call;
    }
  }
}
