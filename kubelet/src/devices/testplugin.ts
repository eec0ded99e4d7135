import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { systemClock } from '@keelson/base';
import { CriClient } from '../cri/grpc/client.ts';
import {
  type AllocateRequest,
  type ContainerAllocateResponse,
  type Device,
  DevicePluginDefinition,
  type DevicePluginOptions,
  type PreferredAllocationRequest,
  type PreStartContainerRequest,
  RegistrationDefinition,
} from '../cri/grpc/codec/deviceplugin.ts';
import { RegistrationDefinition as PluginRegistrationDefinition } from '../cri/grpc/codec/pluginregistration.ts';
import { serveSocket } from '../cri/grpc/server.ts';

export interface TestPluginOptions {
  readonly resource: string;
  /** The kubelet's root directory. */
  readonly root: string;
  readonly options?: Partial<DevicePluginOptions>;
  /** What a container gets with its devices, beside a variable that names them. */
  readonly extra?: Partial<ContainerAllocateResponse>;
  /** Which devices it would rather give, first of all. */
  readonly preferred?: readonly string[];
}

/** A device plugin for tests, speaking as a real one does. Tells what it was asked. */
export class TestPlugin {
  /** `method id id …` of every call, oldest first. */
  readonly calls: string[] = [];
  /** What it says to the next `Allocate` instead of an answer. */
  failure: string | undefined;
  readonly #given: TestPluginOptions;
  readonly #socket: string;
  #devices: readonly Device[] = [];
  #send: ((message: object) => void) | undefined;
  #close: (() => void)[] = [];

  constructor(given: TestPluginOptions) {
    this.#given = given;
    this.#socket = join(given.root, 'device-plugins', `${given.resource.replaceAll('/', '-')}.sock`);
  }

  /** Serves, and registers by the kubelet's own socket. @throws RuntimeError in the kubelet's words. */
  async start(devices: Readonly<Record<string, boolean>>, version = 'v1beta1'): Promise<void> {
    await this.#serve(devices);
    const kubelet = new CriClient(join(this.#given.root, 'device-plugins/kubelet.sock'), systemClock);
    const request = { version, endpoint: basename(this.#socket), resourceName: this.#given.resource, options: undefined };
    await kubelet.call('v1beta1.Registration', RegistrationDefinition.methods.register, request, 10_000).finally(() => kubelet.close());
  }

  /** Serves, and is found by the kubelet as other plugins are. */
  async announce(devices: Readonly<Record<string, boolean>>): Promise<void> {
    await this.#serve(devices);
    const info = { type: 'DevicePlugin', name: this.#given.resource, endpoint: this.#socket, supportedVersions: ['v1beta1'] };
    const answers = { getInfo: async () => info, notifyRegistrationStatus: async () => ({}) };
    const socket = join(this.#given.root, 'plugins_registry', basename(this.#socket));
    const service = { name: 'pluginregistration.Registration', definition: PluginRegistrationDefinition, answers };
    this.#close.push(await serveSocket(socket, [service]), () => void rm(socket, { force: true }));
  }

  /** Its devices, and whether they are well. */
  tell(devices: Readonly<Record<string, boolean>>): void {
    this.#devices = Object.entries(devices).map(([ID, well]) => ({
      ID,
      health: well ? 'Healthy' : 'Unhealthy',
      topology: ID.includes('numa') ? { nodes: [{ ID: BigInt(ID.slice(-1)) }] } : undefined,
    }));
    this.#send?.({ devices: this.#devices });
  }

  stop(): void {
    for (const close of this.#close) close();
    this.#close = [];
    this.#send = undefined;
  }

  async #serve(devices: Readonly<Record<string, boolean>>): Promise<void> {
    this.tell(devices);
    const { options = {}, preferred = [] } = this.#given;
    const note = (method: string, ids: readonly string[] = []): void => void this.calls.push([method, ...ids].join(' '));
    const answers = {
      getDevicePluginOptions: async () => ({ preStartRequired: false, getPreferredAllocationAvailable: false, ...options }),
      getPreferredAllocation: async ({ containerRequests: [asked] }: PreferredAllocationRequest) => {
        note('prefer', asked?.availableDeviceIds);
        const ids = [...new Set([...(asked?.mustIncludeDeviceIds ?? []), ...preferred])];
        return { containerResponses: [{ deviceIds: ids.slice(0, asked?.allocationSize) }] };
      },
      allocate: async ({ containerRequests }: AllocateRequest) => {
        const ids = containerRequests[0]?.devicesIds ?? [];
        note('allocate', ids);
        if (this.failure !== undefined) throw new Error(this.failure);
        return { containerResponses: [this.#response(ids)] };
      },
      preStartContainer: async ({ devicesIds }: PreStartContainerRequest) => {
        note('start', devicesIds);
        return {};
      },
    };
    const listAndWatch = async (_: never, send: (message: object) => void, signal: AbortSignal): Promise<void> => {
      this.#send = send;
      send({ devices: this.#devices });
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    };
    const service = { name: 'v1beta1.DevicePlugin', definition: DevicePluginDefinition, answers, streams: { listAndWatch } };
    this.#close.push(await serveSocket(this.#socket, [service]));
  }

  #response(ids: readonly string[]): ContainerAllocateResponse {
    const name = this.#given.resource.replaceAll(/\W/g, '_').toUpperCase();
    const { envs = {}, ...extra } = this.#given.extra ?? {};
    return { mounts: [], devices: [], annotations: {}, cdiDevices: [], ...extra, envs: { [name]: ids.join(','), ...envs } };
  }
}
