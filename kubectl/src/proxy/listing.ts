/** A page of links to what a folder holds, in the order of names; those of folders end with a slash. */
export function listing(names: readonly string[]): string {
  const links = names.toSorted().map((name) => `<a href="${hrefOf(name)}">${escaped(name)}</a>\n`);
  return `<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n${links.join('')}</pre>\n`;
}

function hrefOf(name: string): string {
  const path = name.split('/').map(encodeURIComponent).join('/');
  return escaped(/^[^/]*:/.test(name) ? `./${path}` : path);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&#34;').replaceAll("'", '&#39;');
}
