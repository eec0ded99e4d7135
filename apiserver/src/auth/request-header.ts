import type { Clock } from '@keelson/base';
import { distrustProxy, type FrontProxyTrust, proxiedIdentity } from '@keelson/pki';
import type { Authenticator } from './types.ts';

/**
 * Authenticating proxies: who holds a client certificate of the front-proxy authority says in `X-Remote-*` headers on whose behalf it
 * asks. Without such a certificate the headers mean nothing; a certificate of that authority that may not speak for others is refused.
 */
export function requestHeaderAuthenticator(trust: FrontProxyTrust, clock: Clock): Authenticator {
  const names = trust.usernameHeaders.map((name) => name.toLowerCase());
  const judged = new WeakMap<object, string | undefined>();
  return {
    name: 'request-header',
    authenticate({ socket, headers, headersDistinct = {} }) {
      if (!names.some((name) => headers[name] !== undefined)) return { type: 'absent' };
      const certificate = socket?.getPeerX509Certificate?.();
      if (!socket || !certificate) return { type: 'absent' };
      const user = proxiedIdentity(headersDistinct, trust);
      if (!user) return { type: 'absent' };
      const twice = [...trust.usernameHeaders, ...trust.uidHeaders].find((name) => (headersDistinct[name.toLowerCase()] ?? []).length > 1);
      // The proxy may have added its own behind the client's, or before.
      if (twice !== undefined) return { type: 'invalid', message: `the header ${twice} is sent more than once` };
      if (!judged.has(socket)) judged.set(socket, distrustProxy(certificate, trust, clock.now()));
      const reason = judged.get(socket);
      return reason === undefined ? { type: 'authenticated', user } : { type: 'invalid', message: reason };
    },
  };
}
