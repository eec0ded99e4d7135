import { join } from 'node:path';
import { type Clock, errorMessage, every, type Logger } from '@keelson/base';
import type { Api } from '@keelson/client';
import type { Container, Node, Pod, ResourceStatus } from '@keelson/types';
import type { PluginHandler } from '../plugins/types.ts';
import { podUid } from '../pod/naming.ts';
import { AmountManager } from './amounts/manager.ts';
import { deviceHandler, serveRegistration } from './amounts/registration.ts';
import { ClaimDrivers } from './claims/drivers.ts';
import { ClaimManager } from './claims/manager.ts';
import { serveLister } from './lister/serve.ts';
import type { DeviceOptions, NodeDevices } from './types.ts';

/** How often, in milliseconds, claims of pods that have ended unseen are given back. */
const reconcileEvery = 60_000;

export interface DeviceDeps {
  readonly api: Pick<Api, 'get' | 'deleteCollection'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** The kubelet's root directory, in which its sockets and files are. */
  readonly root: string;
  /** This node; undefined while it is not registered. */
  node(): Node | undefined;
  /** The pods that have not ended; undefined while not all are known. */
  active(): readonly Pod[] | undefined;
  /** These pods' devices changed. */
  changed(uids: readonly string[]): void;
  /** The node's status is to be written. */
  report(): void;
}

export interface Devices {
  readonly devices: NodeDevices;
  /** By the type of plugins that they are for. */
  readonly handlers: Readonly<Record<string, PluginHandler>>;
  /** Takes up what the kubelet before knew: nothing is given out before. */
  start(): Promise<void>;
  /** Serves plugins and who asks, until aborted. */
  run(signal: AbortSignal): Promise<void>;
}

/** The devices of a node. */
export function nodeDevices(deps: DeviceDeps): Devices {
  const { log, root } = deps;
  const directory = join(root, 'device-plugins');
  const active = (): ReadonlySet<string> | undefined => {
    const pods = deps.active();
    return pods && new Set(pods.map(podUid));
  };
  const amounts = new AmountManager({ ...deps, directory, active });
  const drivers = new ClaimDrivers({ ...deps, health: (name, devices) => claims.heard(name, devices) });
  const claims: ClaimManager = new ClaimManager({ ...deps, drivers, file: join(root, 'dra_manager_state'), active });
  const lister = {
    pods: () => deps.active() ?? [],
    held: (pod: Pod, container: string) => amounts.held(pod, container),
    claimsOf: (pod: Pod, container: Container) => claims.claimsOf(pod, container),
    allocatable: () => amounts.allocatable(),
  };
  /** A node without one of its sockets goes on as one that nobody asks. */
  const serve = async (socket: Promise<() => void>, signal: AbortSignal): Promise<void> => {
    const close = await socket.catch((error: unknown) => log.error('cannot serve a socket', { error: errorMessage(error) }));
    if (close) signal.addEventListener('abort', close, { once: true });
  };
  return {
    devices: new BothDevices(amounts, claims),
    handlers: { DevicePlugin: deviceHandler(amounts), DRAPlugin: drivers },
    start: async () => {
      await Promise.all([amounts.start(), claims.start()]);
    },
    run: async (signal) => {
      signal.addEventListener('abort', () => amounts.close(), { once: true });
      await serve(serveRegistration(amounts, directory), signal);
      await serve(serveLister(join(root, 'pod-resources/kubelet.sock'), lister), signal);
      const complain = (error: unknown): void => log.warn('cannot give back devices', { error: errorMessage(error) });
      await Promise.all([drivers.run(signal), every(deps.clock, reconcileEvery, signal, () => claims.reconcile(), complain)]);
    },
  };
}

/** Those of device plugins and those of claims as one. */
class BothDevices implements NodeDevices {
  readonly #amounts: AmountManager;
  readonly #claims: ClaimManager;

  constructor(amounts: AmountManager, claims: ClaimManager) {
    this.#amounts = amounts;
    this.#claims = claims;
  }

  async admit(pod: Pod): Promise<string | undefined> {
    return this.#amounts.allocator.allocate(pod).then(
      () => undefined,
      (error: unknown) => `Allocate failed due to ${errorMessage(error)}, which is unexpected`,
    );
  }

  get isNew(): boolean {
    return this.#amounts.isNew;
  }

  inUse() {
    return this.#amounts.inUse();
  }

  amounts() {
    return this.#amounts.amounts();
  }

  async prepare(pod: Pod): Promise<void> {
    await prefixed('prepare dynamic resources', this.#claims.prepare(pod));
  }

  async unprepare(pod: Pod): Promise<void> {
    await prefixed('unprepare dynamic resources', this.#claims.unprepare(pod));
  }

  async options(pod: Pod, container: Container): Promise<DeviceOptions> {
    const claimed = this.#claims.cdiDevices(pod, container);
    const options = await this.#amounts.allocator.options(pod, container);
    return { ...options, cdiDevices: [...new Set([...claimed, ...options.cdiDevices])] };
  }

  health(pod: Pod): ReadonlyMap<string, readonly ResourceStatus[]> {
    const [plugged, claimed] = [this.#amounts.health(pod), this.#claims.health(pod)];
    const names = new Set([...plugged.keys(), ...claimed.keys()]);
    return new Map([...names].map((name) => [name, [...(plugged.get(name) ?? []), ...(claimed.get(name) ?? [])]]));
  }
}

async function prefixed(what: string, work: Promise<void>): Promise<void> {
  await work.catch((error: unknown) => {
    throw new Error(`${what}: ${errorMessage(error)}`, { cause: error });
  });
}
