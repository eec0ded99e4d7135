import { CompileError } from './errors.ts';
import type { Literal } from './expr.ts';

export interface Token {
  readonly kind: 'name' | 'literal' | 'symbol' | 'end';
  /** A name without its backquotes, a symbol, or a literal as written. */
  readonly text: string;
  readonly at: number;
  readonly value?: Literal;
  /** Written in backquotes: a field's name, never a variable. */
  readonly quoted?: boolean;
}

const pattern = new RegExp(
  [
    /(?<space>[ \t\r\n\f]+|\/\/[^\n]*)/,
    /(?<text>(?:[rR][bB]?|[bB][rR]?)?(?:"""|'''|"|'))/,
    /(?<hex>0[xX][0-9a-fA-F]+[uU]?)/,
    /(?<double>[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)/,
    /(?<whole>[0-9]+[uU]?)/,
    /(?<name>[A-Za-z_][A-Za-z0-9_]*)/,
    /(?<quoted>`[A-Za-z0-9_.\-/ ]+`)/,
    /(?<symbol>==|!=|<=|>=|&&|\|\||[-+*/%<>!?:.,()[\]{}])/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'y',
);

const constants: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
]);

/** @throws CompileError at the first character that begins nothing. */
export function tokens(source: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  while (at < source.length) {
    pattern.lastIndex = at;
    const groups = pattern.exec(source)?.groups;
    if (!groups)
      throw new CompileError(source, [{ at, message: `Syntax error: token recognition error at: '${source.slice(at, at + 1)}'` }]);
    const next = groups.text === undefined ? undefined : readText(source, at, groups.text);
    const text = next ? source.slice(at, next.end) : (Object.values(groups).find((one) => one !== undefined) ?? '');
    const token = next ? ({ kind: 'literal', text, at, value: next.value } as const) : tokenOf(source, groups, text, at);
    if (token) found.push(token);
    at += text.length;
  }
  return [...found, { kind: 'end', text: '<EOF>', at }];
}

function tokenOf(source: string, groups: Readonly<Record<string, string | undefined>>, text: string, at: number): Token | undefined {
  if (groups.space !== undefined) return undefined;
  if (groups.symbol !== undefined || text === 'in') return { kind: 'symbol', text, at };
  if (groups.quoted !== undefined) return { kind: 'name', text: text.slice(1, -1), at, quoted: true };
  if (groups.name !== undefined) {
    const value = constants.get(text);
    return value === undefined ? { kind: 'name', text, at } : { kind: 'literal', text, at, value };
  }
  if (groups.double !== undefined) return { kind: 'literal', text, at, value: Number(text) };
  const unsigned = /[uU]$/.test(text);
  const value = BigInt(unsigned ? text.slice(0, -1) : text);
  if (unsigned && value >= 1n << 64n) throw new CompileError(source, [{ at, message: 'Syntax error: invalid uint literal' }]);
  return { kind: 'literal', text, at, value: unsigned ? { uint: value } : value };
}

interface Text {
  readonly value: string | Uint8Array;
  readonly end: number;
}

/** A literal of text or bytes, from its prefix and opening quote on. */
function readText(source: string, at: number, opening: string): Text {
  const [, prefix = '', quote = ''] = /^([a-zA-Z]*)(.*)$/.exec(opening) ?? [];
  const raw = /r/i.test(prefix);
  const start = at + opening.length;
  let end = start;
  while (!source.startsWith(quote, end)) {
    const char = source[end];
    if (char === undefined || (quote.length === 1 && char === '\n'))
      throw new CompileError(source, [{ at, message: `Syntax error: token recognition error at: '${source.slice(at, end)}'` }]);
    end += char === '\\' && !raw ? 2 : 1;
  }
  const body = source.slice(start, end);
  const problem = (message: string): CompileError => new CompileError(source, [{ at, message: `Syntax error: ${message}` }]);
  const bytes = /b/i.test(prefix);
  if (raw) return { value: bytes ? new TextEncoder().encode(body) : body, end: end + quote.length };
  return { value: bytes ? plainBytes(body, problem) : plainText(body, problem), end: end + quote.length };
}

const escapes: Readonly<Record<string, string>> = {
  ...{ a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
  ...{ '\\': '\\', '?': '?', '"': '"', "'": "'", '`': '`' },
};

const escapeSequence = /\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|[xX]([0-9a-fA-F]{2})|([0-3][0-7]{2})|([\s\S]|$))/g;

function plainText(body: string, problem: (message: string) => Error): string {
  return body.replaceAll(escapeSequence, (_all, short?: string, long?: string, hex?: string, octal?: string, single?: string) => {
    const code = short ?? long ?? hex;
    const point = code !== undefined ? Number.parseInt(code, 16) : octal !== undefined ? Number.parseInt(octal, 8) : undefined;
    if (point === undefined) return escapes[single ?? ''] ?? fail(problem('invalid escape sequence'));
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return fail(problem('invalid unicode code point'));
    return String.fromCodePoint(point);
  });
}

/** In bytes, `\x` and octal escapes are bytes; everything else is its UTF-8. */
function plainBytes(body: string, problem: (message: string) => Error): Uint8Array {
  const found: number[] = [];
  let from = 0;
  for (const match of body.matchAll(escapeSequence)) {
    found.push(...new TextEncoder().encode(body.slice(from, match.index)));
    const [, short, long, hex, octal, single] = match;
    if (short !== undefined || long !== undefined) fail(problem('unicode escapes are not allowed in bytes'));
    if (hex !== undefined) found.push(Number.parseInt(hex, 16));
    else if (octal !== undefined) found.push(Number.parseInt(octal, 8));
    else found.push(...new TextEncoder().encode(escapes[single ?? ''] ?? fail(problem('invalid escape sequence'))));
    from = match.index + match[0].length;
  }
  found.push(...new TextEncoder().encode(body.slice(from)));
  return Uint8Array.from(found);
}

function fail(error: Error): never {
  throw error;
}
