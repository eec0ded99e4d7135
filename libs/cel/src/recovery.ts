import type { Issue } from './errors.ts';
import type { Token } from './lexer.ts';

/** Sorts of tokens in the order in which messages list them; those with a sign are shown in quotes. */
const order = [
  ...['==', '!=', 'in', '<', '<=', '>=', '>', '&&', '||', '[', ']', '{', '}', '(', ')', '.', ',', '-', '!', '?', ':', '+', '*', '/', '%'],
  ...['true', 'false', 'null', 'NUM_FLOAT', 'NUM_INT', 'NUM_UINT', 'STRING', 'BYTES', 'IDENTIFIER', 'ESC_IDENTIFIER', '<EOF>'],
];

export type Sorts = ReadonlySet<string>;

export function sorts(...names: readonly string[]): Sorts {
  return new Set(names);
}

/** What may come after a part of the grammar. */
export interface Follow {
  readonly sorts: Sorts;
  /** Whether the part around it may end here too. */
  readonly open: boolean;
}

/** Ends the part of the grammar that is being read. */
class Unexpected extends Error {
  readonly token: Token;
  /** Where in the grammar. */
  readonly place: string;

  constructor(token: Token, message: string, place: string) {
    super(message);
    this.token = token;
    this.place = place;
  }
}

/**
 * The tokens of an expression, with what upstream's parser (ANTLR's usual strategy) does where they are not those that are expected: one that
 * is too much is passed over, one that is missing is thought to be there, else what is being read ends, and reading goes on with what may
 * come after it.
 */
export class Recovery {
  readonly issues: Issue[] = [];
  readonly #tokens: readonly Token[];
  readonly #follows: Follow[] = [];
  /** Nothing more is said until a token is as expected. */
  #quiet = false;
  #next = 0;
  #lastError = -1;
  /** What could not be read at the token of the last failure. */
  readonly #failed = new Set<string>();

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#next + ahead, this.#tokens.length - 1)] as Token;
  }

  /** The next token when it is of a sort, taken. */
  take(sort: string): Token | undefined {
    const token = this.peek();
    if (token.sort !== sort) return undefined;
    this.#matched();
    return token;
  }

  /** The token that must come here, or one that stands for it. */
  match(sort: string, after: Follow): Token {
    const token = this.take(sort);
    if (token) return token;
    const wanted = sorts(sort);
    if (this.#skipOne(wanted)) return this.match(sort, after);
    const found = this.peek();
    if (!this.#mayFollow(found, after)) throw this.#mismatch(wanted);
    this.#say(found, `missing ${list(wanted)} at ${shown(found)}`);
    return { ...found, text: '', sort };
  }

  /** Sees to it that one of these comes next, where one must. */
  expect(wanted: Sorts): void {
    if (wanted.has(this.peek().sort) || this.#skipOne(wanted)) return;
    throw this.#mismatch(wanted);
  }

  /** As `expect`, within a row of the same: all that does not belong is passed over. */
  expectMore(wanted: Sorts): void {
    const token = this.peek();
    if (wanted.has(token.sort)) return;
    this.#say(token, `extraneous input ${shown(token)} expecting ${list(wanted)}`);
    this.#skipTo(new Set([...wanted, ...this.#known()]));
  }

  /** @throws what ends the part that is being read: none of its forms begins with these tokens. @param count how many of them */
  fail(count: number): never {
    const read = this.#tokens.slice(this.#next, this.#next + count);
    const text = read.map(({ space, source }, i) => (i === 0 ? source : space + source)).join('');
    const word = /^.(true|false|null)$/s.exec(text)?.[1];
    const what = word === undefined ? `no viable alternative at input ${quoted(text)}` : `mismatched input '${word}' expecting IDENTIFIER`;
    throw new Unexpected(this.peek(count - 1), what, '');
  }

  /** Reads a part of the grammar; what is wrong within ends it, and `broken` stands for it. @param after what may come after it */
  part<T>(after: Follow, read: () => T, broken: T): T {
    this.#follows.push(after);
    try {
      return read();
    } catch (error) {
      if (!(error instanceof Unexpected)) throw error;
      this.#say(error.token, error.message);
      this.#quiet = true;
      this.#goOn(error.place);
      this.#skipTo(this.#known());
      return broken;
    } finally {
      this.#follows.pop();
    }
  }

  /** The same failure at the same token again would have no end. */
  #goOn(place: string): void {
    if (this.#lastError === this.#next && this.#failed.has(place)) this.#consume();
    if (this.#lastError !== this.#next) this.#failed.clear();
    this.#lastError = this.#next;
    this.#failed.add(place);
  }

  #matched(): void {
    this.#quiet = false;
    this.#failed.clear();
    this.#lastError = -1;
    this.#consume();
  }

  #consume(): void {
    if (this.#next < this.#tokens.length - 1) this.#next++;
  }

  /** Passes over one token when the one behind it will do. */
  #skipOne(wanted: Sorts): boolean {
    if (this.peek().sort === '<EOF>' || !wanted.has(this.peek(1).sort)) return false;
    this.#say(this.peek(), `extraneous input ${shown(this.peek())} expecting ${list(wanted)}`);
    this.#consume();
    this.#quiet = false;
    return true;
  }

  #mayFollow({ sort }: Token, after: Follow): boolean {
    for (const { sorts: known, open } of [after, ...this.#follows.toReversed()]) {
      if (known.has(sort)) return true;
      if (!open) return false;
    }
    return false;
  }

  #known(): Sorts {
    return new Set(this.#follows.flatMap(({ sorts: known }) => [...known]));
  }

  #skipTo(wanted: Sorts): void {
    while (this.peek().sort !== '<EOF>' && !wanted.has(this.peek().sort)) this.#consume();
  }

  #mismatch(wanted: Sorts): Unexpected {
    return new Unexpected(this.peek(), `mismatched input ${shown(this.peek())} expecting ${list(wanted)}`, list(wanted));
  }

  #say({ at }: Token, message: string): void {
    if (!this.#quiet) this.issues.push({ at, message: `Syntax error: ${message}` });
    this.#quiet = true;
  }
}

function list(wanted: Sorts): string {
  const named = order.filter((sort) => wanted.has(sort)).map((sort) => (/^[A-Z<][A-Z_]+|^<EOF>$/.test(sort) ? sort : `'${sort}'`));
  return named.length === 1 ? (named[0] ?? '') : `{${named.join(', ')}}`;
}

function shown({ sort, source }: Token): string {
  return quoted(sort === '<EOF>' ? sort : source);
}

function quoted(text: string): string {
  return `'${text.replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t')}'`;
}
