import type { Clock } from '@keelson/base';
import { distrustProxy, proxiedIdentity } from '@keelson/pki';
import type { Trust } from './trust.ts';
import type { Authenticator } from './types.ts';

/**
 * Authenticating proxies: who holds a client certificate of the front-proxy authority says in `X-Remote-*` headers on whose behalf it
 * asks. Without such a certificate the headers mean nothing; a certificate of that authority that may not speak for others is refused.
 */
export function requestHeaderAuthenticator(trust: () => Trust, clock: Clock): Authenticator {
  const names = (trust().frontProxies?.usernameHeaders ?? []).map((name) => name.toLowerCase());
  const judged = new WeakMap<object, { readonly by: Trust; readonly reason: string | undefined }>();
  return {
    name: 'request-header',
    authenticate({ socket, headers, headersDistinct = {} }) {
      if (!names.some((name) => headers[name] !== undefined)) return { type: 'absent' };
      const certificate = socket?.getPeerX509Certificate?.();
      const by = trust();
      const { frontProxies } = by;
      if (!socket || !certificate || !frontProxies) return { type: 'absent' };
      const user = proxiedIdentity(headersDistinct, frontProxies);
      if (!user) return { type: 'absent' };
      const { usernameHeaders, uidHeaders } = frontProxies;
      const twice = [...usernameHeaders, ...uidHeaders].find((name) => (headersDistinct[name.toLowerCase()] ?? []).length > 1);
      // The proxy may have added its own behind the client's, or before.
      if (twice !== undefined) return { type: 'invalid', message: `the header ${twice} is sent more than once` };
      let judgement = judged.get(socket);
      if (judgement?.by !== by) {
        judgement = { by, reason: distrustProxy(certificate, frontProxies, clock.now()) };
        judged.set(socket, judgement);
      }
      const { reason } = judgement;
      return reason === undefined ? { type: 'authenticated', user } : { type: 'invalid', message: reason };
    },
  };
}
