import { Backoff, type Clock, errorMessage, type Logger, timestamp, WorkQueue } from '@keelson/base';
import { StatusError } from '@keelson/machinery';
import { APIService, EndpointSlice, Service } from '@keelson/types';
import { Counter, Gauge, type Registry as Metrics } from 'prom-client';
import { systemUser } from '../../auth/types.ts';
import { type Change, follow } from '../../registry/follow.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Writable } from '../../registry/writable.ts';
import { update } from '../../registry/write.ts';
import { failedDiscovery, local, obstacle, passed, type Verdict, withAvailable } from './conditions.ts';
import type { Findings } from './probe.ts';
import type { Services } from './services.ts';

/** Between two looks at a server that is well, in milliseconds, as upstream. */
const lookAgain = 30_000;
const slowestRetry = 30_000;
const workers = 5;

export interface AvailabilityDeps {
  readonly registry: Registry;
  readonly services: Services;
  readonly probe: (name: string) => Promise<Findings>;
  /** Told what each look found; undefined when the server did not answer. */
  readonly learned: (name: string, findings: Findings | undefined) => void;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Keeps the condition `Available` of every APIService true to what is found, and what its server serves known. */
export class Availability {
  readonly #deps: AvailabilityDeps;
  readonly #queue: WorkQueue;
  readonly #gauge: Gauge<'name'>;
  readonly #counter: Counter<'name' | 'reason'>;
  #following = false;

  constructor(deps: AvailabilityDeps) {
    this.#deps = deps;
    this.#queue = new WorkQueue(deps.clock, new Backoff({ initial: 5, max: slowestRetry }, deps.clock));
    const registers = [deps.metrics];
    this.#gauge = new Gauge({
      name: 'aggregator_unavailable_apiservice',
      help: 'Whether an APIService is unavailable, by name.',
      labelNames: ['name'],
      registers,
    });
    this.#counter = new Counter({
      name: 'aggregator_unavailable_apiservice_total',
      help: 'APIServices found unavailable, by name and reason.',
      labelNames: ['name', 'reason'],
      registers,
    });
  }

  /** Looks at an APIService as soon as may be. */
  look(name: string): void {
    if (!this.#following && this.#deps.services.get(name)?.spec?.service) this.#followServices();
    this.#queue.add(name);
  }

  /** Works until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#queue.close(), { once: true });
    await Promise.all(Array.from({ length: workers }, () => this.#work()));
  }

  async #work(): Promise<void> {
    for (let name = await this.#queue.take(); name !== undefined; name = await this.#queue.take()) {
      try {
        const well = await this.#examine(name);
        if (well) this.#queue.forget(name);
        if (well === false) this.#queue.retry(name);
        else if (this.#deps.services.get(name)?.spec?.service) this.#queue.addAfter(name, lookAgain);
      } catch (error) {
        this.#deps.log.warn('could not tell whether an APIService is available', { name, err: errorMessage(error) });
        this.#queue.retry(name);
      } finally {
        this.#queue.done(name);
      }
    }
  }

  /** True when all is well, false when it is worth trying again soon; undefined when something must change first. */
  async #examine(name: string): Promise<boolean | undefined> {
    const { services, learned, probe } = this.#deps;
    const service = services.get(name);
    if (!service) return void this.#gauge.remove({ name });
    const reference = services.referenceOf(service);
    if (!reference) {
      await this.#record(name, local);
      return true;
    }
    const missing = obstacle(reference, services.serviceOf(reference), services.slicesOf(reference));
    if (missing) {
      learned(name, undefined);
      await this.#record(name, missing);
      return undefined;
    }
    try {
      learned(name, await probe(name));
    } catch (error) {
      learned(name, undefined);
      await this.#record(name, failedDiscovery(errorMessage(error)));
      return false;
    }
    await this.#record(name, passed);
    return true;
  }

  async #record(name: string, verdict: Verdict): Promise<void> {
    const { registry, services, clock } = this.#deps;
    const isUp = verdict.status === 'True';
    this.#gauge.set({ name }, isUp ? 0 : 1);
    if (!isUp) this.#counter.inc({ name, reason: verdict.reason ?? 'UnknownReason' });
    const before = services.get(name)?.status?.conditions ?? [];
    if (withAvailable(before, verdict, '') === before) return;
    const apply = (current: Writable): Writable => {
      const { status } = current as APIService;
      return { ...current, status: { ...status, conditions: withAvailable(status?.conditions ?? [], verdict, timestamp(clock)) } };
    };
    const request = { namespace: '', user: systemUser, dryRun: false, subresource: 'status', warnings: [] };
    await update(registry, registry.of(APIService), name, { apply }, request).catch((error: unknown) => {
      if (!(error instanceof StatusError) || error.code !== 404) throw error;
    });
  }

  /** Most clusters have thousands of slices and none of an APIService: they are looked at only once there is one. */
  #followServices(): void {
    this.#following = true;
    const { registry, services } = this.#deps;
    const touched = (namespace: string, name: string): void => {
      for (const one of services.behind(namespace, name)) this.#queue.add(one);
    };
    follow(registry, Service, ({ object: { metadata } }: Change<Service>) => touched(metadata.namespace ?? '', metadata.name ?? ''));
    follow(registry, EndpointSlice, ({ object: { metadata } }: Change<EndpointSlice>) =>
      touched(metadata.namespace ?? '', metadata.labels?.['kubernetes.io/service-name'] ?? ''),
    );
  }
}
