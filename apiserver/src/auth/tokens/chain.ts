import type { Tokens } from '../../http/services.ts';
import type { Registry } from '../../registry/registry.ts';
import type { TokenAuthenticator } from '../types.ts';
import { anyToken, forThisServer } from './bearer.ts';
import { bootstrapTokens } from './bootstrap-token.ts';
import { legacyTokens } from './legacy-token.ts';
import { serviceAccountTokens, type TokenMetrics } from './service-account.ts';

export interface TokenKinds {
  readonly tokens: Tokens;
  /** Whether bootstrap tokens are taken. */
  readonly bootstrap: boolean;
  /** Other kinds, asked last: from a file, of OpenID Connect issuers, known to a webhook. */
  readonly others: readonly TokenAuthenticator[];
  readonly metrics: TokenMetrics;
}

/** Every kind of bearer token the server takes, in the order they are asked. */
export function allTokens({ tokens, bootstrap, others, metrics }: TokenKinds, registry: () => Registry): TokenAuthenticator {
  const { audiences, publicKeys } = tokens;
  return anyToken([
    serviceAccountTokens(tokens, registry, metrics),
    ...(publicKeys ? [forThisServer(legacyTokens(publicKeys, registry, metrics), audiences)] : []),
    ...(bootstrap ? [forThisServer(bootstrapTokens(registry), audiences)] : []),
    ...others,
  ]);
}
