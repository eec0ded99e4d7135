import type { HttpRequestLike } from '@keelson/client';
import { badRequest, goQuote } from '@keelson/machinery';
import { anonymousUser, type UserInfo } from '../types.ts';

const extraPrefix = 'impersonate-extra-';

/** Whom the headers of a request name. */
export interface Wanted {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** Whom `Impersonate-*` headers name; undefined where there are none. @throws StatusError BadRequest when one user is named twice, or none. */
export function wantedIn(request: HttpRequestLike): Wanted | undefined {
  const names = Object.keys(request.headers).filter((name) => name.startsWith('impersonate-'));
  if (names.length === 0) return undefined;
  const extra: Record<string, readonly string[]> = {};
  for (const name of names) {
    if (!name.startsWith(extraPrefix)) continue;
    const key = unescapeKey(name.slice(extraPrefix.length));
    extra[key] = [...(extra[key] ?? []), ...valuesOf(request, name)];
  }
  const groups = valuesOf(request, 'impersonate-group');
  const wanted = { name: onlyValue(request, 'impersonate-user'), uid: onlyValue(request, 'impersonate-uid'), groups, extra };
  if (!wanted.name) throw badRequest(`requested ${goText(wanted)} without impersonating a user name`);
  return wanted;
}

/** As Go shows upstream's structure of it. */
function goText({ uid, groups, extra }: Wanted): string {
  const list = (texts: readonly string[]): string => `[]string{${texts.map(goQuote).join(', ')}}`;
  const keys = Object.keys(extra).sort();
  const members = keys.map((key) => `${goQuote(key)}:${list(extra[key] ?? [])}`).join(', ');
  const [all, extras] = [groups.length > 0 ? list(groups) : '[]string(nil)', keys.length > 0 ? `{${members}}` : '(nil)'];
  return `&user.DefaultInfo{Name:"", UID:${goQuote(uid)}, Groups:${all}, Extra:map[string][]string${extras}}`;
}

/** Each header line is one value: a comma may be part of it. In process there are no lines, and a comma stands between values. */
function valuesOf({ headers, headersDistinct }: HttpRequestLike, name: string): string[] {
  const joined = [headers[name] ?? []].flat();
  const lines = headersDistinct ? (headersDistinct[name] ?? []) : joined.flatMap((line) => line.split(/,\s*/));
  return lines.filter(Boolean);
}

/** Of two users named, a proxy in front of us may have checked the other. */
function onlyValue({ headers, headersDistinct }: HttpRequestLike, name: string): string {
  const values = headersDistinct ? (headersDistinct[name] ?? []) : [headers[name] ?? []].flat();
  if (values.length > 1) throw badRequest(`the header ${name} must be sent only once`);
  return values[0] ?? '';
}

function unescapeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

/** The user as the server knows it: with the group of all who have proved who they are, or have not. */
export function authenticated({ name, uid, extra }: Wanted, groups: readonly string[]): UserInfo {
  const everyone = name === anonymousUser.name ? 'system:unauthenticated' : 'system:authenticated';
  const told = groups.includes(everyone) || groups.includes('system:unauthenticated');
  return { name, ...(uid ? { uid } : {}), groups: told ? groups : [...groups, everyone], extra };
}
