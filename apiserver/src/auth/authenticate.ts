import type { HttpRequestLike } from '@keelson/client';
import { unauthorized } from '@keelson/machinery';
import { type Authenticator, anonymousUser, type UserInfo } from './types.ts';

const authenticatedGroup = 'system:authenticated';

/**
 * Who sent the request: the first credential that holds decides. Without any it is `system:anonymous`.
 * @throws StatusError Unauthorized when a credential was shown and none held.
 */
export async function authenticate(authenticators: readonly Authenticator[], request: HttpRequestLike): Promise<UserInfo> {
  let refused = false;
  for (const authenticator of authenticators) {
    const result = await authenticator.authenticate(request);
    if (result.type === 'authenticated') return withGroup(result.user);
    if (result.type === 'invalid') refused = true;
  }
  if (refused) throw unauthorized('Unauthorized');
  return anonymousUser;
}

function withGroup(user: UserInfo): UserInfo {
  if (user.groups.includes(authenticatedGroup) || user.groups.includes('system:unauthenticated')) return user;
  return { ...user, groups: [...user.groups, authenticatedGroup] };
}
