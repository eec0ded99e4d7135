import { isIPv6 } from 'node:net';
import type { Logger } from '@keelson/base';
import { APIService, FlowSchema, type Kind, PriorityLevelConfiguration } from '@keelson/types';
import type { AccessOptions } from '../auth/access.ts';
import { bootstrapNamespaces, bootstrapRbac } from '../auth/rbac/bootstrap.ts';
import { noTrust } from '../auth/trust.ts';
import { ensureLocalServices } from '../extensions/aggregation/local.ts';
import type { CustomResources } from '../extensions/crd/custom-resources.ts';
import { bootstrapFairness, type FairnessSettings, keepFairness, usualFairness } from '../fairness/index.ts';
import type { Registry } from '../registry/registry.ts';
import { ensureExtensionAuthentication, keepExtensionAuthentication } from './extension-authentication.ts';
import { keepIdentityLease } from './identity-lease.ts';
import { ensureKubernetesService, type KubernetesServiceOptions, keepKubernetesService } from './kubernetes-service.ts';
import { bootstrapPriorityClasses } from './priority-classes.ts';
import { ensureTokenTracking, keepTokenTracking } from './service-account-tracking.ts';
import { ensureServiceCIDR, keepServiceAddresses, keepServiceCIDR, repairServiceAddresses } from './service-ranges.ts';
import type { Startup } from './startup.ts';

export interface BootstrapOptions extends Pick<AccessOptions, 'trust'> {
  /** One range, or one of each IP family with a comma between. */
  readonly serviceCIDR: string;
  /** How many requests are worked on at once; 400 that read and 200 that write unless told. */
  readonly fairness?: FairnessSettings;
  /** The machine's name, by which this server is told from others that share its store; it is not, unless told. */
  readonly hostname?: string;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

export interface ServerAddress extends Omit<KubernetesServiceOptions, 'serviceCIDR'> {
  /** What clients are told to ask, with a port or without; the address unless told. */
  readonly externalName?: string;
}

/** What changes once while the server starts. */
export interface State {
  /** `host:port`, as discovery tells it. */
  address: string;
  /** Ends when the server keeps nothing any more, and is out of the endpoints of Service `kubernetes`. */
  keeping: Promise<unknown>;
}

export interface Started {
  readonly registry: Registry;
  readonly startup: Startup;
  readonly state: State;
  readonly custom: CustomResources;
}

/** Makes what every cluster has, tells `startup` how far it has come, and keeps it up from then on. @param address absent where nobody can connect. */
export async function bootstrap(
  options: BootstrapOptions,
  { registry, startup, state, custom }: Started,
  address: ServerAddress | undefined,
): Promise<void> {
  const { trust = () => noTrust, fairness = usualFairness, log, signal } = options;
  const cidrs = options.serviceCIDR.split(',');
  if (address) state.address = hostAndPort(address.externalName || address.address, address.port);
  const own = address && { ...address, serviceCIDR: options.serviceCIDR };
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
  const known = options.hostname === undefined ? undefined : keepIdentityLease(registry, options.hostname, signal);
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

/** A name that has a port already keeps it. */
function hostAndPort(host: string, port: number): string {
  if (isIPv6(host)) return `[${host}]:${port}`;
  return /:\d+$/.test(host) ? host : `${host}:${port}`;
}
