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
  const texts = [...new Set(warnings)];
  const long = texts.reduce((sum, text) => sum + text.length, 0) > limits.all;
  const values: string[] = [];
  let size = 0;
  for (const text of texts) {
    const value = quote(long ? text.slice(0, limits.each) : text);
    size += value.length;
    if (size > limits.all + limits.each) break;
    values.push(`299 - ${value}`);
  }
  return values;
}

function quote(text: string): string {
  const plain = text.replace(/\p{Cc}/gu, ' ').replace(/["\\]/g, '\\$&');
  return `"${Buffer.from(plain).toString('latin1')}"`;
}
