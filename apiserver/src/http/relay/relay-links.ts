/** Attributes of HTML that hold one URL each. */
const links =
  /(<[a-z][^>]*?\s(?:href|src|action|cite|background|longdesc|usemap|codebase|data|classid|profile|archive)\s*=\s*)(["'])(\/[^"']*)\2/gi;

/** HTML whose absolute paths lead through the proxy at `prefix`. */
export function rewriteLinks(html: string, prefix: string): string {
  return html.replace(links, (_all, before: string, quote: string, path: string) => `${before}${quote}${prefix}${path}${quote}`);
}

/** A redirect within the proxied server leads back through the proxy; one to elsewhere stays. */
export function rewriteLocation(location: string, prefix: string, { host, port }: { host: string; port: number }): string {
  const within = location.startsWith('/') && !location.startsWith('//');
  if (within) return prefix + location;
  if (!URL.canParse(location)) return location;
  const url = new URL(location);
  const same = url.hostname === host && Number(url.port || (url.protocol === 'https:' ? 443 : 80)) === port;
  return same ? prefix + url.pathname + url.search : location;
}
