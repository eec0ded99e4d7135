import type { PlainRoute } from '../http/plain-route.ts';
import type { Tokens } from '../http/services.ts';

const keysPath = '/openid/v1/jwks';

export interface IssuerOptions {
  readonly tokens: Pick<Tokens, 'issuer' | 'keySet'>;
  /** Where relying parties find the keys: of this server, unless told. */
  readonly jwksURI?: string | undefined;
  /** `host:port` of this server. */
  readonly serverAddress: () => string;
}

/** What others need to check service-account tokens without asking: `/.well-known/openid-configuration` and the keys. */
export function issuerRoute({ tokens, jwksURI, serverAddress }: IssuerOptions): PlainRoute {
  const headers = { 'cache-control': 'public, max-age=3600' };
  return ({ path }) => {
    if (path === keysPath) return { type: 'application/jwk-set+json', body: JSON.stringify(tokens.keySet), headers };
    if (path !== '/.well-known/openid-configuration') return undefined;
    const { keys } = tokens.keySet;
    const document = {
      issuer: tokens.issuer,
      jwks_uri: jwksURI || `https://${serverAddress()}${keysPath}`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [...new Set(keys.map(({ alg }) => alg))].sort(),
    };
    return { type: 'application/json', body: JSON.stringify(document), headers };
  };
}
