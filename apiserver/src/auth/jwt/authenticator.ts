import { type Clock, errorMessage } from '@keelson/base';
import { Expiring } from '../expiring.ts';
import type { Authentication, TokenAuthenticator } from '../types.ts';
import { refusal, userFrom } from './claims.ts';
import { DistributedClaim } from './distributed.ts';
import { type Fetch, fetchJson, IssuerKeys, issuerFetch } from './provider.ts';
import { asymmetricAlgorithms, type Claims, type JwtConfig } from './types.ts';
import { unverified, verify } from './verify.ts';

/** Milliseconds and number of verified tokens that are not verified again; times are checked for each request. */
const remembered = { life: 10_000, count: 4_096 };

/** Tokens of one OpenID Connect issuer. Tokens of others are absent here. `fetch` is how the issuer is asked; by HTTPS unless told. */
export function jwtAuthenticator(config: JwtConfig, clock: Clock, fetch?: Fetch): TokenAuthenticator & { start(): Promise<void> } {
  const fetchText = issuerFetch(config.issuer.certificateAuthority, clock);
  const ask = fetch ?? fetchJson(fetchText);
  const keys = new IssuerKeys(config.issuer, clock, ask);
  const allowed = config.signingAlgorithms?.length ? config.signingAlgorithms : asymmetricAlgorithms;
  const groups = config.claimMappings.groups?.claim;
  const elsewhere = groups ? new DistributedClaim(groups, config, { clock, fetch: ask, fetchText, allowed }) : undefined;
  /** Claims with all that belongs to them, by token. */
  const known = new Expiring<Claims>(clock, remembered.count);
  return {
    name: `jwt ${config.issuer.url}`,
    start: () => keys.refresh(),
    async identify(token): Promise<Authentication> {
      const parts = unverified(token);
      if (!parts || issuerOf(parts.claims) !== config.issuer.url) return { type: 'absent' };
      const invalid = (message: string): Authentication => ({ type: 'invalid', message });
      try {
        let claims = known.get(token);
        const problem =
          refusal(parts.claims, config, clock.now()) ??
          (claims ? undefined : await verify(token, parts.header, await keys.find(parts.header.kid), allowed));
        if (problem) return invalid(`oidc: verify token: ${problem}`);
        if (!claims) {
          claims = elsewhere ? await elsewhere.expand(parts.claims) : parts.claims;
          known.set(token, claims, remembered.life);
        }
        const mapped = userFrom(claims, config);
        return mapped.type === 'user' ? { type: 'authenticated', user: mapped.user } : invalid(mapped.reason);
      } catch (error) {
        return invalid(errorMessage(error));
      }
    },
  };
}

/** Google names itself with or without a scheme. */
function issuerOf({ iss }: Claims): unknown {
  return iss === 'accounts.google.com' ? 'https://accounts.google.com' : iss;
}
