import { goQuote } from '@keelson/machinery';
import { EvaluationError } from '../errors.ts';
import { addressFault } from './address-faults.ts';

/** An absolute URI, or an absolute path, as Go's `net/url` reads it. */
export interface ParsedUrl {
  readonly scheme: string;
  /** Host and port. */
  readonly host: string;
  /** As written. */
  readonly path: string;
  readonly query: string;
}

/** @throws EvaluationError with Go's words for what is none. */
export function parseUrl(text: string): ParsedUrl {
  // What follows `#` is part of the rest when it is looked at, and of nothing when it is read.
  const asked = read(text, text, true);
  return text.includes('#') || asked.scheme === '' ? read(text.replace(/#.*$/s, ''), text, false) : asked;
}

function read(text: string, whole: string, viaRequest: boolean): ParsedUrl {
  const fail = (why: string): EvaluationError => new EvaluationError(`parse ${goQuote(whole)}: ${why}`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused.
  if (/[\u0000-\u001f\u007f]/.test(text)) throw fail('net/url: invalid control character in URL');
  if (text === '' && viaRequest) throw fail('empty url');
  if (text.startsWith(':')) throw fail('missing protocol scheme');
  const [, written = '', hierarchy = ''] = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(.*)$/s.exec(text) ?? [];
  const scheme = written.toLowerCase();
  const [, rest = '', query = ''] = /^([^?]*)(?:\?(.*))?$/s.exec(hierarchy) ?? [];
  if (!rest.startsWith('/')) {
    if (scheme === '' && viaRequest) throw fail('invalid URI for request');
    return { scheme, host: '', path: '', query };
  }
  const hasHost = rest.startsWith('//') && (scheme !== '' || (!viaRequest && !rest.startsWith('///')));
  const [, authority = '', path = ''] = hasHost ? (/^\/\/([^/]*)(.*)$/s.exec(rest) ?? []) : ['', '', rest];
  const host = hostOf(authority, fail);
  unescaped(path, fail);
  return { scheme, host, path, query };
}

type Fail = (why: string) => EvaluationError;

/** @throws what `fail` makes. */
function unescaped(text: string, fail: Fail): string {
  const wrong = /%(?![0-9a-fA-F]{2}).{0,2}/s.exec(text);
  if (wrong) throw fail(`invalid URL escape ${goQuote(wrong[0])}`);
  return decoded(text);
}

/** Text whose escapes are right; what is no UTF-8 is replaced. */
export function decoded(text: string): string {
  const bytes: number[] = [];
  for (const part of text.match(/%[0-9a-fA-F]{2}|[^%]+|%/gs) ?? []) {
    if (part.length === 3 && part.startsWith('%')) bytes.push(Number.parseInt(part.slice(1), 16));
    else bytes.push(...new TextEncoder().encode(part));
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

const userinfo = /^[a-zA-Z0-9\-._:~!$&'()*+,;=%@]*$/;

function hostOf(authority: string, fail: Fail): string {
  const at = authority.lastIndexOf('@');
  const user = authority.slice(0, Math.max(at, 0));
  const host = authority.slice(at + 1);
  const found = host.startsWith('[') ? literalHost(host, fail) : namedHost(host, fail);
  if (!userinfo.test(user)) throw fail('net/url: invalid userinfo');
  unescaped(user, fail);
  return found;
}

function checkLetters(host: string, fail: Fail): void {
  const wrong = /[^a-zA-Z0-9\-_.~!$&'()*+,;=:[\]<>"%\u0080-\uffff]/.exec(host);
  if (wrong) throw fail(`invalid character ${goQuote(wrong[0])} in host name`);
}

function literalHost(host: string, fail: Fail): string {
  const end = host.lastIndexOf(']');
  if (host.lastIndexOf('[') > 0) throw fail('invalid IP-literal');
  if (end < 0) throw fail("missing ']' in host");
  checkPort(host.slice(end + 1), fail);
  checkLetters(host, fail);
  const fault = addressFault(host.slice(1, end));
  if (fault) throw fail(`invalid host: ${fault}`);
  if (!host.slice(1, end).includes(':')) throw fail('invalid IP-literal');
  return host;
}

function namedHost(host: string, fail: Fail): string {
  if (host.includes('[')) throw fail('invalid IP-literal');
  if (host.includes(':')) checkPort(host.slice(host.lastIndexOf(':')), fail);
  const sequence = /%(?:25|(?![89a-fA-F][0-9a-fA-F])).{0,2}/s.exec(host);
  if (sequence && sequence[0] !== '%25') throw fail(`invalid URL escape ${goQuote(sequence[0].slice(0, 3))}`);
  checkLetters(host, fail);
  return decoded(host);
}

function checkPort(port: string, fail: Fail): void {
  if (!/^(:[0-9]*)?$/.test(port)) throw fail(`invalid port ${goQuote(port)} after host`);
}
