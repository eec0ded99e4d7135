import type { Clock } from '@keelson/base';
import { CriClient } from '../cri/grpc/client.ts';
import {
  type NodeGetInfoResponse,
  type NodePublishVolumeRequest,
  type NodeStageVolumeRequest,
  RpcType,
  NodeDefinition as service,
} from '../cri/grpc/codec/csi.ts';

/** As long as Kubernetes gives a driver for one call, in milliseconds. */
const timeout = 120_000;

const name = 'csi.v1.Node';
const { methods } = service;

/** What of its volumes a driver does in two steps, and whether it gives them to groups itself. */
export interface DriverAbilities {
  readonly stages: boolean;
  readonly groups: boolean;
}

/** A storage driver of the node. Every method rejects with `RuntimeError` in the driver's words. */
export class CsiDriver {
  readonly #client: CriClient;
  #abilities: Promise<DriverAbilities> | undefined;

  /** `endpoint` is the absolute path of its socket. */
  constructor(endpoint: string, clock: Clock) {
    this.#client = new CriClient(endpoint, clock);
  }

  info(): Promise<NodeGetInfoResponse> {
    return this.#client.call(name, methods.nodeGetInfo, {}, timeout);
  }

  /** Asked once: they are the same for as long as the driver runs. */
  abilities(): Promise<DriverAbilities> {
    this.#abilities ??= this.#client.call(name, methods.nodeGetCapabilities, {}, timeout).then(
      ({ capabilities }) => {
        const types = new Set(capabilities.map(({ rpc }) => rpc?.type));
        return { stages: types.has(RpcType.STAGE_UNSTAGE_VOLUME), groups: types.has(RpcType.VOLUME_MOUNT_GROUP) };
      },
      (error: unknown) => {
        this.#abilities = undefined;
        throw error;
      },
    );
    return this.#abilities;
  }

  async stage(request: NodeStageVolumeRequest): Promise<void> {
    await this.#client.call(name, methods.nodeStageVolume, request, timeout);
  }

  async unstage(volumeId: string, stagingTargetPath: string): Promise<void> {
    await this.#client.call(name, methods.nodeUnstageVolume, { volumeId, stagingTargetPath }, timeout);
  }

  async publish(request: NodePublishVolumeRequest): Promise<void> {
    await this.#client.call(name, methods.nodePublishVolume, request, timeout);
  }

  async unpublish(volumeId: string, targetPath: string): Promise<void> {
    await this.#client.call(name, methods.nodeUnpublishVolume, { volumeId, targetPath }, timeout);
  }

  close(): void {
    this.#client.close();
  }
}
