import { timingSafeEqual } from 'node:crypto';
import { parseTime } from '@keelson/machinery';
import { type BootstrapToken, parseToken } from '@keelson/pki';
import { Secret } from '@keelson/types';
import type { Registry } from '../../registry/registry.ts';
import type { Authentication, TokenAuthenticator } from '../types.ts';

const namespace = 'kube-system';
const secretType = 'bootstrap.kubernetes.io/token';
const bootstrappers = 'system:bootstrappers';
const extraGroup = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

/**
 * Bootstrap tokens, `abcdef.0123456789abcdef`, each kept in the Secret `kube-system/bootstrap-token-<id>`: who shows one is
 * `system:bootstrap:<id>`. A bearer token of another form is somebody else's business.
 */
export function bootstrapTokens(registry: () => Registry): TokenAuthenticator {
  return {
    name: 'bootstrap-token',
    identify(shown) {
      const token = parseToken(shown);
      if (!token) return { type: 'absent' };
      const secret = registry().read(Secret, namespace, `bootstrap-token-${token.id}`);
      return judge(token, secret, registry().options.clock.now());
    },
  };
}

/** Whom a token stands for, by the Secret it names. @param now milliseconds since the epoch. */
export function judge({ id, secret }: BootstrapToken, stored: Secret | undefined, now: number): Authentication {
  const invalid = (message: string): Authentication => ({ type: 'invalid', message });
  if (!stored || stored.metadata.deletionTimestamp) return invalid('unknown token');
  const value = (key: string): string => Buffer.from(stored.data?.[key] ?? '', 'base64').toString();
  if (stored.type !== secretType || value('token-id') !== id) return invalid('the secret holds no token of this id');
  if (!isEqual(value('token-secret'), secret)) return invalid('the token does not match');
  const expiration = value('expiration');
  if (expiration && !((parseTime(expiration) ?? 0) >= now)) return invalid('the token has expired');
  if (value('usage-bootstrap-authentication') !== 'true') return invalid('the token is not for authentication');
  const extra = value('auth-extra-groups').split(',').filter(Boolean);
  if (!extra.every((group) => extraGroup.test(group))) return invalid(`extra groups of a token must match ${extraGroup.source}`);
  return { type: 'authenticated', user: { name: `system:bootstrap:${id}`, groups: [...new Set([bootstrappers, ...extra])].sort() } };
}

/** In time that does not tell where they differ. */
function isEqual(known: string, shown: string): boolean {
  const [a, b] = [Buffer.from(known), Buffer.from(shown)];
  return a.length === b.length && timingSafeEqual(a, b);
}
