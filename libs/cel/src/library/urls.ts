import { sameSizeTraversal } from '../costs.ts';
import { fn, type Overload } from '../declare.ts';
import { EvaluationError } from '../errors.ts';
import { Opaque } from '../values.ts';
import { decoded, type ParsedUrl, parseUrl } from './url-parse.ts';

class Url extends Opaque {
  readonly typeName = 'kubernetes.URL';
  readonly identity: string;
  readonly parsed: ParsedUrl;

  constructor(text: string) {
    super();
    this.identity = text;
    this.parsed = parseUrl(text);
  }
}

function url(text: string): Url {
  try {
    return new Url(text);
  } catch (error) {
    throw error instanceof EvaluationError ? new EvaluationError(`URL parse error during conversion from string: ${error.message}`) : error;
  }
}

function isUrl(text: string): boolean {
  try {
    return new Url(text) !== undefined;
  } catch {
    return false;
  }
}

/** Parts that are written wrong are left out. */
function query({ parsed }: Url): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const part of parsed.query.split('&')) {
    if (part === '' || part.includes(';') || /%(?![0-9a-fA-F]{2})/.test(part)) continue;
    const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(part.replaceAll('+', ' ')) ?? [];
    found.set(decoded(name), [...(found.get(decoded(name)) ?? []), decoded(value)]);
  }
  return found;
}

/** As written where every character may stand so in a path. */
function escapedPath({ parsed: { path } }: Url): string {
  if (/^[a-zA-Z0-9\-_.~!$&'()*+,;=:@[\]/%]*$/.test(path)) return path;
  return Array.from(new TextEncoder().encode(decoded(path)), escapedByte).join('');
}

function escapedByte(byte: number): string {
  const char = String.fromCharCode(byte);
  return /[a-zA-Z0-9\-_.~$&+,/:;=@]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

export const urls: readonly Overload[] = [
  fn('url(string): kubernetes.URL', url, sameSizeTraversal),
  fn('isURL(string): bool', isUrl),
  fn('kubernetes.URL.getScheme(): string', ({ parsed }: Url) => parsed.scheme),
  fn('kubernetes.URL.getHost(): string', ({ parsed }: Url) => parsed.host),
  fn('kubernetes.URL.getHostname(): string', ({ parsed }: Url) => parsed.host.replace(/:[0-9]*$/, '').replace(/^\[(.*)\]$/, '$1')),
  fn('kubernetes.URL.getPort(): string', ({ parsed }: Url) => /:([0-9]*)$/.exec(parsed.host.replace(/^\[.*\]/, ''))?.[1] ?? ''),
  fn('kubernetes.URL.getEscapedPath(): string', escapedPath),
  fn('kubernetes.URL.getQuery(): map<string, list<string>>', query),
];
