import type { Clock } from '@keelson/base';
import type { Registry as Metrics } from 'prom-client';
import type { Services, Tokens } from '../http/services.ts';
import type { Registry } from '../registry/registry.ts';
import { type AnonymousPolicy, everywhere } from './anonymous.ts';
import type { Authenticators } from './authenticate.ts';
import { authorize, knownRules } from './authorize.ts';
import type { AuthorizerChain } from './configure-authorization.ts';
import { inProcessAuthenticator } from './in-process.ts';
import { nodeAuthorizer } from './node/node.ts';
import { followNodes } from './node/node-graph.ts';
import { rbacAuthorizer } from './rbac/authorizer.ts';
import { requestHeaderAuthenticator } from './request-header.ts';
import { superuserAuthorizer } from './superuser.ts';
import { bearerAuthenticator } from './tokens/bearer.ts';
import { allTokens } from './tokens/chain.ts';
import { createTokenMetrics } from './tokens/token-metrics.ts';
import { noTrust, type Trust } from './trust.ts';
import type { Authenticator, Authorizer, TokenAuthenticator } from './types.ts';
import { x509Authenticator } from './x509.ts';

/** Who asks, and what they may: all of it, in the order it is asked. */
export interface Access extends Authenticators {
  readonly authorizers: readonly Authorizer[];
  /** What handlers use of it. */
  readonly services: Pick<Services, 'tokens' | 'identify' | 'authorize' | 'rulesOf' | 'allRulesOf'>;
}

/** What the flags make of it. */
export interface AccessOptions {
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Who may ask without a credential; anybody unless told, as far as the roles let them. */
  readonly anonymous?: () => AnonymousPolicy;
  /** Whether bootstrap tokens are taken. */
  readonly bootstrapTokens?: boolean;
  readonly tokens: (registry: () => Registry) => Tokens;
  /** Kinds of bearer tokens besides the cluster's own. */
  readonly otherTokens?: readonly TokenAuthenticator[];
  /** Who decides what may be done, in order; the Node authorizer and RBAC unless told. `system:masters` may do everything in any case. */
  readonly authorization?: AuthorizerChain;
  /** Whom it believes by certificate, at present: asked each time. Absent where there are no certificates. */
  readonly trust?: () => Trust;
}

/** Made once the caches are loaded: roles and nodes are followed from then on. */
export function createAccess(options: AccessOptions, registry: Registry): Access {
  const { bootstrapTokens: bootstrap = false, otherTokens: others = [], anonymous = () => everywhere } = options;
  const rbac = rbacAuthorizer(registry);
  const own = { node: nodeAuthorizer(followNodes(registry)), rbac };
  const authorizers = [superuserAuthorizer, ...(options.authorization?.(own) ?? [own.node, own.rbac])];
  const tokens = options.tokens(() => registry);
  const bearers = allTokens({ tokens, bootstrap, others, metrics: createTokenMetrics(options.metrics) }, () => registry);
  return {
    authorizers,
    anonymous,
    authenticators: [inProcessAuthenticator, ...certificates(options), bearerAuthenticator(bearers, tokens.audiences)],
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
function certificates({ trust = () => noTrust, clock }: AccessOptions): Authenticator[] {
  return [...(trust().frontProxies ? [requestHeaderAuthenticator(trust, clock)] : []), x509Authenticator(trust)];
}
