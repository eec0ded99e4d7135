import { readFile } from 'node:fs/promises';
import { type Clock, errorMessage, type Logger } from '@keelson/base';
import { formatFieldErrors } from '@keelson/machinery';
import type { Registry as Metrics } from 'prom-client';
import { type AnonymousPolicy, everywhere } from './anonymous.ts';
import { type AuthenticationConfig, parseAuthenticationConfig } from './config/authentication.ts';
import { jwtErrors } from './config/jwt-validation.ts';
import { jwtFromFlags, type OidcFlags } from './config/oidc-flags.ts';
import { followFile } from './follow-file.ts';
import { jwtAuthenticator } from './jwt/authenticator.ts';
import { anyToken, forThisServer } from './tokens/bearer.ts';
import { tokenFileAuthenticator } from './tokens/token-file.ts';
import type { TokenAuthenticator } from './types.ts';
import { endpointOf } from './webhook/endpoint.ts';
import { tokenWebhook } from './webhook/token.ts';

/** What the flags say of authentication, files by their names, times in milliseconds. */
export interface AuthenticationSettings {
  readonly configFile: string;
  readonly anonymous: boolean;
  /** Whoever comes may do anything: then nobody comes without a credential, as upstream. */
  readonly alwaysAllow: boolean;
  readonly tokenFile: string;
  readonly oidc: OidcFlags;
  readonly webhook: { readonly configFile: string; readonly version: string; readonly life: number };
  /** Of this server. */
  readonly audiences: readonly string[];
  /** Of service-account tokens. */
  readonly issuers: readonly string[];
}

export interface Surroundings {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly signal: AbortSignal;
}

export interface ConfiguredAuthentication {
  readonly tokens: readonly TokenAuthenticator[];
  anonymous(): AnonymousPolicy;
}

/** Reads what the flags name. What the configuration file says follows the file. @throws Error in one sentence. */
export async function configureAuthentication(settings: AuthenticationSettings, around: Surroundings): Promise<ConfiguredAuthentication> {
  const { audiences, tokenFile, webhook } = settings;
  const first: TokenAuthenticator[] = [];
  if (tokenFile) first.push(forThisServer(tokenFileAuthenticator(tokenFile, await text('token-auth-file', tokenFile)), audiences));
  const current = await followedConfig(settings, around);
  const issuers: TokenAuthenticator = { name: 'jwt', identify: (token, wanted) => current.jwt.identify(token, wanted) };
  return {
    tokens: [...first, forThisServer(issuers, audiences), ...(webhook.configFile ? [webhookOf(settings, around)] : [])],
    anonymous: () => current.anonymous,
  };
}

/** What the file says now; another object of the same kind takes its members when the file changes. */
interface Current {
  jwt: TokenAuthenticator;
  anonymous: AnonymousPolicy;
}

async function followedConfig(settings: AuthenticationSettings, around: Surroundings): Promise<Current> {
  const { configFile, issuers } = settings;
  const flags = jwtFromFlags(settings.oidc);
  if (flags && configFile) throw new Error('authentication-config file and oidc-* flags are mutually exclusive');
  if (!configFile) return currentOf(checked(flags ? [flags] : [], issuers), settings, around);
  const content = await text('authentication-config', configFile);
  const parse = (text: string): Promise<Current> => currentOf(parsed(text, settings), settings, around);
  const current = await parse(content);
  followFile(
    { path: configFile, text: content, subject: 'authentication' },
    around,
    async (text) => void Object.assign(current, await parse(text)),
  );
  return current;
}

function parsed(text: string, { configFile, issuers, anonymous }: AuthenticationSettings): AuthenticationConfig {
  try {
    const config = parseAuthenticationConfig(text, issuers);
    if (config.anonymous && !anonymous) throw new Error('--anonymous-auth flag cannot be set when anonymous is configured here');
    return config;
  } catch (error) {
    throw new Error(`--authentication-config ${configFile}: ${errorMessage(error)}`);
  }
}

function checked(jwt: AuthenticationConfig['jwt'], issuers: readonly string[]): AuthenticationConfig {
  const errors = jwtErrors(jwt, issuers);
  if (errors.length > 0) throw new Error(`--oidc-issuer-url: ${formatFieldErrors(errors)}`);
  return { jwt };
}

/** Issuers are asked for their keys at once, but not waited for: one that is away keeps nobody else out. */
async function currentOf(config: AuthenticationConfig, settings: AuthenticationSettings, { clock }: Surroundings): Promise<Current> {
  const anonymous = settings.anonymous && !settings.alwaysAllow;
  const all = config.jwt.map((one) => jwtAuthenticator(one, clock));
  for (const authenticator of all) void authenticator.start();
  return { jwt: anyToken(all), anonymous: config.anonymous ?? (anonymous ? everywhere : { enabled: false }) };
}

function webhookOf({ webhook, audiences }: AuthenticationSettings, { clock, log }: Surroundings): TokenAuthenticator {
  const { configFile, version, life } = webhook;
  if (!['v1', 'v1beta1'].includes(version))
    throw new Error(`--authentication-token-webhook-version: "${version}" is unknown; use v1 or v1beta1`);
  return tokenWebhook({ endpoint: endpointOf(configFile, 30_000, clock), version, life, audiences, clock, log });
}

function text(flag: string, path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: Error) => Promise.reject(new Error(`--${flag}: cannot read ${path}: ${error.message}`)));
}
