import { parseTime } from '@keelson/machinery';
import type { TokenClaims } from '@keelson/pki';
import { Node, Pod, Secret, ServiceAccount } from '@keelson/types';
import type { Tokens } from '../../http/services.ts';
import type { Registry } from '../../registry/registry.ts';
import { Expiring } from '../expiring.ts';
import type { Authentication, TokenAuthenticator, UserInfo } from '../types.ts';

/** Verified signatures remembered; the objects a token is bound to are looked at every time. */
const remembered = 4_096;
/** Milliseconds for which a token outlives an object that is being deleted: what runs on it can end in peace. */
const leeway = 60_000;

/** What is told of tokens in use. */
export interface TokenMetrics {
  /** A token that lives longer than was asked for is used past that time. */
  stale(): void;
  /** A token kept in a Secret: made by nobody's hand, or by somebody's; or a made one that was used after it was marked as invalid. */
  legacy(use: 'auto' | 'manual' | 'invalidAuto'): void;
}

/**
 * Service-account tokens (JWTs signed by the cluster). A token holds while its service account, and the pod, secret or node it is bound
 * to, exist with the uid it names.
 */
export function serviceAccountTokens(tokens: Tokens, registry: () => Registry, metrics?: TokenMetrics): TokenAuthenticator {
  let verified: Expiring<{ claims: TokenClaims; audiences: readonly string[] }> | undefined;
  return {
    name: 'service-account',
    async identify(token, audiences) {
      const { clock } = registry().options;
      verified ??= new Expiring(clock, remembered);
      const key = JSON.stringify([token, audiences]);
      let known = verified.get(key);
      if (!known) {
        const result = await tokens.verify(token, audiences);
        if (result.kind === 'foreign') return { type: 'absent' };
        if (result.kind === 'invalid') return { type: 'invalid', message: result.reason };
        known = { claims: result.claims, audiences: result.audiences };
        verified.set(key, known, result.claims.exp * 1000 - clock.now());
      }
      const found = userOf(registry(), known.claims);
      const { warnafter } = known.claims['kubernetes.io'];
      if (warnafter !== undefined && clock.now() > warnafter * 1000) metrics?.stale();
      return found.type === 'authenticated' ? { ...found, audiences: known.audiences } : found;
    },
  };
}

/** The identity a token's claims stand for, if what they name still exists. */
export function userOf(registry: Registry, claims: TokenClaims): Authentication {
  const { namespace, serviceaccount, pod, secret, node } = claims['kubernetes.io'];
  const now = registry.options.clock.now();
  const problem =
    absence('service account', registry.read(ServiceAccount, namespace, serviceaccount.name), serviceaccount.uid, now) ??
    (secret && absence('secret', registry.read(Secret, namespace, secret.name), secret.uid, now)) ??
    (pod && absence('pod', registry.read(Pod, namespace, pod.name), pod.uid, now)) ??
    (node?.uid && !pod ? absence('node', registry.read(Node, '', node.name), node.uid, now) : undefined);
  if (problem) return { type: 'invalid', message: problem };
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
  return { type: 'authenticated', user: { ...accountUser(namespace, serviceaccount), extra } };
}

export function accountUser(namespace: string, { name, uid }: { readonly name: string; readonly uid: string }): UserInfo {
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
  return { name: `system:serviceaccount:${namespace}:${name}`, uid, groups };
}

interface Living {
  readonly metadata: { readonly uid?: string | undefined; readonly deletionTimestamp?: string | undefined };
}

/** Why a token may not rest on an object; undefined when it may. `now` in milliseconds. */
export function absence(what: string, found: Living | undefined, uid: string, now: number): string | undefined {
  if (!found) return 'service account token has been invalidated';
  const { deletionTimestamp } = found.metadata;
  if (deletionTimestamp && (parseTime(deletionTimestamp) ?? 0) < now - leeway) return 'service account token has been invalidated';
  return found.metadata.uid === uid ? undefined : `${what} UID (${found.metadata.uid}) does not match claim (${uid})`;
}
