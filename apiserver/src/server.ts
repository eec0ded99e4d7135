import { isIPv6 } from 'node:net';
import { type Clock, errorMessage, type Logger, type Random } from '@keelson/base';
import type { ExchangeHandler, KubeObject } from '@keelson/client';
import type { HealthCheck } from '@keelson/component';
import { applyStrategicMergePatch } from '@keelson/machinery';
import type { FrontProxyTrust } from '@keelson/pki';
import type { Registry as Metrics } from 'prom-client';
import { type AdmissionSettings, noAdmissionSettings } from './admission/configuration.ts';
import { admissionPlugins } from './admission/index.ts';
import { createPodSecurityMetrics } from './admission/pod-security/metrics.ts';
import type { Auditor } from './audit/auditor.ts';
import { createAccess } from './auth/access.ts';
import type { AnonymousPolicy } from './auth/anonymous.ts';
import type { AuthorizerChain } from './auth/configure-authorization.ts';
import { bootstrapNamespaces, bootstrapRbac } from './auth/rbac/bootstrap.ts';
import { type EscalationContext, escalationCheck } from './auth/rbac/escalation.ts';
import { ensureTokenTracking, keepTokenTracking } from './auth/service-account-tracking.ts';
import type { TokenAuthenticator } from './auth/types.ts';
import { compactRegularly } from './compaction.ts';
import type { VersionInfo } from './discovery/routes.ts';
import { ensureExtensionAuthentication } from './extension-authentication.ts';
import { type AggregationOptions, Aggregator } from './extensions/aggregation/aggregator.ts';
import { ensureLocalServices } from './extensions/aggregation/local.ts';
import { CustomResources } from './extensions/crd/custom-resources.ts';
import { type MutatingPolicyDeps, mutatingPolicies } from './extensions/policies/mutating.ts';
import { validatingPolicies } from './extensions/policies/validating.ts';
import { WebhookCaller } from './extensions/webhooks/caller.ts';
import { mutatingWebhooks, validatingWebhooks, type WebhookDeps } from './extensions/webhooks/plugins.ts';
import { bootstrapFairness, createFairness, type FairnessSettings, keepFairness, usualFairness } from './fairness/index.ts';
import { type RequestLimits, usualLimits } from './http/deadline.ts';
import { Decoder } from './http/decode.ts';
import { noComplaints } from './http/field-faults.ts';
import { createRequestMetrics } from './http/metrics.ts';
import { createPipeline, type PipelineOptions } from './http/pipeline.ts';
import { createPlain } from './http/plain.ts';
import type { Services, Tokens } from './http/services.ts';
import { createUpgrade } from './http/upgrade.ts';
import { familyOf } from './kinds/core/cidr.ts';
import { kinds } from './kinds/index.ts';
import { ensureKubernetesService, type KubernetesServiceOptions, keepKubernetesService } from './kubernetes-service.ts';
import { bootstrapPriorityClasses } from './priority-classes.ts';
import type { KindStore } from './registry/kind-store.ts';
import { Registry } from './registry/registry.ts';
import { ensureServiceCIDR, keepServiceAddresses, readyRanges } from './service-ranges.ts';
import type { Store } from './storage/types.ts';

