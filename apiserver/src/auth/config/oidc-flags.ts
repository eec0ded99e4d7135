import type { JwtConfig } from '../jwt/types.ts';
import { asymmetricAlgorithms } from '../jwt/types.ts';

/** The `--oidc-*` flags; `ca` is the content of the CA file. */
export interface OidcFlags {
  readonly issuerURL: string;
  readonly clientID: string;
  readonly usernameClaim: string;
  readonly usernamePrefix: string;
  readonly groupsClaim: string;
  readonly groupsPrefix: string;
  /** `claim=value` each. */
  readonly requiredClaims: readonly string[];
  readonly signingAlgorithms: readonly string[];
  readonly ca: string | undefined;
}

/** What the flags come to as one JWT authenticator; undefined when they name no issuer. @throws Error in one sentence. */
export function jwtFromFlags(flags: OidcFlags): JwtConfig | undefined {
  const { issuerURL, clientID, usernameClaim, groupsClaim, groupsPrefix, ca } = flags;
  const any = [issuerURL, clientID, groupsClaim, groupsPrefix, flags.usernamePrefix, ...flags.requiredClaims, ca].some(Boolean);
  if (!any) return undefined;
  if (!issuerURL || !clientID)
    throw new Error('oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set');
  const unknown = flags.signingAlgorithms.find((algorithm) => !asymmetricAlgorithms.includes(algorithm));
  if (unknown !== undefined)
    throw new Error(`--oidc-signing-algs: unsupported signing algorithm "${unknown}"; use ${asymmetricAlgorithms.join(', ')}`);
  const claimValidationRules = flags.requiredClaims.map((text) => {
    const [, claim, requiredValue] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
    if (!claim || requiredValue === undefined) throw new Error(`--oidc-required-claim: "${text}" must be formatted as key=value`);
    return { claim, requiredValue };
  });
  return {
    issuer: { url: issuerURL, audiences: [clientID], ...(ca ? { certificateAuthority: ca } : {}) },
    claimMappings: {
      username: { claim: usernameClaim, prefix: prefixOf(flags) },
      ...(groupsClaim ? { groups: { claim: groupsClaim, prefix: groupsPrefix } } : {}),
    },
    claimValidationRules,
    signingAlgorithms: flags.signingAlgorithms,
  };
}

/** Users of an issuer cannot be mistaken for others: their names begin with its URL, but for addresses, and unless told otherwise. */
function prefixOf({ usernameClaim, usernamePrefix, issuerURL }: OidcFlags): string {
  if (usernamePrefix === '-') return '';
  if (usernamePrefix !== '') return usernamePrefix;
  return usernameClaim === 'email' ? '' : `${issuerURL}#`;
}
