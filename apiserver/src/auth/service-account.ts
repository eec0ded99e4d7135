import type { TokenClaims } from '@keelson/pki';
import { Node, Pod, Secret, ServiceAccount } from '@keelson/types';
import type { Tokens } from '../http/services.ts';
import type { Registry } from '../registry/registry.ts';
import type { Authentication, Authenticator, UserInfo } from './types.ts';

/** Verified signatures remembered; the objects a token is bound to are looked at every time. */
const remembered = 4_096;

/**
 * Service-account tokens (JWTs signed by the cluster). A token holds while its service account, and the pod or secret it is bound to,
 * exist with the uid it names.
 */
export function serviceAccountAuthenticator(tokens: Tokens, registry: () => Registry): Authenticator {
  const verified = new Map<string, { claims: TokenClaims; until: number }>();
  return {
    name: 'service-account',
    async authenticate({ headers }) {
      const { authorization } = headers;
      if (typeof authorization !== 'string' || !/^bearer /i.test(authorization)) return { type: 'absent' };
      const token = authorization.slice(7).trim();
      if (!token) return { type: 'absent' };
      const now = registry().options.clock.now();
      let known = verified.get(token);
      if (!known || known.until <= now) {
        const result = await tokens.verify(token);
        if (result.kind !== 'valid') return { type: 'invalid', message: result.kind === 'foreign' ? 'unknown issuer' : result.reason };
        if (verified.size >= remembered) verified.clear();
        known = { claims: result.claims, until: result.claims.exp * 1000 };
        verified.set(token, known);
      }
      return userOf(registry(), known.claims);
    },
  };
}

/** The identity a token's claims stand for, if what they name still exists. */
export function userOf(registry: Registry, claims: TokenClaims): Authentication {
  const { namespace, serviceaccount, pod, secret, node } = claims['kubernetes.io'];
  const account = registry.read(ServiceAccount, namespace, serviceaccount.name);
  if (account?.metadata.uid !== serviceaccount.uid) return { type: 'invalid', message: 'service account UID does not match' };
  if (pod && registry.read(Pod, namespace, pod.name)?.metadata.uid !== pod.uid)
    return { type: 'invalid', message: 'pod UID does not match' };
  if (secret && registry.read(Secret, namespace, secret.name)?.metadata.uid !== secret.uid)
    return { type: 'invalid', message: 'secret UID does not match' };
  if (node?.uid && !pod && registry.read(Node, '', node.name)?.metadata.uid !== node.uid)
    return { type: 'invalid', message: 'node UID does not match' };
  const extra: Record<string, readonly string[]> = {};
  if (claims.jti) extra['authentication.kubernetes.io/credential-id'] = [`JTI=${claims.jti}`];
  if (pod) {
    extra['authentication.kubernetes.io/pod-name'] = [pod.name];
    extra['authentication.kubernetes.io/pod-uid'] = [pod.uid];
  }
  if (node) {
    extra['authentication.kubernetes.io/node-name'] = [node.name];
    if (node.uid) extra['authentication.kubernetes.io/node-uid'] = [node.uid];
  }
  const user: UserInfo = {
    name: `system:serviceaccount:${namespace}:${serviceaccount.name}`,
    uid: serviceaccount.uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
    extra,
  };
  return { type: 'authenticated', user };
}