export interface ServerConfig {
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
  /** One range, or one of each IP family with a comma between. */
  readonly serviceCIDR: string;
  readonly nodePorts: { readonly from: number; readonly to: number };
  readonly disabledAdmission: readonly string[];
  /** Tells of requests; nothing does, unless told. Closed by whoever made it. */
  readonly auditor?: Auditor | undefined;
  /** What admission plugins are told; each its own defaults, unless told. */
  readonly admission?: AdmissionSettings;
  /** Who may ask without a credential; anybody unless told, as far as the roles let them. */
  readonly anonymous?: () => AnonymousPolicy;
  /** Milliseconds events are kept; an hour unless told. */
  readonly eventTTL?: number;
  /** Whether bootstrap tokens are taken. */
  readonly bootstrapTokens?: boolean;
  readonly tokens: (registry: () => Registry) => Tokens;
  /** Kinds of bearer tokens besides the cluster's own. */
  readonly otherTokens?: readonly TokenAuthenticator[];
  /** Who decides what may be done, in order; the Node authorizer and RBAC unless told. `system:masters` may do everything in any case. */
  readonly authorization?: AuthorizerChain;
  /** Where the keys of those tokens are said to be; at this server, unless told. */
  readonly jwksURI?: string | undefined;
  readonly kubelets: Services['kubelets'];
  /** Other parts of the control plane, for ComponentStatus. */
  readonly components?: Services['components'];
  /** PEM of the CA client certificates are checked against, for extension API servers to read; absent where there are no certificates. */
  readonly clientCA?: string;
  /** Proxies that may say on whose behalf they ask; none when absent. */
  readonly frontProxies?: FrontProxyTrust | undefined;
  readonly aggregation?: AggregationOptions;
  /** How many requests are worked on at once; 400 that read and 200 that write unless told. */
  readonly fairness?: FairnessSettings;
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

export interface ServerAddress extends Omit<KubernetesServiceOptions, 'serviceCIDR'> {
  /** What clients are told to ask, with a port or without; the address unless told. */
  readonly externalName?: string;
}

/** An API server without its sockets: the same in a process of its own and inside a test. Resolves once the caches are loaded. */
export async function createServer(config: ServerConfig): Promise<ApiServer> {
  const { clock, random, log, signal } = config;
  const caller = new WebhookCaller(() => registry, clock);
  const registry: Registry = createRegistry(config, {
    escalation: () => escalationContext(services),
    authorize: (attributes) => services.authorize(attributes),
    webhooks: {
      caller,
      random,
      authorize: (attributes) => services.authorize(attributes),
      reshape: (attributes, object) => reshape(decoder, attributes.store, object),
      merge: ({ store }, object, wanted) =>
        applyStrategicMergePatch({ ...object }, { ...wanted }, decoder.schemas, store.kind.typeName) as unknown as KubeObject,
    },
  });
  const loaded = Promise.withResolvers<void>();
  const following = registry.feed.run(signal, loaded.resolve);
  const [decoder] = await Promise.all([Decoder.load(), loaded.promise]);
  const access = createAccess(config, registry);
  const services: Services = {
    ...access.services,
    kubelets: config.kubelets,
    components: [...(config.components ?? []), { name: 'etcd-0', check: () => probeStore(config.store).then(() => 'ok') }],
  };
  const state: State = { ready: false, address: '', keeping: Promise.resolve() };
  const aggregator = new Aggregator({ ...config.aggregation, registry, clock, random, log, metrics: config.metrics });
  const fairness = createFairness(registry, config.fairness ?? usualFairness, config.metrics);
  const options: PipelineOptions = {
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
      checks: [...checks(registry, state, config.ending ?? signal), ...(config.checks ?? [])],
      serverAddress: () => state.address,
      more: fairness.routes,
    }),
  };
  const custom = new CustomResources({ registry, decoder, caller, random, clock, log, signal });
  const compacting = compactRegularly(registry, config.compactionInterval, clock, log, signal);
  const repairing = keepServiceAddresses(registry, signal);
  return {
    registry,
    handle: createPipeline(options),
    upgrade: createUpgrade(options),
    bootstrap: (address) => bootstrap(config, registry, state, address),
    stopped: Promise.all([following, compacting, repairing, custom.run(), aggregator.run(signal)]).then(() => state.keeping),
  };
}

/** What changes once while the server starts. */
interface State {
  ready: boolean;
  /** `host:port`, as discovery tells it. */
  address: string;
  /** Ends when the server keeps nothing any more, and is out of the endpoints of Service `kubernetes`. */
  keeping: Promise<unknown>;
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

function createRegistry(config: ServerConfig, { escalation, webhooks, authorize }: AdmissionParts): Registry {
  const { store, clock, random, log, nodePorts, disabledAdmission } = config;
  const settings = config.admission ?? noAdmissionSettings;
  const asking = [
    mutatingPolicies(webhooks),
    mutatingWebhooks({ ...webhooks, credentials: settings.mutatingCredentials }),
    validatingPolicies(authorize),
    validatingWebhooks({ ...webhooks, credentials: settings.validatingCredentials }),
  ];
  const podSecurity = { configuration: settings.podSecurity, metrics: createPodSecurityMetrics(config.metrics), clock };
  const plugins = admissionPlugins({ webhooks: asking, authorize, podSecurity, settings, clock });
  const chosen = plugins.filter(({ name }) => !disabledAdmission.includes(name));
  const admission = [...chosen, escalationCheck(escalation)];
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
    admission,
    clock,
    random,
    log,
    families: cidrs.map(familyOf),
    ranges,
    nodePorts,
    isStale: config.isStale,
  });
}

