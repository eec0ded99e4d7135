/** Characters for which Go's quoted strings have an escape of one letter. */
export const goEscapes: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};

/** A string as Go's `%q` prints it: double quotes, and what cannot be printed escaped. */
export function goQuote(text: string): string {
  return goQuoteAs(text, {});
}

/** As `goQuote`, in other quotes, or with all escaped that is not ASCII, as `%+q` does. */
export function goQuoteAs(text: string, { ascii = false, quote = '"' }: { ascii?: boolean; quote?: '"' | "'" }): string {
  const shown = (character: string): boolean => isPrintable(character) && !(ascii && character > '~');
  let out: string = quote;
  for (const character of text)
    out += character === quote ? `\\${quote}` : (goEscapes[character] ?? (shown(character) ? character : goEscape(character)));
  return out + quote;
}

/** True for one code point that Go's `unicode.IsPrint` accepts: letters, marks, numbers, punctuation, symbols and the ASCII space. */
export function isPrintable(character: string): boolean {
  return character === ' ' || /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(character);
}

function goEscape(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code < 0x80) return `\\x${hex.padStart(2, '0')}`;
  return code > 0xffff ? `\\U${hex.padStart(8, '0')}` : `\\u${hex.padStart(4, '0')}`;
}

/** JSON as Go's encoder writes it: `<`, `>`, `&` and the line separators escaped. `undefined` is null. */
export function goJson(value: unknown): string {
  const text = JSON.stringify(value) ?? 'null';
  return text.replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const encoder = new TextEncoder();

/** Length in UTF-8 bytes, as Go's `len` counts. */
export function byteLength(text: string): number {
  return encoder.encode(text).length;
}

/** Go's order of strings: by bytes, which is by code points. */
export function compareStrings(a: string, b: string): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return surrogateLast(left) - surrogateLast(right);
  }
  return a.length - b.length;
}

/** UTF-16 sorts surrogates before U+E000 to U+FFFF; code points do not. */
function surrogateLast(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** A value as Go's `%v` prints decoded JSON: `map[a:1 b:[x y]]`. */
export function goPrint(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goPrint).join(' ')}]`;
  if (typeof value !== 'object' || value === null) return value === null ? '<nil>' : String(value);
  const entries = Object.entries(value).sort(([a], [b]) => compareStrings(a, b));
  return `map[${entries.map(([key, inner]) => `${key}:${goPrint(inner)}`).join(' ')}]`;
}

/** The same value with the members of its objects in order, as Go writes maps. */
export function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).sort(([a], [b]) => compareStrings(a, b));
  return Object.fromEntries(members.map(([name, member]) => [name, inOrder(member)]));
}

/**
 * Decoded JSON as Go's `%#v` prints it: `map[string]interface {}{"a":1}`.
 * @param mapType of its maps: what go-yaml has read has keys of any type.
 */
export function goSyntax(value: unknown, mapType = 'map[string]interface {}'): string {
  const inner = (one: unknown): string => goSyntax(one, mapType);
  if (Array.isArray(value)) return `[]interface {}{${value.map(inner).join(', ')}}`;
  if (typeof value !== 'object') return typeof value === 'string' ? goQuote(value) : String(value);
  if (value === null) return 'interface {}(nil)';
  const entries = Object.entries(value).sort(([a], [b]) => compareStrings(a, b));
  return `${mapType}{${entries.map(([key, one]) => `${goQuote(key)}:${inner(one)}`).join(', ')}}`;
}

/** The type Go decodes a JSON value to, as `%T` prints it. */
export function goTypeOf(value: unknown): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
