import type { HttpRequestLike } from '@keelson/client';
import type { PolicyRule } from '@keelson/types';

/** Who is asking. */
export interface UserInfo {
  readonly name: string;
  readonly uid?: string | undefined;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
  /** What every answer to them warns of, for the way in which they proved who they are. */
  readonly warnings?: readonly string[];
}

export type Authentication =
  /** `audiences`: of those that were asked for, the ones the credential is meant for; absent for credentials that name none. */
  | { readonly type: 'authenticated'; readonly user: UserInfo; readonly audiences?: readonly string[] }
  /** The request carries no credential of this kind. */
  | { readonly type: 'absent' }
  /** The request carries a credential that does not hold; no other authenticator can mend that. */
  | { readonly type: 'invalid'; readonly message: string };

/** One way to prove an identity. Never throws for a bad credential. */
export interface Authenticator {
  readonly name: string;
  authenticate(request: HttpRequestLike): Promise<Authentication> | Authentication;
}

/**
 * One kind of bearer token. `audiences`: whom the token must be meant for, one of them at least. A token of another kind is `absent`.
 * Never throws for a bad token.
 */
export interface TokenAuthenticator {
  readonly name: string;
  identify(token: string, audiences: readonly string[]): Promise<Authentication> | Authentication;
}

/** What is about to be done. For non-resource requests only `verb` and `path` are set. */
export interface AuthorizationAttributes {
  readonly user: UserInfo;
  readonly verb: string;
  readonly isResource: boolean;
  readonly path: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** Its `fieldSelector` and `labelSelector` narrow what a list shows; absent where nobody gave any. */
  readonly query?: URLSearchParams | undefined;
}

export type Decision =
  | { readonly type: 'allow'; readonly reason: string }
  /** `error`: what went wrong on the way to it; a request that is not allowed fails by it, rather than being refused. */
  | { readonly type: 'deny' | 'noOpinion'; readonly reason: string; readonly error?: string };

/** One way to grant a request. Asked in order until one allows or denies. */
export interface Authorizer {
  readonly name: string;
  authorize(attributes: AuthorizationAttributes): Promise<Decision> | Decision;
  /** What it would grant a user; absent when it grants nothing that could be listed. */
  knownRules?(user: UserInfo, namespace: string): KnownRules;
}

/** What can be told of a user's rights beforehand. */
export interface KnownRules {
  readonly rules: readonly PolicyRule[];
  /** Why there may be more; none when that is all. */
  readonly problems: readonly string[];
}

export const systemUser: UserInfo = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] };
export const anonymousUser: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