async function bootstrap(
  { serviceCIDR, clientCA, frontProxies, fairness = usualFairness, log, signal }: ServerConfig,
  registry: Registry,
  state: State,
  address: ServerAddress | undefined,
): Promise<void> {
  await bootstrapNamespaces(registry);
  await ensureServiceCIDR(registry, serviceCIDR.split(',')).catch((error) => log.error('no ServiceCIDR', { err: errorMessage(error) }));
  if (address) state.address = hostAndPort(address.externalName || address.address, address.port);
  const service = address ? ensureKubernetesService(registry, { ...address, serviceCIDR }) : undefined;
  const forExtensions = clientCA ? ensureExtensionAuthentication(registry, clientCA, frontProxies) : undefined;
  await Promise.all([
    bootstrapRbac(registry, log),
    bootstrapPriorityClasses(registry),
    bootstrapFairness(registry),
    ensureLocalServices(registry, log),
    ensureTokenTracking(registry),
    service,
    forExtensions,
  ]).catch((error) => log.error('bootstrap incomplete', { err: errorMessage(error) }));
  keepFairness(registry, fairness.enabled, signal);
  const kept = address ? keepKubernetesService(registry, { ...address, serviceCIDR }, signal) : undefined;
  state.keeping = Promise.all([kept, keepTokenTracking(registry, signal)]);
  state.ready = true;
}

const anyRole = { isResource: true, path: '', group: 'rbac.authorization.k8s.io', version: 'v1', subresource: '' };

function escalationContext({ rulesOf, authorize }: Services): EscalationContext {
  return { rulesOf, may: (user, verb, resource, namespace, name) => authorize({ ...anyRole, user, verb, resource, namespace, name }) };
}

/** @throws when the store does not answer. */
async function probeStore(store: Store): Promise<void> {
  await store.list('/registry/health', { countOnly: true, limit: 1 });
}

/** A name that has a port already keeps it. */
function hostAndPort(host: string, port: number): string {
  if (isIPv6(host)) return `[${host}]:${port}`;
  return /:\d+$/.test(host) ? host : `${host}:${port}`;
}

/** What an API server sets going at its start, by upstream's names and in its order. Ours is ready when all of it has been. */
const startups = [
  ...[
    'start-apiserver-admission-initializer',
    'generic-apiserver-start-informers',
    'priority-and-fairness-config-consumer',
    'priority-and-fairness-filter',
    'storage-object-count-tracker-hook',
    'start-apiextensions-informers',
    'start-apiextensions-controllers',
    'crd-informer-synced',
    'start-system-namespaces-controller',
    'peer-endpoint-reconciler-controller',
    'start-cluster-authentication-info-controller',
    'start-kube-apiserver-identity-lease-controller',
    'start-kube-apiserver-identity-lease-garbage-collector',
    'storage-readiness',
    'start-legacy-token-tracking-controller',
    'start-service-ip-repair-controllers',
    'rbac/bootstrap-roles',
    'scheduling/bootstrap-system-priority-classes',
    'priority-and-fairness-config-producer',
    'bootstrap-controller',
    'start-kubernetes-service-cidr-controller',
    'aggregator-reload-proxy-client-cert',
    'start-kube-aggregator-informers',
    'apiservice-status-local-available-controller',
    'apiservice-status-remote-available-controller',
    'apiservice-registration-controller',
    'apiservice-discovery-controller',
    'kube-apiserver-autoregistration',
  ].map((hook) => `poststarthook/${hook}`),
  'autoregister-completion',
  'poststarthook/apiservice-openapi-controller',
  'poststarthook/apiservice-openapiv3-controller',
];

function checks(registry: Registry, state: Readonly<State>, ending: AbortSignal): HealthCheck[] {
  const must = (holds: boolean, why: string): void => {
    if (!holds) throw new Error(why);
  };
  return [
    { name: 'log', check: () => undefined },
    { name: 'etcd', check: () => probeStore(registry.options.store) },
    { name: 'etcd-readiness', endpoints: ['readyz'], check: () => probeStore(registry.options.store) },
    {
      name: 'informer-sync',
      endpoints: ['readyz'],
      check: () => must(registry.feed.revision > 0 || state.ready, 'caches are not filled yet'),
    },
    ...startups.map((name) => ({ name, check: () => must(state.ready, 'not finished') })),
    { name: 'shutdown', endpoints: ['readyz'], check: () => must(!ending.aborted, 'process is shutting down') },
  ];
}
