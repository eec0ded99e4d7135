import { CompileError } from './errors.ts';
import type { CallExpr, Expr, ListExpr, MapExpr, StructExpr } from './expr.ts';
import { type Token, tokens } from './lexer.ts';
import { expand } from './macros.ts';

/** Reads an expression; macros are already expanded. @throws CompileError. */
export function parse(source: string): Expr {
  const parser = new Parser(source);
  const expr = parser.ternary();
  parser.end();
  return expr;
}

const reserved = new Set(
  'as break const continue else for function if import in let loop package namespace return var void while'.split(' '),
);

/** Upstream's own bound: deeper ones would exhaust the stack. */
const deepest = 250;
/** More is refused before it is looked at. Characters. */
const longest = 100_000;

const binary: readonly (readonly string[])[] = [['||'], ['&&'], ['==', '!=', '<', '<=', '>', '>=', 'in'], ['+', '-'], ['*', '/', '%']];
const operand = "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

class Parser {
  readonly #source: string;
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
    if (source.length > longest)
      throw this.#problem(0, `expression code point size exceeds limit: size: ${source.length}, limit ${longest}`);
    this.#tokens = tokens(source);
  }

  ternary(): Expr {
    if (++this.#depth > deepest) throw this.#problem(this.#peek().at, `expression recursion limit exceeded: ${deepest}`);
    const condition = this.#binary(0);
    const mark = this.#take('?');
    let expr = condition;
    if (mark) {
      const met = this.#binary(0);
      this.#expect(':');
      expr = { kind: 'call', fn: '_?_:_', args: [condition, met, this.ternary()], at: mark.at };
    }
    this.#depth--;
    return expr;
  }

  end(): void {
    const { kind, text, at } = this.#peek();
    if (kind === 'end') return;
    const more = this.#tokens[this.#next + 1]?.kind !== 'end';
    throw this.#problem(at, `Syntax error: ${more ? 'mismatched' : 'extraneous'} input '${text}' expecting <EOF>`);
  }

  #binary(level: number): Expr {
    const operators = binary[level];
    if (!operators) return this.#unary();
    let left = this.#binary(level + 1);
    for (let token = this.#peek(); token.kind === 'symbol' && operators.includes(token.text); token = this.#peek()) {
      this.#next++;
      const fn = token.text === 'in' ? '@in' : `_${token.text}_`;
      left = { kind: 'call', fn, args: [left, this.#binary(level + 1)], at: token.at };
    }
    return left;
  }

  #unary(): Expr {
    const token = this.#peek();
    if (token.kind !== 'symbol' || (token.text !== '!' && token.text !== '-')) return this.#member();
    this.#next++;
    const after = this.#peek();
    if (token.text === '-' && after.kind === 'literal' && (typeof after.value === 'bigint' || typeof after.value === 'number'))
      return this.#member(token.at);
    if (++this.#depth > deepest) throw this.#problem(token.at, `expression recursion limit exceeded: ${deepest}`);
    const inner = this.#unary();
    this.#depth--;
    return { kind: 'call', fn: token.text === '!' ? '!_' : '-_', args: [inner], at: token.at };
  }

  /** @param minus where the sign of a number was. */
  #member(minus?: number): Expr {
    let expr = this.#primary(minus);
    for (;;) {
      const dot = this.#take('.');
      const bracket = dot ? undefined : this.#take('[');
      if (dot) expr = this.#field(expr, dot);
      else if (bracket) expr = this.#index(expr, bracket);
      else return expr;
    }
  }

  #field(target: Expr, dot: Token): Expr {
    const optional = this.#take('?');
    const { text: field, quoted = false, at } = this.#name();
    const open = optional || quoted ? undefined : this.#take('(');
    if (open) return this.#expand({ kind: 'call', fn: field, target, args: this.#arguments(), at: open.at });
    if (optional) return { kind: 'call', fn: '_?._', args: [target, { kind: 'const', value: field, at }], at: dot.at };
    return { kind: 'select', operand: target, field, test: false, at: dot.at };
  }

  #index(target: Expr, { at }: Token): Expr {
    const optional = this.#take('?');
    const index = this.ternary();
    this.#expect(']');
    return { kind: 'call', fn: optional ? '_[?_]' : '_[_]', args: [target, index], at };
  }

  #primary(minus: number | undefined): Expr {
    const token = this.#peek();
    if (token.kind === 'literal') return this.#literal(token, minus);
    if (token.kind === 'symbol' && '([{.'.includes(token.text)) {
      this.#next++;
      if (token.text === '[') return this.#list(token.at);
      if (token.text === '{') return this.#map(token.at);
      if (token.text === '.') return this.#identifier(token.at);
      const inner = this.ternary();
      this.#expect(')');
      return inner;
    }
    if (token.kind === 'name' && !token.quoted) return this.#identifier(token.at);
    throw this.#problem(token.at, `Syntax error: mismatched input '${token.text}' expecting ${operand}`);
  }

  #literal({ value = null, at }: Token, minus: number | undefined): Expr {
    this.#next++;
    const signed = minus === undefined ? value : typeof value === 'bigint' || typeof value === 'number' ? -value : value;
    if (typeof signed === 'bigint' && BigInt.asIntN(64, signed) !== signed) throw this.#problem(at, 'Syntax error: invalid int literal');
    return { kind: 'const', value: signed, at: minus ?? at };
  }

  /** A variable, a function, or the name of a type before its fields. */
  #identifier(at: number): Expr {
    const { text: name } = this.#name();
    if (reserved.has(name)) throw this.#problem(at, `Syntax error: reserved identifier: ${name}`);
    const open = this.#take('(');
    if (open) return this.#expand({ kind: 'call', fn: name, args: this.#arguments(), at: open.at });
    return this.#struct(name) ?? { kind: 'ident', name, at };
  }

  /** `Name{…}` and `Name.name{…}`; upstream's types begin with capitals, so that nothing else is mistaken for one. */
  #struct(name: string): StructExpr | undefined {
    let ahead = this.#next;
    let full = name;
    while (this.#tokens[ahead]?.text === '.' && this.#tokens[ahead + 1]?.kind === 'name') {
      full += `.${this.#tokens[ahead + 1]?.text}`;
      ahead += 2;
    }
    const brace = this.#tokens[ahead];
    if (brace?.kind !== 'symbol' || brace.text !== '{') return undefined;
    this.#next = ahead + 1;
    const entries = this.#items('}', () => {
      const optional = this.#take('?') !== undefined;
      const { text: field, at } = this.#name();
      this.#expect(':');
      return { field, optional, at, value: this.ternary() };
    });
    return { kind: 'struct', name: full, entries, at: brace.at };
  }

  #list(at: number): ListExpr {
    const elements = this.#items(']', () => ({ optional: this.#take('?') !== undefined, value: this.ternary() }));
    return { kind: 'list', elements, at };
  }

  #map(at: number): MapExpr {
    const entries = this.#items('}', () => {
      const optional = this.#take('?') !== undefined;
      const key = this.ternary();
      this.#expect(':');
      return { optional, key, value: this.ternary() };
    });
    return { kind: 'map', entries, at };
  }

  #arguments(): Expr[] {
    return this.#items(')', () => this.ternary());
  }

  /** What commas separate, up to a closing symbol. Calls take no comma at the end. */
  #items<T>(close: string, read: () => T): T[] {
    const found: T[] = [];
    while (!this.#take(close)) {
      if (found.length > 0) {
        this.#expect(',', close);
        if (close !== ')' && this.#take(close)) break;
      }
      found.push(read());
    }
    return found;
  }

  #expand(call: CallExpr): Expr {
    return expand(call, (at, message) => this.#problem(at, message)) ?? call;
  }

  #peek(): Token {
    return this.#tokens[this.#next] ?? { kind: 'end', text: '<EOF>', at: this.#source.length };
  }

  #take(symbol: string): Token | undefined {
    const token = this.#peek();
    if (token.kind !== 'symbol' || token.text !== symbol) return undefined;
    this.#next++;
    return token;
  }

  #name(): Token {
    const token = this.#peek();
    if (token.kind !== 'name') throw this.#problem(token.at, `Syntax error: mismatched input '${token.text}' expecting IDENTIFIER`);
    this.#next++;
    return token;
  }

  #expect(symbol: string, alternative?: string): void {
    const token = this.#peek();
    if (this.#take(symbol)) return;
    const wanted = alternative === undefined ? `'${symbol}'` : `{'${alternative}', '${symbol}'}`;
    throw this.#problem(token.at, `Syntax error: mismatched input '${token.text}' expecting ${wanted}`);
  }

  #problem(at: number, message: string): CompileError {
    return new CompileError(this.#source, [{ at, message }]);
  }
}
