import type { EndpointSlice, Service } from '@keelson/types';
import type { ServiceStep } from './backend.ts';
import { type StaleFlow, staleFlows } from './model/conntrack.ts';
import { wantedService } from './model/services.ts';
import type { HealthCheck, Place, WantedService } from './model/types.ts';

/** The cluster as informers know it. */
export interface Sources {
  keys(): Iterable<string>;
  service(key: string): Service | undefined;
  slices(key: string): readonly EndpointSlice[];
}

export interface Step extends ServiceStep {
  readonly flows: readonly StaleFlow[];
}

/** What was last wanted of every service, so that a change costs what it changes. */
export class Wanted {
  readonly #sources: Sources;
  readonly #services = new Map<string, WantedService>();

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  /** Looks at one service anew. */
  update(key: string, place: Place): Step {
    const before = this.#services.get(key);
    const source = this.#sources.service(key);
    const service = source && wantedService(source, this.#sources.slices(key), place);
    if (service) this.#services.set(key, service);
    else this.#services.delete(key);
    return { key, service, flows: staleFlows(before, service) };
  }

  /** Looks at every service anew. */
  updateAll(place: Place): readonly StaleFlow[] {
    const keys = new Set([...this.#services.keys(), ...this.#sources.keys()]);
    return [...keys].flatMap((key) => this.update(key, place).flows);
  }

  services(): Iterable<WantedService> {
    return this.#services.values();
  }

  /** Health checks by service. */
  healthChecks(): ReadonlyMap<string, HealthCheck> {
    const checks = new Map<string, HealthCheck>();
    for (const [key, service] of this.#services) if (service.health) checks.set(key, service.health);
    return checks;
  }

  /** Ports without an endpoint on this node although a policy asks for one, by policy. */
  withoutLocalEndpoints(): { readonly internal: number; readonly external: number } {
    const ports = [...this.#services.values()].flatMap(({ ports }) => ports).filter((port) => port.hasEndpoints && port.local.length === 0);
    return { internal: ports.filter((port) => port.internalLocal).length, external: ports.filter((port) => port.externalLocal).length };
  }
}
