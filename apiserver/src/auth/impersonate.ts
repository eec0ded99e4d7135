import type { HttpRequestLike } from '@keelson/client';
import { badRequest, forbidden } from '@keelson/machinery';
import { authorize, describe } from './authorize.ts';
import { type AuthorizationAttributes, type Authorizer, anonymousUser, type UserInfo } from './types.ts';

const serviceAccountPrefix = 'system:serviceaccount:';
const extraPrefix = 'impersonate-extra-';

interface Wanted {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/**
 * Whom the request acts as: who sent it, or whom its `Impersonate-*` headers name, where each part of that is allowed to the sender.
 * @throws StatusError Forbidden, or BadRequest when groups or extras are named without a user.
 */
export async function impersonate(authorizers: readonly Authorizer[], user: UserInfo, request: HttpRequestLike): Promise<UserInfo> {
  const wanted = wantedIn(request);
  if (!wanted) return user;
  if (!wanted.name) throw badRequest('requested impersonation of groups, a uid or extras without impersonating a user');
  for (const part of partsOf(wanted)) {
    const attributes = { ...nothing, ...part, user };
    const decision = await authorize(authorizers, attributes);
    if (decision.type === 'allow') continue;
    throw forbidden({ group: attributes.group, resource: attributes.resource }, attributes.name, describe(attributes, decision.reason));
  }
  return { name: wanted.name, ...(wanted.uid ? { uid: wanted.uid } : {}), groups: groupsOf(wanted), extra: wanted.extra };
}

function wantedIn(request: HttpRequestLike): Wanted | undefined {
  const names = Object.keys(request.headers).filter((name) => name.startsWith('impersonate-'));
  if (names.length === 0) return undefined;
  const extra: Record<string, readonly string[]> = {};
  for (const name of names) {
    if (!name.startsWith(extraPrefix)) continue;
    const key = unescapeKey(name.slice(extraPrefix.length));
    extra[key] = [...(extra[key] ?? []), ...valuesOf(request, name)];
  }
  const groups = valuesOf(request, 'impersonate-group');
  return { name: onlyValue(request, 'impersonate-user'), uid: onlyValue(request, 'impersonate-uid'), groups, extra };
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

type Part = Partial<AuthorizationAttributes>;
const nothing = {
  verb: 'impersonate',
  isResource: true,
  path: '',
  group: '',
  version: 'v1',
  subresource: '',
  namespace: '',
  name: '',
  resource: '',
};

/** What the sender must be allowed, piece by piece. */
function partsOf({ name, uid, groups, extra }: Wanted): Part[] {
  const group = 'authentication.k8s.io';
  const [namespace, account, ...more] = name.startsWith(serviceAccountPrefix) ? name.slice(serviceAccountPrefix.length).split(':') : [];
  const parts: Part[] = [
    namespace && account && more.length === 0 ? { resource: 'serviceaccounts', namespace, name: account } : { resource: 'users', name },
  ];
  for (const one of groups) parts.push({ resource: 'groups', name: one });
  if (uid) parts.push({ group, resource: 'uids', name: uid });
  for (const [key, values] of Object.entries(extra)) {
    for (const value of values) parts.push({ group, resource: 'userextras', subresource: key, name: value });
  }
  return parts;
}

function groupsOf({ name, groups }: Wanted): readonly string[] {
  const [namespace] = name.startsWith(serviceAccountPrefix) ? name.slice(serviceAccountPrefix.length).split(':') : [];
  const own = groups.length > 0 || !namespace ? groups : ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
  const everyone = name === anonymousUser.name ? 'system:unauthenticated' : 'system:authenticated';
  const told = own.includes(everyone) || own.includes('system:unauthenticated');
  return told ? own : [...own, everyone];
}
