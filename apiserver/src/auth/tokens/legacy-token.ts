import { createPublicKey, timingSafeEqual } from 'node:crypto';
import { errorMessage, rfc3339 } from '@keelson/base';
import { algorithmOf } from '@keelson/pki';
import { Secret, ServiceAccount } from '@keelson/types';
import type { Registry } from '../../registry/registry.ts';
import { update } from '../../registry/write.ts';
import { type Authentication, systemUser, type TokenAuthenticator } from '../types.ts';
import { absence, accountUser, type TokenMetrics } from './service-account.ts';

const issuer = 'kubernetes/serviceaccount';
const prefix = 'kubernetes.io/serviceaccount/';
const lastUsed = 'kubernetes.io/legacy-token-last-used';
const invalidSince = 'kubernetes.io/legacy-token-invalid-since';

/** Told to those whose token was made for their account by itself, as releases before 1.24 did. */
const outdated =
  'Use tokens from the TokenRequest API or manually created secret-based tokens instead of auto-generated secret-based tokens.';

/** What a token in a Secret of type kubernetes.io/service-account-token states. It has neither times nor audiences. */
export interface LegacyClaims {
  readonly namespace: string;
  readonly secret: string;
  readonly account: { readonly name: string; readonly uid: string };
}

/**
 * Tokens kept in Secrets: they hold for as long as the Secret has them and its service account lives, unless the Secret is labelled
 * as invalid. That one was used is noted on its Secret, once a day.
 */
export function legacyTokens(publicKeysPem: readonly string[], registry: () => Registry, metrics?: TokenMetrics): TokenAuthenticator {
  const keys = publicKeysPem.map((pem) => createPublicKey(pem)).map((key) => ({ key, algorithm: algorithmOf(key) }));
  return {
    name: 'service-account-legacy',
    async identify(token): Promise<Authentication> {
      if (!isLegacy(token)) return { type: 'absent' };
      const { compactVerify } = await import('jose/jws/compact/verify');
      for (const { key, algorithm } of keys) {
        const verified = await compactVerify(token, key, { algorithms: [algorithm] }).catch(() => undefined);
        if (!verified) continue;
        const claims = claimsIn(JSON.parse(Buffer.from(verified.payload).toString()) as Record<string, unknown>);
        if (!claims) return { type: 'invalid', message: 'the token does not name its service account' };
        return judge(token, claims, registry(), metrics);
      }
      return { type: 'invalid', message: 'invalid signature' };
    },
  };
}

function isLegacy(token: string): boolean {
  try {
    return (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { iss?: unknown } | null)?.iss === issuer;
  } catch {
    return false;
  }
}

/** Undefined when the claims contradict themselves or lack something. */
export function claimsIn(payload: Readonly<Record<string, unknown>>): LegacyClaims | undefined {
  const text = (name: string): string => (typeof payload[prefix + name] === 'string' ? String(payload[prefix + name]) : '');
  const [namespace, secret, name, uid] = ['namespace', 'secret.name', 'service-account.name', 'service-account.uid'].map(text) as [
    ...[string, string, string, string],
  ];
  const named = [namespace, secret, name, uid].every(Boolean) && payload.sub === `system:serviceaccount:${namespace}:${name}`;
  return named ? { namespace, secret, account: { name, uid } } : undefined;
}

function judge(token: string, claims: LegacyClaims, registry: Registry, metrics: TokenMetrics | undefined): Authentication {
  const { namespace, secret: name, account } = claims;
  const now = registry.options.clock.now();
  const secret = registry.read(Secret, namespace, name);
  const invalid = (message: string): Authentication => ({ type: 'invalid', message });
  if (!secret || secret.metadata.deletionTimestamp) return invalid('service account token has been invalidated');
  if (!isEqual(Buffer.from(secret.data?.token ?? '', 'base64'), Buffer.from(token)))
    return invalid('service account token does not match server copy');
  const owner = registry.read(ServiceAccount, namespace, account.name);
  const problem = absence('service account', owner, account.uid, now);
  if (problem) return invalid(problem);
  noteUse(registry, claims);
  if (secret.metadata.labels?.[invalidSince]) {
    metrics?.legacy('invalidAuto');
    return invalid(markedInvalid(claims));
  }
  const isGenerated = owner?.secrets?.some((one) => one.name === name) === true;
  metrics?.legacy(isGenerated ? 'auto' : 'manual');
  const user = accountUser(namespace, account);
  return { type: 'authenticated', user: isGenerated ? { ...user, warnings: [outdated] } : user };
}

function markedInvalid({ namespace, secret, account }: LegacyClaims): string {
  const advice = `Use tokens from the TokenRequest API or manually created secret-based tokens, or remove the '${invalidSince}' label`;
  const whose = `the token in secret ${namespace}/${secret} for service account ${namespace}/${account.name}`;
  return `${whose} has been marked invalid. ${advice} from the secret to temporarily allow use of this token`;
}

function isEqual(known: Buffer, shown: Buffer): boolean {
  return known.length === shown.length && timingSafeEqual(known, shown);
}

function noteUse(registry: Registry, { namespace, secret: name }: LegacyClaims): void {
  const today = rfc3339(registry.options.clock.now()).slice(0, 10);
  if (registry.read(Secret, namespace, name)?.metadata.labels?.[lastUsed] === today) return;
  const request = { namespace, user: systemUser, dryRun: false, subresource: '', warnings: [] };
  const apply = <T extends { metadata: { labels?: Record<string, string> } }>(current: T): T => ({
    ...current,
    metadata: { ...current.metadata, labels: { ...current.metadata.labels, [lastUsed]: today } },
  });
  update(registry, registry.of(Secret), name, { apply: (current) => apply(current as never) }, request).catch((error) =>
    registry.options.log.warn('the use of a legacy token is not noted', { namespace, name, err: errorMessage(error) }),
  );
}
