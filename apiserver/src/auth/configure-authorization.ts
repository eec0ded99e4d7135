import { readFile } from 'node:fs/promises';
import { errorMessage } from '@keelson/base';
import { alwaysAllow, alwaysDeny } from './always.ts';
import { authorize, knownRules } from './authorize.ts';
import type { AuthorizerConfig } from './config/authorization.ts';
import { parseAuthorizationConfig } from './config/authorization.ts';
import { type AuthorizationFlags, authorizersFromFlags } from './config/authorization-flags.ts';
import type { Surroundings } from './configure-authentication.ts';
import { followFile } from './follow-file.ts';
import type { Authorizer } from './types.ts';
import { authorizationWebhook } from './webhook/authorizer.ts';
import { endpointOf } from './webhook/endpoint.ts';

/** The authorizers that need the server's objects. */
export interface OwnAuthorizers {
  readonly node: Authorizer;
  readonly rbac: Authorizer;
}

/** The chain of authorizers, made once the server has its objects. */
export type AuthorizerChain = (own: OwnAuthorizers) => readonly Authorizer[];

/** Reads what the flags name; the configuration file is followed. @throws Error in one sentence. */
export async function configureAuthorization(
  configFile: string,
  flags: AuthorizationFlags,
  around: Surroundings,
): Promise<AuthorizerChain> {
  if (!configFile) {
    const links = linksOf(authorizersFromFlags(flags), around);
    return (own) => links.map((link) => link(own));
  }
  if (flags.modes.length > 0 || flags.webhookConfigFile)
    throw new Error('--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined');
  const read = (text: string): Link[] => {
    try {
      return linksOf(parseAuthorizationConfig(text), around);
    } catch (error) {
      throw new Error(`--authorization-config ${configFile}: ${errorMessage(error)}`);
    }
  };
  const content = await readFile(configFile, 'utf8');
  const first = read(content);
  return (own) => {
    let current = first.map((link) => link(own));
    followFile({ path: configFile, text: content, subject: 'authorization' }, around, (text) => {
      current = read(text).map((link) => link(own));
    });
    return [
      {
        name: 'configured',
        authorize: (asked) => authorize(current, asked),
        knownRules: (user, namespace) => knownRules(current, user, namespace),
      },
    ];
  };
}

type Link = (own: OwnAuthorizers) => Authorizer;

function linksOf(configs: readonly AuthorizerConfig[], around: Surroundings): Link[] {
  return configs.map((config) => linkOf(config, around));
}

function linkOf(config: AuthorizerConfig, { clock, log }: Surroundings): Link {
  switch (config.type) {
    case 'Node':
      return ({ node }) => node;
    case 'RBAC':
      return ({ rbac }) => rbac;
    case 'AlwaysAllow':
      return () => alwaysAllow;
    case 'AlwaysDeny':
      return () => alwaysDeny;
    case 'Webhook': {
      const { kubeconfig, timeout, ...rest } = config.webhook;
      const endpoint = endpointOf(kubeconfig, timeout, clock);
      const webhook = authorizationWebhook({ ...rest, name: config.name, endpoint, clock, log });
      return () => webhook;
    }
  }
}
