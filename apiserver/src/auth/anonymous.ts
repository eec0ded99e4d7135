import type { UserInfo } from './types.ts';
import { anonymousUser } from './types.ts';

/** Who may ask without a credential. Where a request may not, it is Unauthorized; where it may, what it gets is up to authorisation. */
export interface AnonymousPolicy {
  readonly enabled: boolean;
  /** The only paths that may be asked for, exactly; any when absent. */
  readonly paths?: readonly string[] | undefined;
}

export const everywhere: AnonymousPolicy = { enabled: true };

/** The identity of a request for `path` that shows none; undefined when there must be one. */
export function anonymousAt({ enabled, paths }: AnonymousPolicy, path: string): UserInfo | undefined {
  return enabled && (paths === undefined || paths.includes(path)) ? anonymousUser : undefined;
}
