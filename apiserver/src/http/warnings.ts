import type { HttpResponseLike } from '@keelson/client';

/** Characters all warnings of an answer may have together; when they have more, each is cut to `each`. As upstream. */
const limits = { all: 4 * 1024, each: 256 };

/** Warnings gathered on the way are sent with whatever head the answer gets. */
export function attachWarnings(response: HttpResponseLike, warnings: readonly string[]): void {
  const writeHead = response.writeHead.bind(response);
  response.writeHead = (status, headers) => {
    if (warnings.length > 0) response.setHeader('warning', warningHeaders(warnings));
    return writeHead(status, headers);
  };
}

/** Values of `Warning` headers: `299 - "text"`. Text that is not Latin-1 goes as the bytes of its UTF-8, which is what clients read. */
export function warningHeaders(warnings: readonly string[]): string[] {
  const texts = [...new Set(warnings)].filter((text) => text !== '' && !/\p{Cc}/u.test(text)).map((text) => [...text]);
  const long = texts.reduce((sum, { length }) => sum + length, 0) > limits.all;
  const values: string[] = [];
  let size = 0;
  for (const text of texts) {
    if (long && size >= limits.all) break;
    const shown = long ? text.slice(0, limits.each) : text;
    size += shown.length;
    values.push(`299 - ${quote(shown.join(''))}`);
  }
  return values;
}

function quote(text: string): string {
  return `"${Buffer.from(text.replace(/["\\]/g, '\\$&')).toString('latin1')}"`;
}
