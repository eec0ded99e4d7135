import { sameSizeTraversal } from '../costs.ts';
import { fn, type Overload } from '../declare.ts';
import { EvaluationError } from '../errors.ts';
import { Opaque } from '../values.ts';

/** An absolute URI, or an absolute path. */
class Url extends Opaque {
  readonly typeName = 'kubernetes.URL';
  readonly identity: string;
  readonly url: URL;
  readonly scheme: string;
  /** Host and port as written. */
  readonly host: string;

  constructor(text: string) {
    super();
    const [, scheme = '', rest = ''] = /^([a-zA-Z][a-zA-Z0-9+.-]*:)?(.*)$/s.exec(text) ?? [];
    const authority = /^\/\/([^/?#]*)/.exec(rest)?.[1];
    const wrong = /[\s\p{Cc}]|%(?![0-9a-fA-F]{2})/u.test(text) || (scheme === '' && !rest.startsWith('/')) || rest.includes('#');
    const problem = new EvaluationError(
      `URL parse error during conversion from string: parse ${JSON.stringify(text)}: invalid URI for request`,
    );
    if (wrong) throw problem;
    this.identity = text;
    this.scheme = scheme.slice(0, -1).toLowerCase();
    this.host = authority?.slice(authority.lastIndexOf('@') + 1) ?? '';
    if (!/^(\[[0-9a-fA-F:.%]+\]|[^[\]:]*)(:[0-9]*)?$/.test(this.host)) throw problem;
    const path = authority === undefined ? rest : rest.slice(authority.length + 2);
    this.url = new URL(`http://host${path.startsWith('/') || path.startsWith('?') ? '' : '/'}${path}`);
    this.path = decodeURIComponent(/^[^?]*/.exec(path)?.[0] ?? '');
  }

  readonly path: string;
}

function isUrl(text: string): boolean {
  try {
    return new Url(text) !== undefined;
  } catch {
    return false;
  }
}

function query({ url }: Url): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [name, value] of url.searchParams) found.set(name, [...(found.get(name) ?? []), value]);
  return found;
}

export const urls: readonly Overload[] = [
  fn('url(string): kubernetes.URL', (text: string) => new Url(text), sameSizeTraversal),
  fn('isURL(string): bool', isUrl),
  fn('kubernetes.URL.getScheme(): string', ({ scheme }: Url) => scheme),
  fn('kubernetes.URL.getHost(): string', ({ host }: Url) => host),
  fn('kubernetes.URL.getHostname(): string', ({ host }: Url) => host.replace(/:[0-9]*$/, '').replace(/^\[(.*)\]$/, '$1')),
  fn('kubernetes.URL.getPort(): string', ({ host }: Url) => /:([0-9]*)$/.exec(host.replace(/^\[.*\]/, ''))?.[1] ?? ''),
  fn('kubernetes.URL.getEscapedPath(): string', ({ path }: Url) => encodeURI(path).replaceAll(/[?#]/g, encodeURIComponent)),
  fn('kubernetes.URL.getQuery(): map<string, list<string>>', query),
];
