import { parseTime } from '@keelson/machinery';
import type { Secret } from '@keelson/types';

export const tokenNamespace = 'kube-system';
export const tokenType = 'bootstrap.kubernetes.io/token';
const namePrefix = 'bootstrap-token-';

/** A value of a Secret; empty when it has none. */
export function dataOf({ data }: Secret, key: string): string {
  return Buffer.from(data?.[key] ?? '', 'base64').toString();
}

/** When a token ends, milliseconds since the epoch: undefined when never, 0 when nobody can read the time. */
export function tokenEnd(secret: Secret): number | undefined {
  const text = dataOf(secret, 'expiration');
  return text === '' ? undefined : (parseTime(text) ?? 0);
}

/** A token that may sign now, or undefined when the Secret holds none. */
export function signingToken(secret: Secret, now: number): { readonly id: string; readonly secret: string } | undefined {
  const [id, value] = [dataOf(secret, 'token-id'), dataOf(secret, 'token-secret')];
  const isWhole = secret.type === tokenType && /^[a-z0-9]{6}$/.test(id) && value !== '' && secret.metadata.name === `${namePrefix}${id}`;
  if (!isWhole || secret.metadata.deletionTimestamp || dataOf(secret, 'usage-bootstrap-signing') !== 'true') return undefined;
  return (tokenEnd(secret) ?? Infinity) > now ? { id, secret: value } : undefined;
}
