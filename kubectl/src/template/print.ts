import { type Value, valueText } from './value.ts';

/** As Go's `Sprint`: spaces stand between operands that are both no strings. */
export function print(values: readonly Value[]): string {
  return values
    .map((value, i) => `${i > 0 && typeof value !== 'string' && typeof values[i - 1] !== 'string' ? ' ' : ''}${valueText(value)}`)
    .join('');
}

const htmlEntities: Readonly<Record<string, string>> = {
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\0': '\uFFFD',
};

export function escapeHtml(text: string): string {
  return text.replace(/["'&<>\0]/g, (character) => htmlEntities[character] ?? '');
}

export function escapeJs(text: string): string {
  return text.replace(/[\\'"]|[<>&=]|\p{C}|[\u2028\u2029]/gu, (character) => {
    if (/[\\'"]/.test(character)) return `\\${character}`;
    return `\\u${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  });
}

export function escapeQuery(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}
