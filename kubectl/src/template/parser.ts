import { goQuote } from '@keelson/machinery';
import { type Token, type TokenKind, tokens } from './lexer.ts';
import { type Branch, type Command, nodeText, type Operand, type Pipeline, type Statement } from './nodes.ts';
import { numberOf } from './number.ts';
import { goUnquote } from './quote.ts';

/** What a text defines: the template itself, under its own name, and those of `define` and `block`. */
export type Templates = ReadonlyMap<string, readonly Statement[]>;

/** Where a list of statements ended. */
type Ending = 'end' | 'else';

const operandKinds: ReadonlySet<TokenKind> = new Set(
  'bool,character,dot,field,identifier,number,nil,string,variable,left'.split(',') as TokenKind[],
);

/** Reads a template. @throws Error in Go's words: `template: NAME:LINE: …`. */
export function parseTemplate(name: string, text: string, functions: ReadonlySet<string>): Templates {
  const fail = (message: string, at: number): Error => new Error(`template: ${name}:${text.slice(0, at).split('\n').length}: ${message}`);
  return new Parser(tokens(text), functions, fail).templates(name);
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #functions: ReadonlySet<string>;
  readonly #fail: (message: string, at: number) => Error;
  readonly #defined = new Map<string, readonly Statement[]>();
  #next = 0;
  #variables = ['$'];
  #loops = 0;

  constructor(all: readonly Token[], functions: ReadonlySet<string>, fail: (message: string, at: number) => Error) {
    this.#tokens = all;
    this.#functions = functions;
    this.#fail = fail;
  }

  templates(name: string): Templates {
    const statements: Statement[] = [];
    while (this.#peek().kind !== 'end') {
      if (this.#opens('define')) this.#definition();
      else {
        const found = this.#statement();
        if (typeof found === 'string') throw this.#error(`unexpected {{${found}}}`);
        statements.push(found);
      }
    }
    return this.#defined.set(name, statements);
  }

  #peek(offset = 0): Token {
    const last = this.#tokens.at(-1) as Token;
    return this.#tokens[this.#next + offset] ?? last;
  }

  #take(): Token {
    const token = this.#peek();
    this.#next++;
    return token;
  }

  #skipSpace(): Token {
    while (this.#peek().kind === 'space') this.#next++;
    return this.#peek();
  }

  #expect(kind: TokenKind, context: string): Token {
    const token = this.#skipSpace();
    if (token.kind !== kind) throw this.#unexpected(token, context);
    return this.#take();
  }

  #error(message: string): Error {
    return this.#fail(message, this.#peek().at);
  }

  #unexpected(token: Token, context: string): Error {
    return this.#fail(token.kind === 'error' ? token.text : `unexpected ${tokenText(token)} in ${context}`, token.at);
  }

  /** Whether the next statement is `{{word …`. */
  #opens(word: string): boolean {
    if (this.#peek().kind !== 'open') return false;
    let offset = 1;
    while (this.#peek(offset).kind === 'space') offset++;
    const { kind, text } = this.#peek(offset);
    return kind === 'keyword' && text === word;
  }

  #definition(): void {
    this.#take();
    this.#skipSpace();
    this.#take();
    const name = this.#quotedName('define clause');
    this.#expect('close', 'define clause');
    const outer = this.#variables;
    this.#variables = ['$'];
    const { statements, ending } = this.#statements();
    if (ending !== 'end') throw this.#error(`unexpected {{${ending}}} in define clause`);
    this.#variables = outer;
    this.#define(name, statements);
  }

  #define(name: string, statements: readonly Statement[]): void {
    if (this.#defined.has(name)) throw this.#error(`template: multiple definition of template ${goQuote(name)}`);
    this.#defined.set(name, statements);
  }

  #quotedName(context: string): string {
    const token = this.#expect('string', context);
    return goUnquote(token.text) ?? '';
  }

  /** Statements up to an `{{end}}` or an `{{else`, whose rest is left to the caller. */
  #statements(): { statements: Statement[]; ending: Ending } {
    const statements: Statement[] = [];
    while (this.#peek().kind !== 'end') {
      const found = this.#statement();
      if (typeof found === 'string') return { statements, ending: found };
      statements.push(found);
    }
    throw this.#error('unexpected EOF');
  }

  #endAction(context: string): void {
    this.#expect('close', context);
  }

  #statement(): Statement | Ending {
    const token = this.#take();
    if (token.kind === 'text') return { kind: 'text', text: token.text, at: token.at };
    if (token.kind === 'error') throw this.#unexpected(token, 'command');
    const first = this.#skipSpace();
    if (first.kind !== 'keyword') return { kind: 'action', at: first.at, pipeline: this.#pipeline('command', 'close') };
    this.#take();
    switch (first.text) {
      case 'if':
      case 'with':
      case 'range':
        return this.#branch(first.text, first.at);
      case 'break':
      case 'continue':
        return this.#jump(first.text, first.at);
      case 'template':
        return this.#invocation(first.at);
      case 'block':
        return this.#block(first.at);
      case 'end':
        this.#endAction('end');
        return 'end';
      case 'else':
        return 'else';
      default:
        throw this.#unexpected(first, 'command');
    }
  }

  #jump(kind: 'break' | 'continue', at: number): Statement {
    const token = this.#skipSpace();
    if (token.kind !== 'close') throw this.#unexpected(token, `{{${kind}}}`);
    if (this.#loops === 0) throw this.#error(`{{${kind}}} outside {{range}}`);
    this.#take();
    return { kind, at };
  }

  #invocation(at: number): Statement {
    const { at: nameAt } = this.#skipSpace();
    const name = this.#quotedName('template clause');
    if (this.#skipSpace().kind !== 'close')
      return { kind: 'template', at: nameAt, name, pipeline: this.#pipeline('template clause', 'close') };
    this.#take();
    return { kind: 'template', at: nameAt || at, name, pipeline: undefined };
  }

  #block(at: number): Statement {
    const name = this.#quotedName('block clause');
    const pipeline = this.#pipeline('block clause', 'close');
    const outer = this.#variables;
    this.#variables = ['$'];
    const { statements, ending } = this.#statements();
    if (ending !== 'end') throw this.#error(`unexpected {{${ending}}} in block clause`);
    this.#variables = outer;
    this.#define(name, statements);
    return { kind: 'template', at, name, pipeline };
  }

  #branch(kind: Branch['kind'], at: number): Branch {
    const seen = this.#variables.length;
    const pipeline = this.#pipeline(kind, 'close');
    if (kind === 'range') this.#loops++;
    const { statements: body, ending } = this.#statements();
    if (kind === 'range') this.#loops--;
    const otherwise = ending === 'else' ? this.#otherwise(kind) : [];
    this.#variables.length = seen;
    return { kind, at, pipeline, body, otherwise };
  }

  /** What follows `{{else`: another condition, whose `{{end}}` is also this one's, or statements. */
  #otherwise(kind: Branch['kind']): Statement[] {
    const word = this.#skipSpace();
    if (kind !== 'range' && word.kind === 'keyword' && word.text === kind) {
      this.#take();
      return [this.#branch(kind, word.at)];
    }
    if (word.kind === 'keyword' && word.text === 'if') throw this.#unexpected(word, 'input');
    this.#endAction('else');
    const { statements, ending } = this.#statements();
    if (ending === 'else') throw this.#error('expected end; found {{else}}');
    return statements;
  }

  #pipeline(context: string, closing: 'close' | 'right'): Pipeline {
    const { at } = this.#skipSpace();
    const { variables, assigns } = this.#declaration(context);
    const commands: Command[] = [];
    for (;;) {
      const token = this.#skipSpace();
      if (token.kind === closing) break;
      if (!operandKinds.has(token.kind)) throw this.#unexpected(token, context);
      commands.push(this.#command());
    }
    this.#check(commands, context);
    this.#take();
    return { kind: 'pipeline', at, variables, assigns, commands };
  }

  #check(commands: readonly Command[], context: string): void {
    if (commands.length === 0) throw this.#error(`missing value for ${context}`);
    const dead = commands.findIndex(({ words: [first] }, i) => i > 0 && /^(?:bool|dot|nil|number|string)$/.test(first?.kind ?? ''));
    if (dead > 0) throw this.#error(`non executable command in pipeline stage ${dead + 1}`);
  }

  /** `$x :=`, `$x =`, `$i, $x :=`. */
  #declaration(context: string): { variables: string[]; assigns: boolean } {
    const start = this.#next;
    const variables: string[] = [];
    while (this.#skipSpace().kind === 'variable') {
      variables.push(this.#take().text);
      const after = this.#skipSpace();
      if (after.kind === 'declare' || after.kind === 'assign') {
        this.#take();
        if (after.kind === 'declare') this.#variables.push(...variables);
        return { variables, assigns: after.kind === 'assign' };
      }
      if (after.text !== ',' || after.kind !== 'other') break;
      this.#take();
      if (context !== 'range' || variables.length === 2) throw this.#error(`too many declarations in ${context}`);
      if (this.#skipSpace().kind !== 'variable') throw this.#error('range can only initialize variables');
    }
    this.#next = start;
    return { variables: [], assigns: false };
  }

  #requireVariable(name: string): void {
    if (!this.#variables.includes(name)) throw this.#error(`undefined variable ${goQuote(name)}`);
  }

  #command(): Command {
    const { at } = this.#skipSpace();
    const words: Operand[] = [];
    for (;;) {
      this.#skipSpace();
      const word = this.#operand();
      if (word) words.push(word);
      const token = this.#peek();
      if (token.kind === 'close' || token.kind === 'right') break;
      this.#take();
      if (token.kind === 'space') continue;
      if (token.kind === 'pipe') break;
      throw this.#unexpected(token, 'operand');
    }
    if (words.length === 0) throw this.#error('empty command');
    return { kind: 'command', at, words };
  }

  #operand(): Operand | undefined {
    const term = this.#term();
    if (!term || this.#peek().kind !== 'field') return term;
    // Go counts the place of a path from its second field on.
    const { at } = this.#peek();
    const path: string[] = [];
    while (this.#peek().kind === 'field') path.push(this.#take().text.slice(1));
    switch (term.kind) {
      case 'field':
      case 'variable':
        return { ...term, at, path: [...term.path, ...path] };
      case 'function':
      case 'pipeline':
        return { kind: 'chain', at, of: term, path };
      default:
        throw this.#error(`unexpected . after term ${goQuote(nodeText(term))}`);
    }
  }

  #term(): Operand | undefined {
    const { kind, text, at } = this.#peek();
    if (!operandKinds.has(kind)) return undefined;
    this.#take();
    switch (kind) {
      case 'dot':
      case 'nil':
        return { kind, at };
      case 'bool':
        return { kind, at, value: text === 'true' };
      case 'field':
        return { kind, at, path: [text.slice(1)] };
      case 'variable':
        this.#requireVariable(text);
        return { kind, at, path: [text] };
      case 'identifier':
        if (!this.#functions.has(text)) throw this.#fail(`function ${goQuote(text)} not defined`, at);
        return { kind: 'function', at, name: text };
      case 'left':
        return this.#pipeline('parenthesized pipeline', 'right');
      default:
        return this.#constant(kind, text, at);
    }
  }

  #constant(kind: TokenKind, text: string, at: number): Operand {
    if (kind === 'number') return { kind, at, text, ...numberOf(text) };
    const value = goUnquote(text);
    if (kind === 'string' && value !== undefined) return { kind, at, text, value };
    const [character, more] = value ?? '';
    if (kind !== 'character' || character === undefined || more !== undefined) {
      throw this.#fail(kind === 'string' ? 'invalid syntax' : `malformed character constant: ${text}`, at);
    }
    return { kind: 'number', at, text, value: character.codePointAt(0) ?? 0, float: false };
  }
}

function tokenText({ kind, text }: Token): string {
  if (kind === 'end') return 'EOF';
  if (kind === 'keyword' || kind === 'dot' || kind === 'nil') return `<${text}>`;
  return text.length > 10 ? `${goQuote(text.slice(0, 10))}...` : goQuote(text);
}
