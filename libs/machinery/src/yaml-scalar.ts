import { byteLength } from './go-text.ts';

/** Where a string is written. */
export interface Place {
  /** Of the map or list it stands in. */
  readonly indent: number;
  /** Where its first character will stand. */
  readonly column: number;
  /** Keys are never folded or spread over lines. */
  readonly key: boolean;
}

/** Past this column the next space becomes a line break. */
const width = 80;

/** A string in the style go-yaml chooses: plain, 'single', "double" or | literal. */
export function yamlText(text: string, place: Place): string {
  if (text.includes('\n')) return !place.key && literalAllowed(text) ? literal(text, place.indent + 2) : doubleQuoted(text, place);
  if (!readsAsString(text)) return doubleQuoted(text, place);
  if (plainAllowed(text)) return folded(text, '', place);
  return singleAllowed(text) ? folded(text, "'", place) : doubleQuoted(text, place);
}

const words =
  /^(?:|~|null|Null|NULL|y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON|n|N|no|No|NO|false|False|FALSE|off|Off|OFF|\.nan|\.NaN|\.NAN|[+-]?\.(?:inf|Inf|INF))$/;
const integer = /^[+-]?(?:0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+)$/;
const float = /^[+-]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][+-]?[0-9]+)?$/;
const base60 = /^[+-]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;
const timestamp =
  /^\d{4}-(?:0?[1-9]|1[0-2])-(?:0?[1-9]|[12]\d|3[01])(?:[Tt]\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)| \d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?)?$/;

/** False for what YAML 1.1, as go-yaml reads it, takes for something other than a string when it stands unquoted. */
export function readsAsString(text: string): boolean {
  if (words.test(text) || base60.test(text) || timestamp.test(text)) return false;
  if (!/^[+\-.0-9]/.test(text)) return true;
  const digits = text.replaceAll('_', '');
  return !integer.test(digits) && !(float.test(digits) && Number.isFinite(Number(digits)));
}

/** What libyaml does not call printable: a tab, and all that UTF-8 has four bytes for. */
const special = /[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/u;
const lineBreak = /[\n\r\x85\u2028\u2029]/;

function plainAllowed(text: string): boolean {
  if (special.test(text) || lineBreak.test(text) || /^ | $/.test(text)) return false;
  if (/^(?:---|\.\.\.)/.test(text) || /^[#,[\]{}&*!|>'"%@`]/.test(text) || /^[-?:](?: |$)/.test(text)) return false;
  return !/:(?: |$)| #/.test(text);
}

function singleAllowed(text: string): boolean {
  return !special.test(text);
}

const longestKey = 128;

/** Whether a key stands before its colon; what is long, or breaks lines, stands after a question mark. */
export function isSimpleKey(text: string): boolean {
  return byteLength(text) <= longestKey && !lineBreak.test(text);
}

/** Not where a line, or the whole, ends in spaces. */
function literalAllowed(text: string): boolean {
  return !special.test(text) && !/ (?:\n|$)/.test(text);
}

function literal(text: string, indent: number): string {
  const hint = /^[ \n]/.test(text) ? '2' : '';
  const chomp = !text.endsWith('\n') ? '-' : /(?:^|\n)\n$/.test(text) ? '+' : '';
  const body = text.endsWith('\n') ? text.slice(0, -1) : text;
  const lines = body.split('\n').map((line) => (line === '' ? '' : ' '.repeat(indent) + line));
  return `|${hint}${chomp}\n${lines.join('\n')}`;
}

/** Breaks at single spaces past the width; the break reads as that space. */
function folded(text: string, quote: '' | "'", { indent, column, key }: Place): string {
  let out = quote;
  let at = column + quote.length;
  const characters = [...text];
  for (const [i, character] of characters.entries()) {
    const single = character === ' ' && characters[i - 1] !== ' ' && characters[i + 1] !== ' ';
    if (single && !key && at > width && i > 0 && i < characters.length - 1) {
      out += `\n${' '.repeat(indent + 2)}`;
      at = indent + 2;
    } else {
      const written = quote !== '' && character === "'" ? "''" : character;
      out += written;
      at += written.length;
    }
  }
  return out + quote;
}

const escapes: Readonly<Record<string, string>> = {
  '\0': '\\0',
  '\u0007': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\u001b': '\\e',
  '"': '\\"',
  '\\': '\\\\',
  '\u0085': '\\N',
  '\u2028': '\\L',
  '\u2029': '\\P',
};

/** Breaks at spaces past the width; a space after the break is escaped so that it stays. */
function doubleQuoted(text: string, { indent, column, key }: Place): string {
  let out = '"';
  let at = column + 1;
  let afterSpace = false;
  const characters = [...text];
  for (const [i, character] of characters.entries()) {
    if (character === ' ' && !key && !afterSpace && at > width && i > 0 && i < characters.length - 1) {
      const mark = characters[i + 1] === ' ' ? '\\' : '';
      out += `\n${' '.repeat(indent + 2)}${mark}`;
      at = indent + 2 + mark.length;
    } else {
      const written = escapes[character] ?? (special.test(character) ? escaped(character) : character);
      out += written;
      at += written.length;
    }
    afterSpace = character === ' ';
  }
  return `${out}"`;
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
