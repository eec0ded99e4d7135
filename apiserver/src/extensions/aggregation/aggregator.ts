import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Clock, errorMessage, type Logger, type Random } from '@keelson/base';
import type { ClientCertificate } from '@keelson/client';
import { equal, serviceUnavailable } from '@keelson/machinery';
import { APIService } from '@keelson/types';
import type { Registry as Metrics } from 'prom-client';
import type { RemoteGroups, RemoteVersion } from '../../discovery/remote.ts';
import { type Change, follow } from '../../registry/follow.ts';
import type { Registry } from '../../registry/registry.ts';
import { Availability } from './availability.ts';
import { type Backend, Backends } from './backends.ts';
import { isAvailable } from './conditions.ts';
import { placeByAddress, placeByEndpoint } from './place.ts';
import { type Findings, Prober } from './probe.ts';
import { type Exchange, forward, unavailable } from './proxy.ts';
import { Services } from './services.ts';
import { canLeave, type Leaving, leave } from './upgrade.ts';

export interface AggregationOptions {
  /** What this server shows to those behind it, at present: asked each time. They will not believe it without. */
  readonly client?: () => ClientCertificate | undefined;
  /** Requests go to an endpoint instead of the Service's address: `--enable-aggregator-routing`. */
  readonly toEndpoints?: boolean;
}

export interface AggregatorDeps extends AggregationOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Definitions of other servers' Swagger documents are asked for again after this long, in milliseconds. */
const definitionsLife = 60_000;

/** Groups that other servers serve behind this one: APIServices that name a Service. */
export class Aggregator implements RemoteGroups {
  readonly #deps: AggregatorDeps;
  readonly #services: Services;
  readonly #backends: Backends;
  readonly #prober: Prober;
  readonly #availability: Availability;
  /** What each server last said of itself, and whether it still answers. */
  readonly #findings = new Map<string, Findings & { readonly isCurrent: boolean }>();
  #definitions: { readonly until: number; readonly found: Promise<Record<string, object>> } | undefined;

  constructor(deps: AggregatorDeps) {
    const { registry, clock, client = () => undefined } = deps;
    this.#deps = deps;
    this.#services = new Services(registry);
    this.#backends = new Backends(client, clock);
    this.#prober = new Prober(this.#backends, clock);
    this.#availability = new Availability({
      ...deps,
      services: this.#services,
      probe: (name) => this.#prober.probe(() => this.#locate(name)),
      learned: (name, findings) => this.#learn(name, findings),
    });
  }

  /** The APIService whose server answers for a path; undefined when this server does. */
  find(path: string): string | undefined {
    if (this.#services.remote.size === 0) return undefined;
    const [, group, version] = /^(?:\/openapi\/v3)?\/apis\/([^/]+)\/([^/]+)(?:\/|$)/.exec(path) ?? [];
    const core = group === undefined ? /^(?:\/openapi\/v3)?\/api\/([^/]+)(?:\/|$)/.exec(path)?.[1] : undefined;
    const name = core === undefined ? `${version}.${group}` : `${core}.`;
    return this.#services.remote.has(name) ? name : undefined;
  }

  /** Answers an exchange, authenticated and authorised, with what the APIService's server answers. */
  async forward(name: string, exchange: Exchange): Promise<void> {
    const backend = this.#ready(name);
    if (!backend) return unavailable(exchange.response);
    await forward(this.#backends, backend, exchange, this.#deps.clock);
  }

  /** Whether a request to leave HTTP is one to hand on. */
  takes(path: string, request: Pick<IncomingMessage, 'headers'>): boolean {
    return canLeave(request) && this.find(path) !== undefined;
  }

  /** The other end of the tunnel, with the answer already sent; undefined when there is none. @throws StatusError ServiceUnavailable. */
  async leave(name: string, leaving: Leaving): Promise<Duplex | undefined> {
    const backend = this.#ready(name);
    if (!backend) throw serviceUnavailable('service unavailable');
    return leave(this.#backends, backend, leaving);
  }

  /** Follows APIServices until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    follow(this.#deps.registry, APIService, (change) => this.#changed(change));
    signal.addEventListener('abort', () => this.#backends.close(), { once: true });
    await this.#availability.run(signal);
  }

  versions(): readonly RemoteVersion[] {
    return [...this.#services.remote].map(([name, { spec }]) => {
      const { resources = [], isCurrent = false } = this.#findings.get(name) ?? {};
      const { group = '', version = '', groupPriorityMinimum = 0, versionPriority = 0 } = spec ?? {};
      return { group, version, groupPriority: groupPriorityMinimum, versionPriority, resources, isCurrent };
    });
  }

  openapiPaths(): Readonly<Record<string, { readonly serverRelativeURL: string }>> {
    const known = [...this.#findings.values()].flatMap(({ openapi }) => (openapi === undefined ? [] : [openapi]));
    return Object.fromEntries(known.map((url) => [url.slice('/openapi/v3/'.length).split('?')[0] ?? '', { serverRelativeURL: url }]));
  }

  definitions(): Promise<Readonly<Record<string, object>>> {
    const now = this.#deps.clock.now();
    if (!this.#definitions || this.#definitions.until <= now)
      this.#definitions = { until: now + definitionsLife, found: this.#askForDefinitions() };
    return this.#definitions.found;
  }

  async #askForDefinitions(): Promise<Record<string, object>> {
    const documents = [...this.#services.remote.keys()].map(async (name) => {
      const backend = this.#ready(name);
      const document = backend && (await this.#prober.document(backend, '/openapi/v2').catch(() => undefined));
      return (document as { definitions?: Record<string, object> } | undefined)?.definitions ?? {};
    });
    return Object.assign({}, ...(await Promise.all(documents))) as Record<string, object>;
  }

  #changed({ type, object }: Change<APIService>): void {
    const name = object.metadata.name ?? '';
    const before = this.#services.get(name)?.spec;
    if (type === 'DELETED') this.#services.delete(name);
    else this.#services.set(object);
    if (type === 'DELETED' || !object.spec?.service) {
      this.#findings.delete(name);
      this.#backends.forget(name);
    }
    if (type !== 'MODIFIED' || !equal(before, object.spec)) this.#availability.look(name);
  }

  #learn(name: string, findings: Findings | undefined): void {
    if (!this.#services.remote.has(name)) return;
    const before = this.#findings.get(name) ?? { resources: [], openapi: undefined };
    this.#findings.set(name, { ...(findings ?? before), isCurrent: findings !== undefined });
    if (findings?.openapi !== before.openapi) this.#definitions = undefined;
  }

  /** Where requests for an APIService go; undefined while it is not available. */
  #ready(name: string): Backend | undefined {
    const service = this.#services.get(name);
    if (!service || !isAvailable(service)) return undefined;
    try {
      return this.#locate(name);
    } catch (error) {
      this.#deps.log.error('cannot tell where an APIService is served', { name, err: errorMessage(error) });
      return undefined;
    }
  }

  /** @throws Error when nothing says where. */
  #locate(name: string): Backend {
    const { toEndpoints = false, random } = this.#deps;
    const apiService = this.#services.get(name);
    const reference = apiService && this.#services.referenceOf(apiService);
    if (!apiService?.spec || !reference) throw new Error(`APIService ${name} names no service`);
    const service = this.#services.serviceOf(reference);
    const place = toEndpoints
      ? placeByEndpoint(service, this.#services.slicesOf(reference), reference, random.next())
      : placeByAddress(service, reference);
    if (place.type === 'none') throw new Error(place.message);
    return { name, spec: apiService.spec, reference, host: place.host, port: place.port };
  }
}
