import type { Authorizer } from './types.ts';

/** `system:masters` may do everything, whatever the roles say: the way back into a cluster whose RBAC is broken. */
export const superuserAuthorizer: Authorizer = {
  name: 'SystemMasters',
  authorize: ({ user }) => (user.groups.includes('system:masters') ? { type: 'allow', reason: '' } : { type: 'noOpinion', reason: '' }),
};
