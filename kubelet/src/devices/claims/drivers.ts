import { Backoff, type Clock, errorMessage, type Logger, sleep, type Timer } from '@keelson/base';
import { type Api, ApiError } from '@keelson/client';
import { type Node, ResourceSlice } from '@keelson/types';
import type { Plugin, PluginHandler } from '../../plugins/types.ts';
import { Driver, services } from './driver.ts';
import type { DeviceHealth } from './health.ts';

/** How long, in milliseconds, a driver may be away before the node no longer offers its devices. */
const patience = 30_000;

export interface ClaimDriversDeps {
  readonly api: Pick<Api, 'deleteCollection'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** This node; undefined while it is not registered. */
  node(): Node | undefined;
  /** A driver told how its devices are; undefined: it tells no more. */
  health(driver: string, devices: readonly DeviceHealth[] | undefined): void;
}

interface Running {
  readonly driver: Driver;
  connected: boolean;
}

/** The drivers of claimed devices. Of one there may be several plugins while it is replaced: the latest that answers is used. */
export class ClaimDrivers implements PluginHandler {
  readonly #deps: ClaimDriversDeps;
  /** By name, in the order in which they came. */
  readonly #running = new Map<string, readonly Running[]>();
  readonly #pending = new Map<string, Timer>();
  readonly #stop = new AbortController();

  constructor(deps: ClaimDriversDeps) {
    this.#deps = deps;
  }

  /** @throws Error in Kubernetes' words when there is none of that name. */
  get(name: string): Driver {
    if (name === '') throw new Error('DRA driver name is empty');
    const running = this.#running.get(name) ?? [];
    const found = running.findLast(({ connected }) => connected) ?? running.at(-1);
    if (!found) throw new Error(`DRA driver ${name} is not registered`);
    return found.driver;
  }

  whyNot({ name, endpoint, versions }: Plugin): string | undefined {
    const about = `invalid supported gRPC versions of DRA driver plugin ${name} at endpoint ${endpoint}`;
    if (versions.length === 0) return `${about}: empty list of supported gRPC services (aka supported versions)`;
    if (versions.some((version) => services.has(version))) return undefined;
    return `${about}: none of services supported by the plugin (${quoted(versions)}) are supported by the kubelet (${quoted([...services.keys()])})`;
  }

  async register({ name, endpoint, versions }: Plugin): Promise<void> {
    const { clock, log, health } = this.#deps;
    const before = this.#running.get(name) ?? [];
    if (before.some(({ driver }) => driver.endpoint === endpoint))
      throw new Error(`endpoint ${endpoint} already registered for DRA driver plugin ${name}`);
    const service = services.get(versions.find((version) => services.has(version)) ?? '') ?? '';
    const one: Running = { driver: new Driver(endpoint, service, clock), connected: false };
    this.#running.set(name, [...before, one]);
    this.#watch(name);
    one.driver.follow((connected) => {
      one.connected = connected;
      this.#watch(name);
    });
    const told = (devices: readonly DeviceHealth[]): void => health(name, devices);
    void one.driver.watchHealth(clock, log, told, () => health(name, undefined));
  }

  deregister({ name, endpoint }: Plugin): void {
    const running = this.#running.get(name) ?? [];
    running.find(({ driver }) => driver.endpoint === endpoint)?.driver.close();
    const left = running.filter(({ driver }) => driver.endpoint !== endpoint);
    if (left.length > 0) this.#running.set(name, left);
    else this.#running.delete(name);
    this.#watch(name);
  }

  /** No driver has registered yet, and some may never: until they do, the node offers nothing. Until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#end(), { once: true });
    await this.#withdraw(undefined);
  }

  #end(): void {
    this.#stop.abort();
    for (const timer of this.#pending.values()) timer.cancel();
    for (const { driver } of [...this.#running.values()].flat()) driver.close();
  }

  /** Begins or calls off waiting for a driver. */
  #watch(name: string): void {
    const usable = (this.#running.get(name) ?? []).some(({ connected }) => connected);
    if (usable) {
      this.#pending.get(name)?.cancel();
      this.#pending.delete(name);
      return;
    }
    if (this.#pending.has(name) || this.#stop.signal.aborted) return;
    const withdraw = (): void => {
      this.#pending.delete(name);
      void this.#withdraw(name);
    };
    this.#pending.set(name, this.#deps.clock.after(patience, withdraw));
  }

  /** Takes away what the node offers of a driver, or of all. Tries until it is done. */
  async #withdraw(driver: string | undefined): Promise<void> {
    const { api, clock, log, node } = this.#deps;
    const { signal } = this.#stop;
    const delays = new Backoff({ initial: 1_000, max: 300_000 }, clock);
    while (!signal.aborted) {
      const name = node()?.metadata.name;
      try {
        if (name !== undefined) return await api.deleteCollection(ResourceSlice, { fieldSelector: selector(name, driver) });
      } catch (error) {
        if (error instanceof ApiError && error.code === 404) return;
        log.info('cannot withdraw resource slices', { driver, error: errorMessage(error) });
      }
      await sleep(clock, delays.next(''), signal).catch(() => undefined);
    }
  }
}

function selector(node: string, driver: string | undefined): string {
  return `spec.nodeName=${node}${driver === undefined ? '' : `,spec.driver=${driver}`}`;
}

function quoted(list: readonly string[]): string {
  return `[${list.map((one) => JSON.stringify(one)).join(' ')}]`;
}
