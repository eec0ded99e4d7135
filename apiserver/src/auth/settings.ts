import { readFile } from 'node:fs/promises';
import type { OptionValues } from '@keelson/component';
import { publicKeyOf } from '@keelson/pki';
import type { TokenTerms } from '../http/services.ts';
import type { apiserverOptions } from '../options.ts';
import type { ServerConfig } from '../server.ts';
import type { AuthorizationFlags } from './config/authorization-flags.ts';
import { type AuthenticationSettings, configureAuthentication, type Surroundings } from './configure-authentication.ts';
import { configureAuthorization } from './configure-authorization.ts';
import { createTokens } from './tokens/tokens.ts';

type Options = OptionValues<typeof apiserverOptions>;

/** All that the flags say of who asks and what they may. @throws Error in one sentence. */
export async function configureAuth(
  options: Options,
  around: Surroundings,
): Promise<Pick<ServerConfig, 'anonymous' | 'otherTokens' | 'authorization' | 'tokens'>> {
  const [issuer = '', ...formerIssuers] = options['service-account-issuer'];
  if (!issuer) throw new Error('service-account-issuer is a required flag');
  const signingKey = await readFile(options['service-account-signing-key-file'], 'utf8');
  const publicKeys = await Promise.all(options['service-account-key-file'].map((path) => readFile(path, 'utf8')));
  const audiences = options['api-audiences'].length > 0 ? options['api-audiences'] : [issuer];
  const settings = await authenticationSettings(options, [issuer, ...formerIssuers], audiences);
  if (settings.anonymous && settings.alwaysAllow)
    around.log.warn('AnonymousAuth is not allowed with the AlwaysAllow authorizer. Resetting AnonymousAuth to false.');
  const authentication = await configureAuthentication(settings, around);
  const keys = { issuer, formerIssuers, signingKey, publicKeys: publicKeys.length > 0 ? publicKeys : [publicKeyOf(signingKey)], audiences };
  const terms = tokenTerms(options);
  return {
    anonymous: authentication.anonymous,
    otherTokens: authentication.tokens,
    authorization: await configureAuthorization(options['authorization-config'], authorizationFlags(options), around),
    tokens: () => createTokens({ ...keys, terms, clock: around.clock }),
  };
}

/** What the flags say of authentication. `issuers` and `audiences` are this server's own. @throws Error for a CA file that cannot be read. */
async function authenticationSettings(
  options: Options,
  issuers: readonly string[],
  audiences: readonly string[],
): Promise<AuthenticationSettings> {
  const caFile = options['oidc-ca-file'];
  return {
    ...{ issuers, audiences },
    configFile: options['authentication-config'],
    anonymous: options['anonymous-auth'],
    alwaysAllow: options['authorization-mode'].includes('AlwaysAllow'),
    tokenFile: options['token-auth-file'],
    oidc: {
      issuerURL: options['oidc-issuer-url'],
      clientID: options['oidc-client-id'],
      usernameClaim: options['oidc-username-claim'],
      usernamePrefix: options['oidc-username-prefix'],
      groupsClaim: options['oidc-groups-claim'],
      groupsPrefix: options['oidc-groups-prefix'],
      requiredClaims: options['oidc-required-claim'],
      signingAlgorithms: options['oidc-signing-algs'],
      ca: caFile ? await readFile(caFile, 'utf8') : undefined,
    },
    webhook: {
      configFile: options['authentication-token-webhook-config-file'],
      version: options['authentication-token-webhook-version'],
      life: options['authentication-token-webhook-cache-ttl'],
    },
  };
}

function authorizationFlags(options: Options): AuthorizationFlags {
  return {
    modes: options['authorization-mode'],
    webhookConfigFile: options['authorization-webhook-config-file'],
    webhookVersion: options['authorization-webhook-version'],
    authorizedTTL: options['authorization-webhook-cache-authorized-ttl'],
    unauthorizedTTL: options['authorization-webhook-cache-unauthorized-ttl'],
  };
}

/** How long service-account tokens live. @throws Error in one sentence. */
function tokenTerms(options: Options): TokenTerms {
  const longest = options['service-account-max-token-expiration'] / 1000;
  if (longest !== 0 && (longest < 3600 || longest > 2 ** 32))
    throw new Error('the service-account-max-token-expiration must be between 1 hour and 2^32 seconds');
  return { extend: options['service-account-extend-token-expiration'], ...(longest > 0 ? { longest } : {}) };
}
