import type { Services } from '../http/services.ts';
import type { Registry } from '../registry/registry.ts';
import type { ServerConfig } from '../server.ts';
import { everywhere } from './anonymous.ts';
import type { Authenticators } from './authenticate.ts';
import { authorize, knownRules } from './authorize.ts';
import { bearerAuthenticator } from './bearer.ts';
import { allTokens } from './chain.ts';
import { inProcessAuthenticator } from './in-process.ts';
import { nodeAuthorizer } from './node.ts';
import { followNodes } from './node-graph.ts';
import { rbacAuthorizer } from './rbac/authorizer.ts';
import { requestHeaderAuthenticator } from './request-header.ts';
import { superuserAuthorizer } from './superuser.ts';
import { createTokenMetrics } from './token-metrics.ts';
import { noTrust } from './trust.ts';
import type { Authenticator, Authorizer } from './types.ts';
import { x509Authenticator } from './x509.ts';

/** Who asks, and what they may: all of it, in the order it is asked. */
export interface Access extends Authenticators {
  readonly authorizers: readonly Authorizer[];
  /** What handlers use of it. */
  readonly services: Pick<Services, 'tokens' | 'identify' | 'authorize' | 'rulesOf' | 'allRulesOf'>;
}

/** Made once the caches are loaded: roles and nodes are followed from then on. */
export function createAccess(config: ServerConfig, registry: Registry): Access {
  const { bootstrapTokens: bootstrap = false, otherTokens: others = [], anonymous = () => everywhere } = config;
  const rbac = rbacAuthorizer(registry);
  const own = { node: nodeAuthorizer(followNodes(registry)), rbac };
  const authorizers = [superuserAuthorizer, ...(config.authorization?.(own) ?? [own.node, own.rbac])];
  const tokens = config.tokens(() => registry);
  const bearers = allTokens({ tokens, bootstrap, others, metrics: createTokenMetrics(config.metrics) }, () => registry);
  return {
    authorizers,
    anonymous,
    authenticators: [inProcessAuthenticator, ...certificates(config), bearerAuthenticator(bearers, tokens.audiences)],
    services: {
      tokens,
      identify: bearers.identify,
      authorize: (attributes) => authorize(authorizers, attributes),
      rulesOf: rbac.rulesOf,
      allRulesOf: (user, namespace) => knownRules(authorizers, user, namespace),
    },
  };
}

/** The listener trusts both authorities, so each authenticator looks which of them a certificate is of. */
function certificates({ trust = () => noTrust, clock }: ServerConfig): Authenticator[] {
  return [...(trust().frontProxies ? [requestHeaderAuthenticator(trust, clock)] : []), x509Authenticator(trust)];
}
