import type { HttpRequestLike } from '@keelson/client';
import { leadsTo, subjectOf } from '@keelson/pki';
import type { Trust } from './trust.ts';
import type { Authentication, Authenticator } from './types.ts';

/**
 * Client certificates: the common name is the user, the organisations are the groups, the fingerprint tells which certificate it was. Only
 * certificates the TLS layer verified against the client CA count; one that did not verify is an invalid credential, not an absent one. One
 * that names nobody is none.
 * What was found is remembered for as long as the connection and what is trusted stay. As upstream, a connection outlives its authority,
 * and its next request is refused.
 */
export function x509Authenticator(trust: () => Trust): Authenticator {
  const first = trust();
  const known = new WeakMap<object, { readonly by: Trust; readonly result: Authentication }>();
  return {
    name: 'x509',
    authenticate({ socket }) {
      if (!socket) return { type: 'absent' };
      const by = trust();
      const before = known.get(socket);
      if (before?.by === by) return before.result;
      // Elsewhere the TLS layer may have trusted another authority, or one that is gone: theirs prove nothing here.
      const tlsSuffices = by === first && !by.frontProxies;
      const result = fromSocket(socket, (certificate) => tlsSuffices || leadsTo(certificate, by.clientCA));
      known.set(socket, { by, result });
      return result;
    },
  };
}

type Socket = NonNullable<HttpRequestLike['socket']>;
type Certificate = NonNullable<ReturnType<NonNullable<Socket['getPeerX509Certificate']>>>;

function fromSocket(socket: Socket, isOurs: (certificate: Certificate) => boolean): Authentication {
  const certificate = socket.getPeerX509Certificate?.();
  if (!certificate) return { type: 'absent' };
  if (!socket.authorized || !isOurs(certificate)) return { type: 'invalid', message: 'certificate is not signed by the client CA' };
  const { commonName, organizations, uids } = subjectOf(certificate);
  if (!commonName) return { type: 'absent' };
  if (uids.length > 1) return { type: 'invalid', message: `expected 1 UID, but found multiple: [${uids.join(' ')}]` };
  if (uids[0] === '') return { type: 'invalid', message: 'UID cannot be an empty string' };
  const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
  const extra = { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${fingerprint}`] };
  return { type: 'authenticated', user: { name: commonName, uid: uids[0], groups: organizations, extra } };
}
