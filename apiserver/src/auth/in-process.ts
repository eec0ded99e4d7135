import type { Authenticator } from './types.ts';

/** Requests that never left this process say who they are: their transport was made with that identity. */
export const inProcessAuthenticator: Authenticator = {
  name: 'in-process',
  authenticate({ inProcessUser: user }) {
    return user ? { type: 'authenticated', user } : { type: 'absent' };
  },
};
