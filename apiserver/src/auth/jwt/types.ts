/** One issuer of JSON Web Tokens and what its claims mean, as in AuthenticationConfiguration. */
export interface JwtConfig {
  readonly issuer: JwtIssuer;
  readonly claimValidationRules?: readonly ClaimRule[];
  readonly claimMappings: ClaimMappings;
  readonly userValidationRules?: readonly UserRule[];
  /** JWS algorithms a token may be signed with; all asymmetric ones unless told. Not in the file: `--oidc-signing-algs` says it. */
  readonly signingAlgorithms?: readonly string[];
}

export interface JwtIssuer {
  readonly url: string;
  /** Where the discovery document is, when that is not below `url`. */
  readonly discoveryURL?: string;
  /** PEM. The machine's own authorities when absent. */
  readonly certificateAuthority?: string;
  readonly audiences: readonly string[];
  readonly audienceMatchPolicy?: string;
  readonly egressSelectorType?: string;
}

/** Either a claim with the value it must have, or an expression over `claims` that must be true. */
export interface ClaimRule {
  readonly claim?: string;
  readonly requiredValue?: string;
  readonly expression?: string;
  readonly message?: string;
}

/** An expression over `user` that must be true. */
export interface UserRule {
  readonly expression: string;
  readonly message?: string;
}

export interface ClaimMappings {
  readonly username: PrefixedClaim;
  readonly groups?: PrefixedClaim;
  readonly uid?: ClaimOrExpression;
  readonly extra?: readonly ExtraMapping[];
}

export interface ClaimOrExpression {
  readonly claim?: string;
  readonly expression?: string;
}

export interface PrefixedClaim extends ClaimOrExpression {
  readonly prefix?: string;
}

export interface ExtraMapping {
  readonly key: string;
  readonly valueExpression: string;
}

/** The claims of a token whose signature holds. */
export type Claims = Readonly<Record<string, unknown>>;

/** Algorithms whose signatures a public key can check. Neither `none` nor HMAC, where the public key would be the secret. */
export const asymmetricAlgorithms: readonly string[] = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512'];
