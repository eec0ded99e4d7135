import { Backoff, type Clock, every, type Logger, sleep } from '@keelson/base';
import type { Informer, Informers } from '@keelson/runtime';
import { EndpointSlice, Node, Service, ServiceCIDR } from '@keelson/types';
import type { Backend, Surroundings } from './backend.ts';
import type { Conntrack } from './conntrack.ts';
import type { HealthPorts } from './health/service-health.ts';
import type { ProxyMetrics } from './metrics.ts';
import type { StaleFlow } from './model/conntrack.ts';
import { handledByUs, serviceNameLabel } from './model/services.ts';
import type { Place } from './model/types.ts';
import { Wanted } from './wanted.ts';

export interface ProxyDeps {
  readonly informers: Informers;
  readonly clock: Clock;
  readonly log: Logger;
  readonly backend: Backend;
  readonly conntrack: Conntrack;
  readonly healthPorts: HealthPorts;
  readonly metrics: ProxyMetrics;
  readonly nodeName: string;
  /** The backend must know the ranges of services' addresses: ServiceCIDRs are watched. */
  readonly watchServiceRanges?: boolean;
  /** Least time between two synchronisations, and the time between two looks whether the rules still stand; milliseconds. */
  readonly minSyncPeriod: number;
  readonly syncPeriod: number;
}

/** Everything is compared with the kernel this often even when nothing seems wrong, as upstream; milliseconds. */
const fullSyncPeriod = 3_600_000;

const ipv4 = { ip_family: 'IPv4' };
const triggerTime = 'endpoints.kubernetes.io/last-change-trigger-time';

/**
 * Keeps the rules of one node in step with Services and EndpointSlices. Only services that changed are looked at and only what differs is
 * sent; all rules are compared with the kernel's at start, every hour, after a refusal and when somebody flushed the tables.
 */
export class NodeProxy {
  readonly #deps: ProxyDeps;
  readonly #services: Informer<Service>;
  readonly #slices: Informer<EndpointSlice>;
  readonly #nodes: Informer<Node>;
  readonly #ranges: Informer<ServiceCIDR> | undefined;
  readonly #wanted: Wanted;
  readonly #backoff: Backoff;
  readonly #startedAt: number;
  #dirty = new Set<string>();
  #triggers: number[] = [];
  #flows: StaleFlow[] = [];
  #full = true;
  #lastFull = 0;
  #pendingSince: number | undefined;
  #lastSync: number | undefined;
  #wake: () => void = () => undefined;

