import type { Clock } from '@keelson/base';
import { createTokenSigner, createTokenVerifier, publicKeySet } from '@keelson/pki';
import type { Tokens, TokenTerms } from '../../http/services.ts';

export interface TokenKeys {
  readonly issuer: string;
  /** Issuers whose tokens are taken besides: those of before the issuer changed. */
  readonly formerIssuers?: readonly string[];
  readonly signingKey: string;
  readonly publicKeys: readonly string[];
  /** Audiences of tokens meant for this server. */
  readonly audiences: readonly string[];
  readonly terms?: TokenTerms;
  readonly clock: Clock;
}

/** Signs and checks service-account tokens with the cluster's keys. */
export function createTokens({ issuer, formerIssuers = [], signingKey, publicKeys, audiences, terms, clock }: TokenKeys): Tokens {
  const verifier = createTokenVerifier(publicKeys, { issuers: [issuer, ...formerIssuers], audiences, clock });
  return {
    issuer,
    audiences,
    publicKeys,
    ...(terms ? { terms } : {}),
    keySet: publicKeySet(publicKeys),
    signer: createTokenSigner(signingKey, { issuer, clock }),
    verify: (token, wanted) => verifier.verify(token, wanted),
  };
}
