import type { HttpRequestLike } from '@keelson/client';
import { leadsTo, subjectOf } from '@keelson/pki';
import type { Authentication, Authenticator } from './types.ts';

/**
 * Client certificates: the common name is the user, the organisations are the groups, the fingerprint tells which certificate it was. Only
 * certificates the TLS layer verified against the client CA count; one that did not verify is an invalid credential, not an absent one.
 * `clientCA`, PEM, is told where the TLS layer trusts other authorities as well: theirs prove nothing here.
 */
export function x509Authenticator(clientCA?: string): Authenticator {
  const known = new WeakMap<object, Authentication>();
  return {
    name: 'x509',
    authenticate({ socket }) {
      if (!socket) return { type: 'absent' };
      const before = known.get(socket);
      if (before) return before;
      const result = fromSocket(socket, clientCA);
      known.set(socket, result);
      return result;
    },
  };
}

function fromSocket(socket: NonNullable<HttpRequestLike['socket']>, clientCA: string | undefined): Authentication {
  const certificate = socket.getPeerX509Certificate?.();
  if (!certificate) return { type: 'absent' };
  if (!socket.authorized || (clientCA !== undefined && !leadsTo(certificate, clientCA)))
    return { type: 'invalid', message: 'certificate is not signed by the client CA' };
  const { commonName, organizations } = subjectOf(certificate);
  if (!commonName) return { type: 'invalid', message: 'certificate has no common name' };
  const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
  const extra = { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${fingerprint}`] };
  return { type: 'authenticated', user: { name: commonName, groups: organizations, extra } };
}
