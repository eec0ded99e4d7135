import type { EndpointSlice, Service } from '@keelson/types';
import { type Change, serviceChange } from './iptables/change.ts';
import { noRules, type RenderOptions, type ServiceRules } from './iptables/rules.ts';
import { renderService } from './iptables/service.ts';
import { type StaleFlow, staleFlows } from './model/conntrack.ts';
import { wantedService } from './model/services.ts';
import type { HealthCheck, Place, WantedService } from './model/types.ts';

/** The cluster as informers know it. */
export interface Sources {
  keys(): Iterable<string>;
  service(key: string): Service | undefined;
  slices(key: string): readonly EndpointSlice[];
}

export interface Step {
  readonly change: Change;
  readonly flows: readonly StaleFlow[];
}

/** What was last made of every service, so that a change costs what it changes. */
export class Wanted {
  readonly #sources: Sources;
  readonly #options: RenderOptions;
  readonly #services = new Map<string, { readonly service: WantedService; readonly rules: ServiceRules }>();

  constructor(sources: Sources, options: RenderOptions) {
    this.#sources = sources;
    this.#options = options;
  }

  /** Looks at one service anew. */
  update(key: string, place: Place): Step {
    const before = this.#services.get(key);
    const source = this.#sources.service(key);
    const service = source && wantedService(source, this.#sources.slices(key), place);
    const rules = service ? renderService(service, this.#options) : noRules;
    if (service) this.#services.set(key, { service, rules });
    else this.#services.delete(key);
    return { change: serviceChange(before?.rules ?? noRules, rules), flows: staleFlows(before?.service, service) };
  }

  /** Looks at every service anew; only the flows of interest remain to be done by the caller, who compares all rules with the kernel's. */
  updateAll(place: Place): readonly StaleFlow[] {
    const keys = new Set([...this.#services.keys(), ...this.#sources.keys()]);
    return [...keys].flatMap((key) => this.update(key, place).flows);
  }

  rules(): Iterable<ServiceRules> {
    return this.#services.values().map(({ rules }) => rules);
  }

  /** Health checks by service. */
  healthChecks(): ReadonlyMap<string, HealthCheck> {
    const checks = new Map<string, HealthCheck>();
    for (const [key, { service }] of this.#services) if (service.health) checks.set(key, service.health);
    return checks;
  }

  /** Ports without an endpoint on this node although a policy asks for one, by policy. */
  withoutLocalEndpoints(): { readonly internal: number; readonly external: number } {
    const ports = [...this.#services.values()]
      .flatMap(({ service }) => service.ports)
      .filter((port) => port.hasEndpoints && port.local.length === 0);
    return { internal: ports.filter((port) => port.internalLocal).length, external: ports.filter((port) => port.externalLocal).length };
  }
}
