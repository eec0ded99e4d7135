import type { Clock, Logger, Random } from '@keelson/base';
import type { ExchangeHandler, KubeObject } from '@keelson/client';
import type { HealthCheck } from '@keelson/component';
import type { Registry as Metrics } from 'prom-client';
import { admissionChain } from './admission/chain.ts';
import { type AdmissionSettings, noAdmissionSettings } from './admission/configuration.ts';
import { deviceClaimCheck } from './admission/device-claims.ts';
import { admissionPlugins } from './admission/index.ts';
import { createPodSecurityMetrics } from './admission/pod-security/metrics.ts';
import type { Auditor } from './audit/auditor.ts';
import { type Access, type AccessOptions, createAccess } from './auth/access.ts';
import { type EscalationContext, escalationCheck } from './auth/rbac/escalation.ts';
import type { VersionInfo } from './discovery/routes.ts';
import { type AggregationOptions, Aggregator } from './extensions/aggregation/aggregator.ts';
import { CustomResources } from './extensions/crd/custom-resources.ts';
import { type MutatingPolicyDeps, mutatingPolicies } from './extensions/policies/mutating.ts';
import { validatingPolicies } from './extensions/policies/validating.ts';
import { WebhookCaller } from './extensions/webhooks/caller.ts';
import { mutatingWebhooks, validatingWebhooks, type WebhookDeps } from './extensions/webhooks/plugins.ts';
import { createFairness, usualFairness } from './fairness/index.ts';
import { type RequestLimits, usualLimits } from './http/deadline.ts';
import { Decoder } from './http/decode/decode.ts';
import { noComplaints } from './http/decode/field-faults.ts';
import { createRequestMetrics } from './http/metrics.ts';
import { createPipeline, type PipelineOptions } from './http/pipeline.ts';
import { createPlain } from './http/plain.ts';
import { createUpgrade } from './http/relay/upgrade.ts';
import type { Services } from './http/services.ts';
import { familyOf } from './kinds/core/cidr.ts';
import { kinds } from './kinds/index.ts';
import type { ServedKind } from './kinds/served-kind.ts';
import type { KindStore } from './registry/kind-store.ts';
import { Registry } from './registry/registry.ts';
import type { Store } from './storage/types.ts';
import { type BootstrapOptions, bootstrap, type ServerAddress, type State } from './upkeep/bootstrap.ts';
import { compactRegularly } from './upkeep/compaction.ts';
import { readyRanges } from './upkeep/service-ranges.ts';
import { Startup } from './upkeep/startup.ts';

