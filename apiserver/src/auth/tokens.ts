import type { Clock } from '@keelson/base';
import { createTokenSigner, createTokenVerifier, publicKeySet } from '@keelson/pki';
import type { Tokens } from '../http/services.ts';
import type { Registry } from '../registry/registry.ts';
import { userOf } from './service-account.ts';

export interface TokenKeys {
  readonly issuer: string;
  readonly signingKey: string;
  readonly publicKeys: readonly string[];
  /** Audiences of tokens meant for this server. */
  readonly audiences: readonly string[];
  readonly clock: Clock;
}

/** Signs and checks service-account tokens with the cluster's keys. */
export function createTokens({ issuer, signingKey, publicKeys, audiences, clock }: TokenKeys, registry: () => Registry): Tokens {
  const verifier = createTokenVerifier(publicKeys, { issuers: [issuer], audiences, clock });
  const verify: Tokens['verify'] = (token, wanted) => verifier.verify(token, wanted);
  return {
    issuer,
    keySet: publicKeySet(publicKeys),
    signer: createTokenSigner(signingKey, { issuer, clock }),
    verify,
    async identify(token, wanted) {
      const verdict = await verify(token, wanted);
      if (verdict.kind === 'valid') {
        const found = userOf(registry(), verdict.claims);
        return found.type === 'authenticated' ? { ...found, audiences: verdict.audiences } : found;
      }
      return verdict.kind === 'foreign' ? { type: 'absent' } : { type: 'invalid', message: verdict.reason };
    },
  };
}
