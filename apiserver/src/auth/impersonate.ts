import type { HttpRequestLike } from '@keelson/client';
import { forbidden } from '@keelson/machinery';
import { authorize, describe } from './authorize.ts';
import { authenticated, type Wanted, wantedIn } from './impersonation-headers.ts';
import { constrained, type Impersonation } from './impersonation-modes.ts';
import { serviceAccountGroups, splitServiceAccount } from './service-account-name.ts';
import type { AuthorizationAttributes, Authorizer } from './types.ts';

/**
 * Whom the request acts as, where its `Impersonate-*` headers name somebody: for this one action, where that is allowed to the sender, else
 * for all, where each part of who is wanted is. Undefined without such headers.
 * @param action what the sender is about to do, as themselves.
 * @throws StatusError Forbidden, or BadRequest when groups or extras are named without a user.
 */
export async function impersonate(
  authorizers: readonly Authorizer[],
  action: AuthorizationAttributes,
  request: HttpRequestLike,
): Promise<Impersonation | undefined> {
  const wanted = wantedIn(request);
  if (!wanted) return undefined;
  const single = await constrained(authorizers, action, wanted);
  if (single) return single;
  for (const part of partsOf(wanted)) {
    const attributes = { ...nothing, ...part, user: action.user };
    const decision = await authorize(authorizers, attributes);
    if (decision.type === 'allow') continue;
    throw forbidden({ group: attributes.group, resource: attributes.resource }, attributes.name, describe(attributes, decision.reason));
  }
  return { user: authenticated(wanted, groupsOf(wanted)) };
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
  const account = splitServiceAccount(name);
  const parts: Part[] = [account ? { resource: 'serviceaccounts', ...account } : { resource: 'users', name }];
  for (const one of groups) parts.push({ resource: 'groups', name: one });
  if (uid) parts.push({ group, resource: 'uids', name: uid });
  for (const [key, values] of Object.entries(extra)) {
    for (const value of values) parts.push({ group, resource: 'userextras', subresource: key, name: value });
  }
  return parts;
}

function groupsOf({ name, groups }: Wanted): readonly string[] {
  const account = groups.length === 0 ? splitServiceAccount(name) : undefined;
  return account ? serviceAccountGroups(account.namespace) : groups;
}
