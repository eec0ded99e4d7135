import { type Clock, errorMessage } from '@keelson/base';
import { isObject } from '@keelson/machinery';
import { refusal } from './claims.ts';
import { type Fetch, type FetchText, IssuerKeys } from './provider.ts';
import type { Claims, JwtConfig } from './types.ts';
import { unverified, verify } from './verify.ts';

export interface DistributedDeps {
  readonly clock: Clock;
  /** How issuers are asked for their keys. */
  readonly fetch: Fetch;
  /** How the endpoint of a claim is asked, with the token it wants. */
  readonly fetchText: FetchText;
  /** Algorithms a token may be signed with. */
  readonly allowed: readonly string[];
}

/** Issuers of other tokens that are remembered. */
const mostIssuers = 32;

/**
 * Finds a claim that a token does not hold but says where it is (`_claim_names`, `_claim_sources`): in another token, of an issuer that
 * answers for it, for the same audience.
 */
export class DistributedClaim {
  readonly #claim: string;
  readonly #config: JwtConfig;
  readonly #deps: DistributedDeps;
  readonly #issuers = new Map<string, IssuerKeys>();

  constructor(claim: string, config: JwtConfig, deps: DistributedDeps) {
    this.#claim = claim;
    this.#config = config;
    this.#deps = deps;
  }

  /** The claims with that one among them, or as they are where they do not tell of it. @throws Error in upstream's words. */
  async expand(claims: Claims): Promise<Claims> {
    const source = this.#sourceIn(claims);
    if (!source?.endpoint) return claims;
    try {
      return { ...claims, [this.#claim]: await this.#resolve(source.endpoint, source.access_token ?? '') };
    } catch (error) {
      throw new Error(`oidc: could not expand distributed claims: ${errorMessage(error)}`, { cause: error });
    }
  }

  #sourceIn(claims: Claims): Source | undefined {
    const { _claim_names: names, _claim_sources: sources } = claims;
    if (claims[this.#claim] !== undefined || names === undefined) return undefined;
    const fail = (why: string): never => {
      throw new Error(`oidc: could not expand distributed claims: ${why}`);
    };
    if (!isObject(names)) return fail('oidc: error parsing distributed claim names');
    if (sources === undefined) return fail('oidc: no claim sources');
    if (!isObject(sources)) return fail('oidc: could not parse claim sources');
    const name = names[this.#claim];
    if (name === undefined) return undefined;
    const source = sources[String(name)];
    if (!isObject(source)) return fail(`id token _claim_names contained a source ${name} missing in _claims_sources`);
    return source;
  }

  async #resolve(endpoint: string, accessToken: string): Promise<unknown> {
    const token = await this.#deps.fetchText(endpoint, accessToken).catch((error: unknown) => {
      throw new Error(`while getting distributed claim "${this.#claim}": ${errorMessage(error)}`);
    });
    const parts = unverified(token.trim());
    const issuer = parts?.claims.iss;
    if (!parts || typeof issuer !== 'string')
      throw new Error(`getting untrusted issuer from endpoint ${endpoint} failed for claim "${this.#claim}"`);
    const { clock, allowed } = this.#deps;
    const problem =
      (await verify(token.trim(), parts.header, await this.#keysOf(issuer).find(parts.header.kid), allowed)) ??
      refusal(parts.claims, { ...this.#config, issuer: { ...this.#config.issuer, url: issuer } }, clock.now());
    if (problem) throw new Error(`verify distributed claim token: ${problem}`);
    const value = parts.claims[this.#claim];
    if (value === undefined)
      throw new Error(`jwt returned by distributed claim endpoint "${endpoint}" did not contain claim: ${this.#claim}`);
    return value;
  }

  #keysOf(issuer: string): IssuerKeys {
    const { clock, fetch } = this.#deps;
    const keys = this.#issuers.get(issuer) ?? new IssuerKeys({ url: issuer, audiences: [] }, clock, fetch);
    const oldest = this.#issuers.size >= mostIssuers && !this.#issuers.has(issuer) ? this.#issuers.keys().next().value : undefined;
    if (oldest !== undefined) this.#issuers.delete(oldest);
    this.#issuers.set(issuer, keys);
    return keys;
  }
}

interface Source {
  readonly endpoint?: string;
  readonly access_token?: string;
}
