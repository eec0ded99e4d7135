import type { Issue } from './errors.ts';
import type { Literal } from './expr.ts';

export interface Token {
  /** As upstream's messages name it: an operator, `IDENTIFIER`, `NUM_INT`, `<EOF>`. */
  readonly sort: string;
  /** A name without its backquotes; anything else as written. */
  readonly text: string;
  readonly source: string;
  readonly at: number;
  /** Space and comments before it. */
  readonly space: string;
}

const pattern = new RegExp(
  [
    /(?<space>[ \t\r\n\f]+|\/\/[^\n]*)/,
    /(?<hex>0x[0-9a-fA-F]+u?)/,
    /(?<double>[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)/,
    /(?<whole>[0-9]+[uU]?)/,
    /(?<name>[A-Za-z_][A-Za-z0-9_]*)/,
    /(?<quoted>`[A-Za-z0-9_.\-/ ]+`)/,
    /(?<symbol>==|!=|<=|>=|&&|\|\||[-+*/%<>!?:.,()[\]{}])/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'y',
);

const words = new Set(['true', 'false', 'null', 'in']);

/** All tokens, and what begins none. */
export function tokens(whole: string): { readonly tokens: readonly Token[]; readonly issues: readonly Issue[] } {
  const found: Token[] = [];
  const issues: Issue[] = [];
  let space = '';
  for (let at = 0; at < whole.length; ) {
    const length = textLength(whole, at) ?? plainLength(whole, at);
    if (typeof length !== 'number') {
      issues.push({ at, message: `Syntax error: token recognition error at: '${whole.slice(at, length.failed)}'` });
      at = length.failed;
      continue;
    }
    const source = whole.slice(at, at + length);
    const sort = sortOf(source);
    if (sort === undefined) space += source;
    else {
      found.push({ sort, text: sort === 'ESC_IDENTIFIER' ? source.slice(1, -1) : source, source, at, space });
      space = '';
    }
    at += length;
  }
  return { tokens: [...found, { sort: '<EOF>', text: '', source: '', at: whole.length, space }], issues };
}

/** Where reading failed: after the character that did not fit. */
interface Failure {
  readonly failed: number;
}

function plainLength(whole: string, at: number): number | Failure {
  pattern.lastIndex = at;
  const found = pattern.exec(whole)?.[0].length;
  if (found !== undefined) return found;
  const begun = /(?:[=&|]|`[A-Za-z0-9_.\-/ ]*)?/y;
  begun.lastIndex = at;
  const length = begun.exec(whole)?.[0].length ?? 0;
  return { failed: Math.min(at + length + characterLength(whole, at + length), whole.length) };
}

function characterLength(whole: string, at: number): number {
  return String.fromCodePoint(whole.codePointAt(at) ?? 0).length;
}

/** The length of text or bytes that begin here; undefined when none do. */
function textLength(whole: string, at: number): number | Failure | undefined {
  const opening = /([bB]?[rR]?)("""|'''|"|')/y;
  opening.lastIndex = at;
  const match = opening.exec(whole);
  if (!match) return undefined;
  const [, prefix = '', quote = ''] = match;
  const end = closing(whole, at + match[0].length, quote, /r/i.test(prefix));
  if (typeof end === 'number') return end - at;
  // Two quotes are an empty text, whatever comes of the third; a prefix is a name, whatever comes of the text.
  if (quote.length === 3) return prefix.length + 2;
  return prefix === '' ? end : prefix.length;
}

const escapeForm = /\\(?:[abfnrtv"'\\?`]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2})/y;
const begunEscape = /\\(?:[xX][0-9a-fA-F]?|u[0-9a-fA-F]{0,3}|U[0-9a-fA-F]{0,7}|[0-3][0-7]?)?/y;

function closing(whole: string, start: number, quote: string, raw: boolean): number | Failure {
  for (let at = start; at < whole.length; ) {
    if (whole.startsWith(quote, at)) return at + quote.length;
    if (whole[at] === '\\' && !raw) {
      escapeForm.lastIndex = at;
      begunEscape.lastIndex = at;
      const length = escapeForm.exec(whole)?.[0].length;
      const begun = begunEscape.exec(whole)?.[0].length ?? 0;
      if (length === undefined) return { failed: Math.min(at + begun + 1, whole.length) };
      at += length;
    } else if (quote.length === 1 && (whole[at] === '\n' || whole[at] === '\r')) return { failed: at + 1 };
    else at++;
  }
  return { failed: whole.length };
}

/** Undefined for space and comments. */
function sortOf(source: string): string | undefined {
  if (words.has(source)) return source;
  if (/^(?:[bB]?[rR]?)["']/.test(source)) return /^b/i.test(source) ? 'BYTES' : 'STRING';
  pattern.lastIndex = 0;
  const groups = pattern.exec(source)?.groups ?? {};
  if (groups.space !== undefined) return undefined;
  if (groups.symbol !== undefined) return source;
  if (groups.quoted !== undefined) return 'ESC_IDENTIFIER';
  if (groups.name !== undefined) return 'IDENTIFIER';
  if (groups.double !== undefined) return 'NUM_FLOAT';
  return /u$/i.test(source) ? 'NUM_UINT' : 'NUM_INT';
}

const constants: Readonly<Record<string, Literal>> = { true: true, false: false, null: null };

/** What a literal stands for; why it stands for nothing. */
export function literalOf({ sort, source }: Token, negative: boolean): { readonly value: Literal } | { readonly problem: string } {
  if (sort === 'STRING' || sort === 'BYTES') return textOf(source, sort === 'BYTES');
  if (sort === 'NUM_FLOAT') {
    const value = Number(source);
    return Number.isFinite(value) ? { value: negative ? -value : value } : { problem: 'invalid double literal' };
  }
  if (sort === 'NUM_UINT') {
    const value = BigInt(source.slice(0, -1));
    return BigInt.asUintN(64, value) === value ? { value: { uint: value } } : { problem: 'invalid uint literal' };
  }
  if (sort !== 'NUM_INT') return { value: constants[source] ?? null };
  const value = negative ? -BigInt(source) : BigInt(source);
  return BigInt.asIntN(64, value) === value ? { value } : { problem: 'invalid int literal' };
}

function textOf(source: string, bytes: boolean): { readonly value: Literal } | { readonly problem: string } {
  const [, prefix = '', quote = '', body = ''] = /^([a-zA-Z]*)("""|'''|"|')(.*)\2$/s.exec(source) ?? [];
  const lines = body.replaceAll(/\r\n?/g, '\n');
  if (/r/i.test(prefix)) return { value: bytes ? new TextEncoder().encode(lines) : lines };
  const value = quote === '' ? undefined : bytes ? plainBytes(lines) : plainText(lines);
  return value === undefined ? { problem: 'unable to unescape string' } : { value };
}

const escapes: Readonly<Record<string, string>> = {
  ...{ a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
  ...{ '\\': '\\', '?': '?', '"': '"', "'": "'", '`': '`' },
};

const escapeSequence = /\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|[xX]([0-9a-fA-F]{2})|([0-3][0-7]{2})|([\s\S]))/g;

/** Undefined for text with an escape that is no character. */
function plainText(body: string): string | undefined {
  let right = true;
  const text = body.replaceAll(escapeSequence, (_all, short?: string, long?: string, hex?: string, octal?: string, single?: string) => {
    const code = short ?? long ?? hex;
    const point = code !== undefined ? Number.parseInt(code, 16) : octal !== undefined ? Number.parseInt(octal, 8) : undefined;
    if (point === undefined) return escapes[single ?? ''] ?? '';
    const isCharacter = point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff);
    right &&= isCharacter;
    return isCharacter ? String.fromCodePoint(point) : '';
  });
  return right ? text : undefined;
}

/** In bytes, `\x` and octal escapes are bytes; everything else is its UTF-8. Undefined where a character is escaped. */
function plainBytes(body: string): Uint8Array | undefined {
  const found: number[] = [];
  let from = 0;
  for (const match of body.matchAll(escapeSequence)) {
    found.push(...new TextEncoder().encode(body.slice(from, match.index)));
    const [, short, long, hex, octal, single] = match;
    if (short !== undefined || long !== undefined) return undefined;
    if (hex !== undefined) found.push(Number.parseInt(hex, 16));
    else if (octal !== undefined) found.push(Number.parseInt(octal, 8));
    else found.push(...new TextEncoder().encode(escapes[single ?? ''] ?? ''));
    from = match.index + match[0].length;
  }
  found.push(...new TextEncoder().encode(body.slice(from)));
  return Uint8Array.from(found);
}
