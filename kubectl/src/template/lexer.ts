import { goQuote } from '@keelson/machinery';
import { unicodePoint } from './quote.ts';

export type TokenKind =
  | 'text'
  | 'open'
  | 'close'
  | 'space'
  | 'identifier'
  | 'keyword'
  | 'bool'
  | 'dot'
  | 'nil'
  | 'field'
  | 'variable'
  | 'number'
  | 'character'
  | 'string'
  | 'assign'
  | 'declare'
  | 'pipe'
  | 'left'
  | 'right'
  | 'other'
  /** Nothing can be read from here on; the text is the reason. */
  | 'error'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** Offset into the template. */
  readonly at: number;
}

/** What cannot be read, and where. */
class LexError extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

const keywords = new Set(['block', 'break', 'continue', 'define', 'else', 'end', 'if', 'range', 'template', 'with']);
const opening = '{{';
const closing = '}}';
const trimmedClose = /^[ \t\r\n]-\}\}/;
const leadingSpace = /^[ \t\r\n]+/;
const trailingSpace = /[ \t\r\n]+$/;

/**
 * Takes a template apart; trim markers and comments are gone from what it answers. What cannot be read is a last token, so that a mistake
 * before it is told first.
 */
export function tokens(template: string): Token[] {
  const found: Token[] = [];
  try {
    readAll(template, found);
    found.push({ kind: 'end', text: '', at: template.length });
  } catch (error) {
    if (!(error instanceof LexError)) throw error;
    found.push({ kind: 'error', text: error.message, at: error.at });
  }
  return found;
}

function readAll(template: string, found: Token[]): void {
  let at = 0;
  let trimNext = false;
  for (;;) {
    const open = template.indexOf(opening, at);
    const raw = template.slice(at, open < 0 ? undefined : open);
    const skipped = trimNext ? (leadingSpace.exec(raw)?.[0].length ?? 0) : 0;
    const trimsLeft = open >= 0 && /^-[ \t\r\n]/.test(template.slice(open + 2, open + 4));
    const text = trimsLeft ? raw.slice(skipped).replace(trailingSpace, '') : raw.slice(skipped);
    if (text !== '') found.push({ kind: 'text', text, at: at + skipped });
    if (open < 0) return;
    const inside = open + 2 + (trimsLeft ? 2 : 0);
    const comment = template.startsWith('/*', inside);
    const action = comment ? commentEnd(template, inside) : readAction(template, open, inside, found);
    at = action.at;
    trimNext = action.trims;
  }
}

interface ActionEnd {
  readonly at: number;
  readonly trims: boolean;
}

function commentEnd(template: string, from: number): ActionEnd {
  const end = template.indexOf('*/', from);
  if (end < 0) throw new LexError('unclosed comment', from);
  const after = template.slice(end + 2, end + 6);
  if (after.startsWith(closing)) return { at: end + 4, trims: false };
  if (trimmedClose.test(after)) return { at: end + 6, trims: true };
  throw new LexError('comment ends before closing delimiter', from);
}

function readAction(template: string, open: number, from: number, found: Token[]): ActionEnd {
  found.push({ kind: 'open', text: opening, at: open });
  let at = from;
  let depth = 0;
  for (;;) {
    const trims = trimmedClose.test(template.slice(at, at + 4));
    if (trims || template.startsWith(closing, at)) {
      if (depth > 0) throw new LexError('unclosed left paren', at);
      found.push({ kind: 'close', text: closing, at: trims ? at + 2 : at });
      return { at: at + (trims ? 4 : 2), trims };
    }
    const token = readToken(template, at);
    if (token.kind === 'left') depth++;
    if (token.kind === 'right' && --depth < 0) throw new LexError('unexpected right paren', at);
    found.push(token);
    at += token.text.length;
  }
}

const punctuation: Readonly<Record<string, TokenKind>> = { '=': 'assign', '|': 'pipe', '(': 'left', ')': 'right' };
const openEnds: Readonly<Record<string, string>> = {
  '"': 'unterminated quoted string',
  "'": 'unterminated character constant',
  '`': 'unterminated raw quoted string',
};

function readToken(template: string, at: number): Token {
  const rest = template.slice(at);
  const first = rest[0];
  if (first === undefined) throw new LexError('unclosed action', at);
  const token = (kind: TokenKind, text: string): Token => ({ kind, text, at });
  const space = leadingSpace.exec(rest)?.[0];
  if (space !== undefined) return token('space', trimmedClose.test(rest.slice(space.length - 1)) ? space.slice(0, -1) : space);
  if (rest.startsWith(':=')) return token('declare', ':=');
  if (first === ':') throw new LexError('expected :=', at);
  const known = punctuation[first];
  if (known) return token(known, first);
  if (first in openEnds) return readQuoted(rest, at);
  if (first === '$' || (first === '.' && !/^\.[0-9]/.test(rest))) return readName(rest, at);
  if (/^[-+.0-9]/.test(rest)) return token('number', readNumber(rest, at));
  const word = /^[\p{L}\p{Nd}_]+/u.exec(rest)?.[0];
  if (word !== undefined) return readWord(word, rest, at);
  if (/^[\x20-\x7e]/.test(rest)) return token('other', first);
  throw new LexError(`unrecognized character in action: ${unicodePoint(rest)}`, at);
}

function readQuoted(rest: string, at: number): Token {
  const first = rest[0] ?? '';
  const pattern = { '"': /^"(?:[^"\\\n]|\\[^\n])*"/, "'": /^'(?:[^'\\\n]|\\[^\n])*'/, '`': /^`[^`]*`/ }[first];
  const text = pattern?.exec(rest)?.[0];
  if (text === undefined) throw new LexError(openEnds[first] ?? '', at);
  return { kind: first === "'" ? 'character' : 'string', text, at };
}

/** `.name`, `.`, `$name`, `$`. */
function readName(rest: string, at: number): Token {
  const text = /^[.$][\p{L}\p{Nd}_]*/u.exec(rest)?.[0] ?? '';
  requireEnd(rest, text, at);
  if (text === '.') return { kind: 'dot', text, at };
  return { kind: text.startsWith('$') ? 'variable' : 'field', text, at };
}

function readWord(word: string, rest: string, at: number): Token {
  requireEnd(rest, word, at);
  const kind = keywords.has(word) ? 'keyword' : word === 'true' || word === 'false' ? 'bool' : word === 'nil' ? 'nil' : 'identifier';
  return { kind, text: word, at };
}

function requireEnd(rest: string, word: string, at: number): void {
  const after = rest.slice(word.length);
  if (after === '' || /^(?:[ \t\r\n.,|:()]|\}\})/.test(after)) return;
  throw new LexError(`bad character ${unicodePoint(after)}`, at);
}

const numberText = /^[-+]?(?:0[xX][0-9a-fA-F_]+|0[oO]?[0-7_]+(?![0-9.eE])|0[bB][01_]+|[0-9_]*\.?[0-9_]*(?:[eE][-+]?[0-9_]+)?)/;

function readNumber(rest: string, at: number): string {
  const text = numberText.exec(rest)?.[0] ?? '';
  const more = /^[\p{L}\p{Nd}_]/u.exec(rest.slice(text.length))?.[0] ?? '';
  const after = rest[text.length] ?? '';
  if (/^[-+]$/.test(text)) throw new LexError(`illegal number syntax: ${goQuote(text)}`, at);
  if (/[-+]/.test(after)) throw new LexError(`bad number syntax: ${goQuote(text + after)}`, at);
  if (more !== '' || !/[0-9]/.test(text)) throw new LexError(`bad number syntax: ${goQuote(text + more)}`, at);
  return text;
}