export interface ServerConfig extends AccessOptions, BootstrapOptions {
  readonly store: Store;
  /** Whether what lies at a key should be written again though it has not changed; never, unless told. */
  readonly isStale?: (key: string) => Promise<boolean>;
  /** Besides its own. */
  readonly checks?: readonly HealthCheck[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly version: VersionInfo;
  readonly nodePorts: { readonly from: number; readonly to: number };
  readonly disabledAdmission: readonly string[];
  /** Tells of requests; nothing does, unless told. Closed by whoever made it. */
  readonly auditor?: Auditor | undefined;
  /** What admission plugins are told; each its own defaults, unless told. */
  readonly admission?: AdmissionSettings;
  /** Milliseconds events are kept; an hour unless told. */
  readonly eventTTL?: number;
  /** Where the keys of service accounts' tokens are said to be; at this server, unless told. */
  readonly jwksURI?: string | undefined;
  readonly kubelets: Services['kubelets'];
  /** Other parts of the control plane, for ComponentStatus. */
  readonly components?: Services['components'];
  readonly aggregation?: AggregationOptions;
  /** What requests are allowed; any time unless told. */
  readonly limits?: Partial<RequestLimits>;
  /** Milliseconds between compactions. */
  readonly compactionInterval: number;
  /** Aborts when the end is near: others are to take over while this server still serves. */
  readonly ending?: AbortSignal;
  readonly signal: AbortSignal;
}

export interface ApiServer {
  readonly registry: Registry;
  /** Serves one exchange: from a socket, or from `inProcessTransport`. */
  readonly handle: ExchangeHandler;
  readonly upgrade: ReturnType<typeof createUpgrade>;
  /** Makes what every cluster has, once the server's address is known, and reports ready. */
  bootstrap(address?: ServerAddress): Promise<void>;
  /** Resolves when the loops behind the server have ended, after the signal. */
  readonly stopped: Promise<unknown>;
}

/** An API server without its sockets: the same in a process of its own and inside a test. Resolves once the caches are loaded. */
export async function createServer(config: ServerConfig): Promise<ApiServer> {
  const { clock, random, log, signal } = config;
  const caller = new WebhookCaller(() => registry, clock);
  const registry: Registry<ServedKind> = createRegistry(config, {
    escalation: () => escalationContext(services),
    authorize: (attributes) => services.authorize(attributes),
    webhooks: {
      caller,
      random,
      authorize: (attributes) => services.authorize(attributes),
      reshape: (attributes, object) => reshape(decoder, attributes.store, object),
    },
  });
  const loaded = Promise.withResolvers<void>();
  const following = registry.feed.run(signal, loaded.resolve);
  const [decoder] = await Promise.all([Decoder.load(), loaded.promise]);
  const access = createAccess(config, registry);
  const services = servicesOf(config, access);
  const state: State = { address: '', keeping: Promise.resolve() };
  const startup = new Startup(config);
  const aggregator = new Aggregator({ ...config.aggregation, registry, clock, random, log, metrics: config.metrics });
  const options = pipelineOptions(config, { registry, decoder, access, services, aggregator, startup, state });
  const custom = new CustomResources({ registry, decoder, caller, random, clock, log, signal });
  const compacting = compactRegularly(registry, config.compactionInterval, clock, log, signal);
  const serving = [custom.run(), aggregator.run(signal)];
  return {
    registry,
    handle: createPipeline(options),
    upgrade: createUpgrade(options),
    bootstrap: (address) => bootstrap(config, { registry, startup, state, custom }, address),
    stopped: Promise.all([following, compacting, ...serving]).then(() => state.keeping),
  };
}

interface Parts {
  readonly registry: Registry<ServedKind>;
  readonly decoder: Decoder;
  readonly access: Access;
  readonly services: Services;
  readonly aggregator: Aggregator;
  readonly startup: Startup;
  readonly state: State;
}

/** What the way of each request needs of all this. */
function pipelineOptions(config: ServerConfig, parts: Parts): PipelineOptions {
  const { clock, random, log, signal } = config;
  const { registry, decoder, access, services, aggregator, startup, state } = parts;
  const fairness = createFairness(registry, config.fairness ?? usualFairness, config.metrics, signal);
  return {
    ...access,
    ...{ registry, decoder, services, clock, random, log, signal, aggregator },
    metrics: createRequestMetrics(config.metrics, clock),
    auditor: config.auditor,
    gate: fairness.gate,
    limits: { ...usualLimits, ...config.limits },
    plain: createPlain({
      ...config,
      tokens: services.tokens,
      registry,
      remote: aggregator,
      checks: [...checks(registry, startup, config.ending ?? signal), ...(config.checks ?? [])],
      serverAddress: () => state.address,
      more: fairness.routes,
    }),
  };
}

function servicesOf(config: ServerConfig, access: Access): Services {
  return {
    ...access.services,
    kubelets: config.kubelets,
    components: [...(config.components ?? []), { name: 'etcd-0', check: () => probeStore(config.store).then(() => 'ok') }],
  };
}

interface AdmissionParts {
  readonly escalation: () => EscalationContext;
  readonly webhooks: WebhookDeps & MutatingPolicyDeps;
  readonly authorize: Services['authorize'];
}

/** What a webhook made of an object, in its kind's shape and with its defaults. */
function reshape(decoder: Decoder, { kind, definition }: KindStore, object: KubeObject): KubeObject {
  const { object: shaped } = decoder.decode(kind, object, noComplaints, 'Ignore');
  definition.defaults?.(shaped);
  return shaped;
}

function createRegistry(config: ServerConfig, { escalation, webhooks, authorize }: AdmissionParts): Registry<ServedKind> {
  const { store, clock, random, log, nodePorts, disabledAdmission } = config;
  const settings = config.admission ?? noAdmissionSettings;
  const asking = [
    mutatingPolicies(webhooks),
    mutatingWebhooks({ ...webhooks, credentials: settings.mutatingCredentials }),
    validatingPolicies(authorize),
    validatingWebhooks({ ...webhooks, credentials: settings.validatingCredentials }),
  ];
  const podSecurity = { configuration: settings.podSecurity, metrics: createPodSecurityMetrics(config.metrics), clock };
  const available = admissionPlugins({ webhooks: asking, authorize, podSecurity, settings, clock });
  const chosen = available.filter(({ name }) => !disabledAdmission.includes(name));
  const plugins = [...chosen, escalationCheck(escalation), deviceClaimCheck(authorize)];
  const { eventTTL } = config;
  const served = kinds.map((definition) =>
    definition.kind.resource === 'events' && !definition.version && eventTTL !== undefined
      ? { ...definition, ttlSeconds: Math.ceil(eventTTL / 1000) }
      : definition,
  );
  const cidrs = config.serviceCIDR.split(',');
  const ranges = (registry: Registry): readonly string[] => readyRanges(registry, cidrs);
  return new Registry({
    store,
    kinds: served,
    admission: admissionChain(plugins),
    clock,
    random,
    log,
    families: cidrs.map(familyOf),
    ranges,
    nodePorts,
    isStale: config.isStale,
  });
}

const anyRole = { isResource: true, path: '', group: 'rbac.authorization.k8s.io', version: 'v1', subresource: '' };

function escalationContext({ rulesOf, authorize }: Services): EscalationContext {
  return { rulesOf, may: (user, verb, resource, namespace, name) => authorize({ ...anyRole, user, verb, resource, namespace, name }) };
}

/** @throws when the store does not answer. */
async function probeStore(store: Store): Promise<void> {
  await store.list('/registry/health', { countOnly: true, limit: 1 });
}

function checks(registry: Registry, startup: Startup, ending: AbortSignal): HealthCheck[] {
  const must = (holds: boolean, why: string): void => {
    if (!holds) throw new Error(why);
  };
  let synced = false;
  const informers = (): void => {
    synced ||= [...registry.stores].every(({ cache }) => !cache.fault);
    must(synced, 'caches are not filled yet');
  };
  return [
    { name: 'log', check: () => undefined },
    { name: 'etcd', check: () => probeStore(registry.options.store) },
    { name: 'etcd-readiness', endpoints: ['readyz'], check: () => probeStore(registry.options.store) },
    { name: 'informer-sync', endpoints: ['readyz'], check: informers },
    ...startup.checks(),
    { name: 'shutdown', endpoints: ['readyz'], check: () => must(!ending.aborted, 'process is shutting down') },
  ];
}
