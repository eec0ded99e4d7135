import { type Clock, errorMessage } from '@keelson/base';
import { Expiring } from '../expiring.ts';
import type { Authentication, TokenAuthenticator } from '../types.ts';
import { refusal, userFrom } from './claims.ts';
import { type Fetch, IssuerKeys, type SigningKey } from './provider.ts';
import { asymmetricAlgorithms, type Claims, type JwtConfig } from './types.ts';

/** Milliseconds and number of verified tokens that are not verified again; times are checked for each request. */
const remembered = { life: 10_000, count: 4_096 };

/** Tokens of one OpenID Connect issuer. Tokens of others are absent here. `fetch` is how the issuer is asked; by HTTPS unless told. */
export function jwtAuthenticator(config: JwtConfig, clock: Clock, fetch?: Fetch): TokenAuthenticator & { start(): Promise<void> } {
  const keys = new IssuerKeys(config.issuer, clock, fetch);
  const allowed = config.signingAlgorithms?.length ? config.signingAlgorithms : asymmetricAlgorithms;
  const verified = new Expiring<Claims>(clock, remembered.count);
  return {
    name: `jwt ${config.issuer.url}`,
    start: () => keys.refresh(),
    async identify(token): Promise<Authentication> {
      const parts = unverified(token);
      if (!parts || parts.claims.iss !== config.issuer.url) return { type: 'absent' };
      const invalid = (message: string): Authentication => ({ type: 'invalid', message });
      if (!verified.get(token)) {
        try {
          const problem = await verify(token, parts.header, await keys.find(parts.header.kid), allowed);
          if (problem) return invalid(`oidc: verify token: ${problem}`);
        } catch (error) {
          return invalid(errorMessage(error));
        }
        verified.set(token, parts.claims, remembered.life);
      }
      const reason = refusal(parts.claims, config, clock.now());
      if (reason) return invalid(reason);
      const mapped = userFrom(parts.claims, config);
      return mapped.type === 'user' ? { type: 'authenticated', user: mapped.user } : invalid(mapped.reason);
    },
  };
}

interface Header {
  readonly alg: string;
  readonly kid: string | undefined;
}

/** Why no key proves the token; undefined when one does. */
async function verify(
  token: string,
  { alg }: Header,
  keys: readonly SigningKey[],
  allowed: readonly string[],
): Promise<string | undefined> {
  if (!allowed.includes(alg)) return `oidc: id token signed with unsupported algorithm, expected ${JSON.stringify(allowed)} got "${alg}"`;
  const { compactVerify } = await import('jose/jws/compact/verify');
  let problem = 'failed to verify signature: no key of the issuer matches';
  for (const { key, algorithm } of keys) {
    if (algorithm !== undefined && algorithm !== alg) continue;
    try {
      await compactVerify(token, key, { algorithms: [alg] });
      return undefined;
    } catch (error) {
      problem = `failed to verify signature: ${errorMessage(error)}`;
    }
  }
  return problem;
}

/** What a token says before anything is proved; undefined when it is no JWT. */
function unverified(token: string): { header: Header; claims: Claims } | undefined {
  const parts = token.split('.');
  if (parts.length !== 3) return undefined;
  try {
    const [header, claims] = parts.slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as unknown);
    if (!isRecord(header) || !isRecord(claims)) return undefined;
    return { header: { alg: String(header.alg), kid: typeof header.kid === 'string' ? header.kid : undefined }, claims };
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
