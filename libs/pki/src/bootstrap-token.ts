import { createHmac } from 'node:crypto';
import type { Random } from '@keelson/base';

const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** The two halves of a bootstrap token: the id is public and names the Secret, the secret proves who asks. */
export interface BootstrapToken {
  readonly id: string;
  readonly secret: string;
}

/** A new bootstrap token, six characters, a dot, sixteen characters: `abcdef.0123456789abcdef`. */
export function generateToken(random: Random): string {
  const draw = (length: number): string => Array.from({ length }, () => alphabet[Math.floor(random.next() * alphabet.length)]).join('');
  return `${draw(6)}.${draw(16)}`;
}

/** The halves of `text`, or undefined when it has not the form of a bootstrap token. */
export function parseToken(text: string): BootstrapToken | undefined {
  const match = /^([a-z0-9]{6})\.([a-z0-9]{16})$/.exec(text);
  return match ? { id: match[1] as string, secret: match[2] as string } : undefined;
}

/**
 * A JWS of `payload` by the token, without the payload: header and signature with nothing between. What stands in the ConfigMap
 * `cluster-info` beside the kubeconfig, for machines that know the token and trust nobody yet.
 */
export function signDetached(payload: string, { id, secret }: BootstrapToken): string {
  const header = Buffer.from(JSON.stringify({ alg: 'HS256', kid: id })).toString('base64url');
  const signature = createHmac('sha256', secret)
    .update(`${header}.${Buffer.from(payload).toString('base64url')}`)
    .digest('base64url');
  return `${header}..${signature}`;
}
