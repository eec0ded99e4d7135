import { type APIService, EndpointSlice, Service } from '@keelson/types';
import { parseEntry } from '../../registry/entry.ts';
import { labelPin } from '../../registry/indexes.ts';
import type { Registry } from '../../registry/registry.ts';
import type { ServiceReference } from './place.ts';

const serviceLabel = 'kubernetes.io/service-name';
const standardPort = 443;

/** The APIServices as last heard of, and the Services and EndpointSlices they lead to. */
export class Services {
  readonly #registry: Registry;
  readonly #known = new Map<string, APIService>();
  /** Those whose requests are handed on. */
  readonly #remote = new Map<string, APIService>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  set(service: APIService): void {
    const name = service.metadata.name ?? '';
    this.#known.set(name, service);
    if (service.spec?.service) this.#remote.set(name, service);
    else this.#remote.delete(name);
  }

  delete(name: string): void {
    this.#known.delete(name);
    this.#remote.delete(name);
  }

  get(name: string): APIService | undefined {
    return this.#known.get(name);
  }

  get remote(): ReadonlyMap<string, APIService> {
    return this.#remote;
  }

  /** Names of the APIServices behind which a Service stands. */
  behind(namespace: string, name: string): string[] {
    const references = [...this.#remote].filter(([, { spec }]) => spec?.service?.namespace === namespace && spec.service.name === name);
    return references.map(([one]) => one);
  }

  referenceOf({ spec }: APIService): ServiceReference | undefined {
    if (!spec?.service) return undefined;
    const { namespace = '', name = '', port = standardPort } = spec.service;
    return { namespace, name, port };
  }

  serviceOf({ namespace, name }: ServiceReference): Service | undefined {
    return this.#registry.read(Service, namespace, name);
  }

  slicesOf({ namespace, name }: ServiceReference): EndpointSlice[] {
    const store = this.#registry.of(EndpointSlice);
    const found: EndpointSlice[] = [];
    store.cache.eachPinned(store.scopeOf(namespace), [labelPin(serviceLabel, name)], (entry) => {
      if (entry.labels[serviceLabel] === name) found.push(parseEntry<EndpointSlice>(entry));
      return true;
    });
    return found;
  }
}
