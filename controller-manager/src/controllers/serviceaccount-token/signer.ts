import { createPrivateKey } from 'node:crypto';
import { algorithmOf, publicKeyOf, publicKeySet } from '@keelson/pki';

/** Signs claims as they are. */
export type ClaimsSigner = (claims: Readonly<Record<string, string>>) => Promise<string>;

/** @throws when the text is no RSA or EC key. */
export function claimsSigner(privateKeyPem: string): ClaimsSigner {
  const key = createPrivateKey(privateKeyPem);
  const kid = String(publicKeySet([publicKeyOf(privateKeyPem)]).keys[0]?.kid);
  const header = { alg: algorithmOf(key), kid };
  return async (claims) => {
    const { SignJWT } = await import('jose/jwt/sign');
    return new SignJWT(claims).setProtectedHeader(header).sign(key);
  };
}
