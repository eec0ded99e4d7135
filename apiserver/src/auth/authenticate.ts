import type { HttpRequestLike } from '@keelson/client';
import { unauthorized } from '@keelson/machinery';
import { type AnonymousPolicy, anonymousAt } from './anonymous.ts';
import { type Authenticator, anonymousUser, type UserInfo } from './types.ts';

const authenticatedGroup = 'system:authenticated';

/** How requests prove who sent them. */
export interface Authenticators {
  /** Asked in order; the first credential that holds decides. */
  readonly authenticators: readonly Authenticator[];
  /** Asked each time: a configuration file may change it. */
  anonymous(): AnonymousPolicy;
}

/**
 * Who sent the request. Without any credential it is `system:anonymous`, where that is let in.
 * @throws StatusError Unauthorized when a credential was shown and none held, or one is needed.
 */
export async function authenticate({ authenticators, anonymous }: Authenticators, request: HttpRequestLike): Promise<UserInfo> {
  let refused = false;
  for (const authenticator of authenticators) {
    const result = await authenticator.authenticate(request);
    if (result.type === 'authenticated') return withGroup(result.user);
    if (result.type === 'invalid') refused = true;
  }
  const user = refused ? undefined : anonymousAt(anonymous(), (request.url ?? '/').split('?')[0] ?? '/');
  if (!user) throw unauthorized('Unauthorized');
  return user;
}

function withGroup(user: UserInfo): UserInfo {
  if (user.name === anonymousUser.name) return user;
  if (user.groups.includes(authenticatedGroup) || user.groups.includes('system:unauthenticated')) return user;
  return { ...user, groups: [...user.groups, authenticatedGroup] };
}
