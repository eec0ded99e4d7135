import { isIPv6 } from 'node:net';
import type { Clock, Logger, Random } from '@keelson/base';
import type { ExchangeHandler, KubeObject } from '@keelson/client';
import type { HealthCheck } from '@keelson/component';
import { APIService, FlowSchema, type Kind, PriorityLevelConfiguration } from '@keelson/types';
import type { Registry as Metrics } from 'prom-client';
import { type AdmissionSettings, noAdmissionSettings } from './admission/configuration.ts';
import { deviceClaimCheck } from './admission/device-claims.ts';
import { admissionPlugins } from './admission/index.ts';
import { createPodSecurityMetrics } from './admission/pod-security/metrics.ts';
import type { Auditor } from './audit/auditor.ts';
import { createAccess } from './auth/access.ts';
import type { AnonymousPolicy } from './auth/anonymous.ts';
import type { AuthorizerChain } from './auth/configure-authorization.ts';
import { bootstrapNamespaces, bootstrapRbac } from './auth/rbac/bootstrap.ts';
import { type EscalationContext, escalationCheck } from './auth/rbac/escalation.ts';
import { ensureTokenTracking, keepTokenTracking } from './auth/service-account-tracking.ts';
import { noTrust, type Trust } from './auth/trust.ts';
import type { TokenAuthenticator } from './auth/types.ts';
import { compactRegularly } from './compaction.ts';
import type { VersionInfo } from './discovery/routes.ts';
import { ensureExtensionAuthentication, keepExtensionAuthentication } from './extension-authentication.ts';
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
import { keepIdentityLease } from './identity-lease.ts';
import { familyOf } from './kinds/core/cidr.ts';
import { kinds } from './kinds/index.ts';
import { ensureKubernetesService, type KubernetesServiceOptions, keepKubernetesService } from './kubernetes-service.ts';
import { bootstrapPriorityClasses } from './priority-classes.ts';
import type { KindStore } from './registry/kind-store.ts';
import { Registry } from './registry/registry.ts';
import { ensureServiceCIDR, keepServiceAddresses, keepServiceCIDR, readyRanges, repairServiceAddresses } from './service-ranges.ts';
import { Startup } from './startup.ts';
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
  /** Whom it believes by certificate, at present: asked each time. Absent where there are no certificates. */
  readonly trust?: () => Trust;
  readonly aggregation?: AggregationOptions;
  /** How many requests are worked on at once; 400 that read and 200 that write unless told. */
  readonly fairness?: FairnessSettings;
  /** What requests are allowed; any time unless told. */
  readonly limits?: Partial<RequestLimits>;
  /** The machine's name, by which this server is told from others that share its store; it is not, unless told. */
  readonly hostname?: string;
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
  const state: State = { address: '', keeping: Promise.resolve() };
  const startup = new Startup(config);
  const aggregator = new Aggregator({ ...config.aggregation, registry, clock, random, log, metrics: config.metrics });
  const fairness = createFairness(registry, config.fairness ?? usualFairness, config.metrics, signal);
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
      checks: [...checks(registry, startup, config.ending ?? signal), ...(config.checks ?? [])],
      serverAddress: () => state.address,
      more: fairness.routes,
    }),
  };
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

/** What changes once while the server starts. */
interface State {
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
  const admission = [...chosen, escalationCheck(escalation), deviceClaimCheck(authorize)];
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

interface Started {
  readonly registry: Registry;
  readonly startup: Startup;
  readonly state: State;
  readonly custom: CustomResources;
}

async function bootstrap(
  config: ServerConfig,
  { registry, startup, state, custom }: Started,
  address: ServerAddress | undefined,
): Promise<void> {
  const { trust = () => noTrust, fairness = usualFairness, log, signal } = config;
  const cidrs = config.serviceCIDR.split(',');
  if (address) state.address = hostAndPort(address.externalName || address.address, address.port);
  const own = address && { ...address, serviceCIDR: config.serviceCIDR };
  await startup.run('namespaces', () => bootstrapNamespaces(registry));
  await startup.run('addressRanges', () => ensureServiceCIDR(registry, cidrs));
  await Promise.all([
    startup.run('definitions', () => custom.settled()),
    startup.run('fairnessLevels', async () => mustHold(registry, FlowSchema, PriorityLevelConfiguration)),
    startup.run('registeredServices', async () => mustHold(registry, APIService)),
    startup.run('roles', () => bootstrapRbac(registry, log)),
    startup.run('priorityClasses', () => bootstrapPriorityClasses(registry)),
    startup.run('fairnessObjects', () => bootstrapFairness(registry)),
    startup.run('localServices', () => ensureLocalServices(registry, log)),
    startup.run('tokenTracking', () => ensureTokenTracking(registry)),
    startup.run('kubernetesService', async () => own && ensureKubernetesService(registry, own)),
    startup.run('extensionAuthentication', () => ensureExtensionAuthentication(registry, trust())),
    startup.run('addressRepair', () => repairServiceAddresses(registry)),
  ]);
  keepFairness(registry, fairness.enabled, signal);
  const kept = own ? keepKubernetesService(registry, own, signal) : undefined;
  const trusted = keepExtensionAuthentication(registry, trust, signal);
  const known = config.hostname === undefined ? undefined : keepIdentityLease(registry, config.hostname, signal);
  const ranged = [keepServiceCIDR(registry, cidrs, signal), keepServiceAddresses(registry, signal)];
  state.keeping = Promise.all([kept, trusted, known, ...ranged, keepTokenTracking(registry, signal)]);
}

/** @throws Error while something stored of one of these kinds cannot be read. */
function mustHold(registry: Registry, ...wanted: readonly Pick<Kind, 'group' | 'version' | 'resource'>[]): void {
  for (const kind of wanted) {
    const { fault } = registry.of(kind).cache;
    if (fault) throw fault;
  }
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
