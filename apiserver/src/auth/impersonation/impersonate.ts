import type { HttpRequestLike } from '@keelson/client';
import type { AuthorizationAttributes, Authorizer } from '../types.ts';
import { wantedIn } from './impersonation-headers.ts';
import { type Impersonation, impersonated } from './impersonation-modes.ts';

/**
 * Whom the request acts as, where its `Impersonate-*` headers name somebody; undefined without such headers.
 * @param action what the sender is about to do, as themselves.
 * @throws StatusError Forbidden, or BadRequest when groups or extras are named without a user.
 */
export async function impersonate(
  authorizers: readonly Authorizer[],
  action: AuthorizationAttributes,
  request: HttpRequestLike,
): Promise<Impersonation | undefined> {
  const wanted = wantedIn(request);
  return wanted && impersonated(authorizers, action, wanted);
}
