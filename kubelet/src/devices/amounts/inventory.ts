import type { Amount } from '../types.ts';

/** One device as its plugin tells of it. */
export interface Device {
  readonly id: string;
  readonly healthy: boolean;
  /** The NUMA nodes it is near to; none: its plugin does not say. */
  readonly nodes: readonly number[];
}

interface Entry {
  /** As last told, by id. */
  readonly devices: ReadonlyMap<string, Device>;
  /** Ids that may be given out. */
  readonly healthy: ReadonlySet<string>;
  readonly unhealthy: ReadonlySet<string>;
}

const empty: ReadonlySet<string> = new Set();

/** Which devices there are of each resource. */
export class Inventory {
  readonly #entries = new Map<string, Entry>();

  /** All devices of a resource, anew. Returns the ids of those that came or whose health changed. */
  list(resource: string, devices: readonly Device[]): readonly string[] {
    const before = this.#entries.get(resource)?.devices;
    const ids = (healthy: boolean): Set<string> => new Set(devices.filter((one) => one.healthy === healthy).map(({ id }) => id));
    const all = new Map(devices.map((device) => [device.id, device]));
    this.#entries.set(resource, { devices: all, healthy: ids(true), unhealthy: ids(false) });
    return devices.filter(({ id, healthy }) => before?.get(id)?.healthy !== healthy).map(({ id }) => id);
  }

  /** The resource was there before the kubelet started: its plugin may come back. */
  expect(resource: string): void {
    if (!this.#entries.has(resource)) this.#entries.set(resource, { devices: new Map(), healthy: empty, unhealthy: empty });
  }

  /** The plugin is gone: none of its devices may be given out. What it told of their health stands, as in Kubernetes. */
  lose(resource: string): void {
    const entry = this.#entries.get(resource);
    if (!entry) return;
    this.#entries.set(resource, { ...entry, healthy: empty, unhealthy: new Set([...entry.healthy, ...entry.unhealthy]) });
  }

  forget(resource: string): void {
    this.#entries.delete(resource);
  }

  /** Ids that may be given out; undefined: there is no such resource. */
  healthy(resource: string): ReadonlySet<string> | undefined {
    return this.#entries.get(resource)?.healthy;
  }

  device(resource: string, id: string): Device | undefined {
    return this.#entries.get(resource)?.devices.get(id);
  }

  get resources(): readonly string[] {
    return [...this.#entries.keys()].sort();
  }

  amount(resource: string): Amount {
    const { healthy, unhealthy } = this.#entries.get(resource) ?? { healthy: empty, unhealthy: empty };
    return { capacity: healthy.size + unhealthy.size, allocatable: healthy.size };
  }
}
