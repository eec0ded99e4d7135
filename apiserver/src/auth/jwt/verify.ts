import { errorMessage } from '@keelson/base';
import { goQuote, isObject } from '@keelson/machinery';
import type { SigningKey } from './provider.ts';
import type { Claims } from './types.ts';

export interface Header {
  readonly alg: string;
  readonly kid: string | undefined;
}

/** Why no key proves the token; undefined when one does. */
export async function verify(
  token: string,
  { alg }: Header,
  keys: readonly SigningKey[],
  allowed: readonly string[],
): Promise<string | undefined> {
  if (!allowed.includes(alg))
    return `oidc: id token signed with unsupported algorithm, expected [${allowed.map(goQuote).join(' ')}] got ${goQuote(alg)}`;
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
export function unverified(token: string): { readonly header: Header; readonly claims: Claims } | undefined {
  const parts = token.split('.');
  if (parts.length !== 3) return undefined;
  try {
    const [header, claims] = parts.slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as unknown);
    if (!isObject(header) || !isObject(claims)) return undefined;
    return { header: { alg: String(header.alg), kid: typeof header.kid === 'string' ? header.kid : undefined }, claims };
  } catch {
    return undefined;
  }
}