  constructor(deps: ProxyDeps) {
    this.#deps = deps;
    const { informers, nodeName, syncPeriod, clock } = deps;
    this.#services = informers.for(Service, { labelSelector: handledByUs });
    this.#slices = informers.for(EndpointSlice, { labelSelector: handledByUs, indexes: { service: serviceOf } });
    this.#nodes = informers.for(Node, { fieldSelector: `metadata.name=${nodeName}` });
    this.#ranges = deps.watchServiceRanges ? informers.for(ServiceCIDR) : undefined;
    this.#backoff = new Backoff({ initial: Math.min(1000, syncPeriod), max: syncPeriod }, clock);
    this.#startedAt = clock.now();
    const { store } = this.#services;
    this.#wanted = new Wanted({
      keys: () => store.list().map(({ metadata }) => `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`),
      service: (key) => store.get(key),
      slices: (key) => this.#slices.store.byIndex('service', key),
    });
  }

  /** Resolves when `signal` aborts; rejects with its reason when that was before the first list. The rules stay: a restart must not cut connections. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, syncPeriod, log, healthPorts, informers } = this.#deps;
    const unsubscribe = this.#subscribe();
    await informers.start(signal);
    signal.addEventListener('abort', () => this.#wake(), { once: true });
    const watching = every(
      clock,
      syncPeriod,
      signal,
      () => this.#check(),
      (error) => log.error('rules could not be checked', { err: error }),
    );
    while (!signal.aborted) {
      await this.#work(signal);
      if (!signal.aborted) await this.#syncOnce(signal);
    }
    await watching;
    for (const stop of unsubscribe) stop();
    healthPorts.close();
  }

  /** Whether changes reach the kernel: false once one has waited for more than two sync periods. */
  get healthy(): boolean {
    const { clock, syncPeriod } = this.#deps;
    return this.#lastSync !== undefined && (this.#pendingSince === undefined || clock.now() - this.#pendingSince < 2 * syncPeriod);
  }

  /** A node about to be deleted tells load balancers to look elsewhere. */
  get nodeEligible(): boolean {
    const node = this.#nodes.store.get(this.#deps.nodeName);
    return !node?.metadata?.deletionTimestamp && !node?.spec?.taints?.some(({ key }) => key === 'ToBeDeletedByClusterAutoscaler');
  }

  /** When rules were last in step; milliseconds since the epoch. */
  get lastSync(): number | undefined {
    return this.#lastSync;
  }

  #subscribe(): (() => void)[] {
    const { metrics, clock } = this.#deps;
    return [
      this.#services.onChange(({ object }) => {
        metrics.serviceChanges.inc();
        metrics.serviceChangesPending.inc();
        this.#mark(`${object.metadata?.namespace ?? ''}/${object.metadata?.name ?? ''}`);
      }),
      this.#slices.onChange((change) => {
        metrics.endpointChanges.inc();
        metrics.endpointChangesPending.inc();
        const at = Date.parse(change.object.metadata?.annotations?.[triggerTime] ?? '');
        if (at >= this.#startedAt && at <= clock.now()) this.#triggers.push(at);
        for (const key of serviceOf(change.object)) this.#mark(key);
        if (change.type === 'updated') for (const key of serviceOf(change.old)) this.#mark(key);
      }),
      this.#nodes.onChange((change) => {
        const { object: now } = change;
        if (change.type === 'updated' && zoneOf(now) === zoneOf(change.old) && addressOf(now) === addressOf(change.old)) return;
        this.#syncAllSoon();
      }),
      ...(this.#ranges ? [this.#ranges.onChange(() => this.#syncAllSoon())] : []),
    ];
  }

  #mark(key: string): void {
    this.#dirty.add(key);
    this.#wakeUp();
  }

  #syncAllSoon(): void {
    this.#full = true;
    this.#wakeUp();
  }

  #wakeUp(): void {
    const now = this.#deps.clock.now();
    this.#pendingSince ??= now;
    this.#deps.metrics.lastQueued.set(ipv4, now / 1000);
    this.#wake();
  }

  /** Resolves when there is something to do and the last synchronisation is long enough ago. */
  async #work(signal: AbortSignal): Promise<void> {
    const { clock, minSyncPeriod } = this.#deps;
    if (!this.#full && this.#dirty.size === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (signal.aborted) return;
    const wait = (this.#lastSync ?? 0) + minSyncPeriod - clock.now();
    if (wait > 0) await sleep(clock, wait, signal).catch(() => undefined);
  }

  async #check(): Promise<void> {
    const { backend, clock } = this.#deps;
    if (this.#lastSync === undefined) return;
    if ((await backend.intact()) && clock.now() - this.#lastFull < fullSyncPeriod) return;
    this.#syncAllSoon();
  }

  async #syncOnce(signal: AbortSignal): Promise<void> {
    const { clock, metrics, log } = this.#deps;
    const start = clock.now();
    const full = this.#full;
    const triggers = this.#triggers.splice(0);
    this.#pendingSince = undefined;
    metrics.serviceChangesPending.set(0);
    metrics.endpointChangesPending.set(0);
    try {
      await (full ? this.#syncAll() : this.#syncChanged());
      this.#lastSync = clock.now();
      this.#backoff.reset('sync');
    } catch (error) {
      const again = this.#backoff.next('sync');
      this.#full = true;
      this.#pendingSince ??= start;
      this.#triggers.push(...triggers);
      metrics.syncFailures.inc(ipv4);
      log.error('rules could not be changed', { again, err: error });
      await sleep(clock, again, signal).catch(() => undefined);
      return;
    }
    this.#observe(full, start, triggers);
  }

  async #syncAll(): Promise<void> {
    const { backend, clock } = this.#deps;
    this.#full = false;
    this.#dirty = new Set();
    this.#flows.push(...this.#wanted.updateAll(this.#place()));
    await backend.resync(this.#wanted.services(), this.#surroundings());
    this.#lastFull = clock.now();
    await this.#afterRules();
  }

  async #syncChanged(): Promise<void> {
    const dirty = this.#dirty;
    this.#dirty = new Set();
    const place = this.#place();
    const steps = [...dirty].map((key) => this.#wanted.update(key, place));
    this.#flows.push(...steps.flatMap(({ flows }) => flows));
    await this.#deps.backend.update(steps);
    await this.#afterRules();
  }

  /** Connections are forgotten only once the rules no longer lead them to where they went. */
  async #afterRules(): Promise<void> {
    this.#deps.healthPorts.sync(this.#wanted.healthChecks());
    const flows = this.#flows.splice(0);
    if (flows.length > 0) await this.#deps.conntrack.forget(flows);
  }

  #observe(full: boolean, start: number, triggers: readonly number[]): void {
    const { clock, metrics } = this.#deps;
    const now = clock.now();
    const seconds = (now - start) / 1000;
    metrics.sync.observe(ipv4, seconds);
    (full ? metrics.fullSync : metrics.partialSync).observe(ipv4, seconds);
    metrics.lastSync.set(ipv4, now / 1000);
    for (const at of triggers) metrics.networkProgramming.observe(ipv4, (now - at) / 1000);
    if (!full) return;
    const without = this.#wanted.withoutLocalEndpoints();
    metrics.noLocalEndpoints.set({ ...ipv4, traffic_policy: 'internal' }, without.internal);
    metrics.noLocalEndpoints.set({ ...ipv4, traffic_policy: 'external' }, without.external);
  }

  #surroundings(): Surroundings {
    const ranges = this.#ranges?.store.list() ?? [];
    return {
      nodeIP: addressOf(this.#nodes.store.get(this.#deps.nodeName)),
      serviceRanges: ranges.flatMap(({ spec }) => spec?.cidrs ?? []),
    };
  }

  #place(): Place {
    const { nodeName } = this.#deps;
    return { nodeName, zone: zoneOf(this.#nodes.store.get(nodeName)), family: 'IPv4' };
  }
}

/** Makes a proxy; nothing happens before `run`. */
export function createProxy(deps: ProxyDeps): NodeProxy {
  return new NodeProxy(deps);
}

function serviceOf(slice: EndpointSlice): string[] {
  const name = slice.metadata?.labels?.[serviceNameLabel];
  return name ? [`${slice.metadata?.namespace ?? ''}/${name}`] : [];
}

function zoneOf(node: Node | undefined): string | undefined {
  return node?.metadata?.labels?.['topology.kubernetes.io/zone'];
}

/** The node's own IPv4 address, as upstream chooses it: the first internal one, else the first external one. */
function addressOf(node: Node | undefined): string | undefined {
  const addresses = (node?.status?.addresses ?? []).filter(({ address }) => !address.includes(':'));
  const first = (wanted: string): string | undefined => addresses.find(({ type }) => type === wanted)?.address;
  return first('InternalIP') ?? first('ExternalIP');
}
