import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

const generate = promisify(generateKeyPair);

/** EC is P-256 and takes a fraction of a millisecond; RSA is 2048 bits, for clients that know nothing newer, and takes a hundred. */
export type KeyType = 'EC' | 'RSA';

export interface KeyPair {
  /** PKCS #8. */
  readonly privateKeyPem: string;
  /** SubjectPublicKeyInfo. */
  readonly publicKeyPem: string;
}

/** A new private key. */
export async function generateKey(type: KeyType): Promise<KeyObject> {
  const pair = type === 'RSA' ? generate('rsa', { modulusLength: 2048 }) : generate('ec', { namedCurve: 'P-256' });
  return (await pair).privateKey;
}

/** A new key pair, as for `sa.key` and `sa.pub`. */
export async function createKeyPair(type: KeyType = 'EC'): Promise<KeyPair> {
  const key = await generateKey(type);
  return { privateKeyPem: pemOfPrivateKey(key), publicKeyPem: pemOfPublicKey(createPublicKey(key)) };
}

/** The public half of a private key in PEM. @throws when the text is no private key. */
export function publicKeyOf(privateKeyPem: string): string {
  return pemOfPublicKey(createPublicKey(createPrivateKey(privateKeyPem)));
}

export function pemOfPrivateKey(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

export function pemOfPublicKey(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

/** The JWS algorithm that Kubernetes uses with a key of this type. @throws for key types it does not sign tokens with. */
export function algorithmOf(key: KeyObject): 'RS256' | 'ES256' | 'ES384' | 'ES512' {
  if (key.asymmetricKeyType === 'rsa') return 'RS256';
  switch (key.asymmetricKeyDetails?.namedCurve) {
    case 'prime256v1':
      return 'ES256';
    case 'secp384r1':
      return 'ES384';
    case 'secp521r1':
      return 'ES512';
    default:
      throw new Error(`a service account key must be RSA or an EC key on P-256, P-384 or P-521, not ${key.asymmetricKeyType}`);
  }
}
