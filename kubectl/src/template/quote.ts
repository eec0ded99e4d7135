import { goEscapes, isPrintable } from '@keelson/machinery';

/** The first character of a text as Go's `%#U` writes it: `U+007D '}'`. */
export function unicodePoint(text: string): string {
  const code = text.codePointAt(0) ?? 0;
  const name = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  const character = String.fromCodePoint(code);
  return isPrintable(character) ? `${name} '${character}'` : name;
}

const simple: Readonly<Record<string, string>> = Object.fromEntries(Object.entries(goEscapes).map(([plain, escaped]) => [escaped, plain]));

/** What stands between the quotes of a Go string or character constant; undefined when it is no such constant. */
export function goUnquote(text: string): string | undefined {
  const quote = text[0] ?? '';
  const inner = text.slice(1, -1);
  if (quote === '`') return inner.replaceAll('\r', '');
  let valid = true;
  const plain = inner.replace(/\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([\s\S]))/g, (whole, ...groups) => {
    const [x, u, long, octal, other] = groups as (string | undefined)[];
    const hex = x ?? u ?? long;
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (octal !== undefined && Number.parseInt(octal, 8) > 255) valid = false;
    if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
    if (other === quote) return quote;
    if (simple[whole] === undefined) valid = false;
    return simple[whole] ?? '';
  });
  return valid ? plain : undefined;
}
