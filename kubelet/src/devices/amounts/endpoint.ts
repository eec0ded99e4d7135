import { status } from '@grpc/grpc-js';
import type { Clock } from '@keelson/base';
import { CriClient } from '../../cri/grpc/client.ts';
import {
  type ContainerAllocateResponse,
  DevicePluginDefinition,
  type DevicePluginOptions,
  type ListAndWatchResponse,
} from '../../cri/grpc/codec/deviceplugin.ts';
import type { Device } from './inventory.ts';

const name = 'v1beta1.DevicePlugin';
const { methods } = DevicePluginDefinition;

/** How long, in milliseconds, a plugin may take to be found, to make devices ready, and to reset them. Kubernetes waits for the second without end. */
const connectTimeout = 10_000;
const allocateTimeout = 300_000;
const startTimeout = 30_000;

/** One running device plugin. Methods reject with `RuntimeError` in the plugin's words. */
export class Endpoint {
  readonly #client: CriClient;

  /** `socket`: an absolute path. */
  constructor(socket: string, clock: Clock) {
    this.#client = new CriClient(socket, clock);
  }

  options(): Promise<DevicePluginOptions> {
    return this.#client.call(name, methods.getDevicePluginOptions, {}, connectTimeout);
  }

  /** Tells of all devices whenever one changed. Resolves when the plugin says no more. */
  watch(listed: (devices: readonly Device[]) => void): Promise<void> {
    const stream = this.#client.stream(name, methods.listAndWatch, {});
    stream.on('data', (answer: ListAndWatchResponse) => listed(devicesOf(answer)));
    return new Promise((resolve) => {
      stream.on('error', (error: { readonly code?: number }) => {
        if (error.code !== status.CANCELLED) stream.cancel();
        resolve();
      });
      stream.on('end', resolve);
    });
  }

  /** Which of `available` it would rather give, `included` among them; `size` in all. */
  async preferred(available: readonly string[], included: readonly string[], size: number): Promise<readonly string[]> {
    const asked = { availableDeviceIds: [...available], mustIncludeDeviceIds: [...included], allocationSize: size };
    const answer = await this.#client.call(name, methods.getPreferredAllocation, { containerRequests: [asked] }, startTimeout);
    return answer.containerResponses[0]?.deviceIds ?? [];
  }

  /** What a container needs to have these devices; undefined: the plugin does not say. */
  async allocate(ids: readonly string[]): Promise<ContainerAllocateResponse | undefined> {
    const request = { containerRequests: [{ devicesIds: [...ids] }] };
    return (await this.#client.call(name, methods.allocate, request, allocateTimeout)).containerResponses[0];
  }

  async preStart(ids: readonly string[]): Promise<void> {
    await this.#client.call(name, methods.preStartContainer, { devicesIds: [...ids] }, startTimeout);
  }

  close(): void {
    this.#client.close();
  }
}

function devicesOf({ devices }: ListAndWatchResponse): readonly Device[] {
  return devices.map(({ ID, health, topology }) => ({
    id: ID,
    healthy: health === 'Healthy',
    nodes: (topology?.nodes ?? []).map((node) => Number(node.ID)),
  }));
}
