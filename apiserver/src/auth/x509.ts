import type { HttpRequestLike } from '@keelson/client';
import { subjectOf } from '@keelson/pki';
import type { Authentication, Authenticator } from './types.ts';

/**
 * Client certificates: the common name is the user, the organisations are the groups. Only certificates the TLS layer verified
 * against the client CA count; a certificate that did not verify is an invalid credential, not an absent one.
 */
export function x509Authenticator(): Authenticator {
  const known = new WeakMap<object, Authentication>();
  return {
    name: 'x509',
    authenticate({ socket }) {
      if (!socket) return { type: 'absent' };
      const before = known.get(socket);
      if (before) return before;
      const result = fromSocket(socket);
      known.set(socket, result);
      return result;
    },
  };
}

function fromSocket(socket: NonNullable<HttpRequestLike['socket']>): Authentication {
  const certificate = socket.getPeerX509Certificate?.();
  if (!certificate) return { type: 'absent' };
  if (!socket.authorized) return { type: 'invalid', message: 'certificate is not signed by the client CA' };
  const { commonName, organizations } = subjectOf(certificate);
  if (!commonName) return { type: 'invalid', message: 'certificate has no common name' };
  return { type: 'authenticated', user: { name: commonName, groups: organizations } };
}
