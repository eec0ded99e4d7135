import type { Clock } from '@keelson/base';
import { CriClient } from '../cri/grpc/client.ts';
import {
  Rpc_Type as Ability,
  type NodeExpandVolumeRequest,
  type NodeGetInfoResponse,
  type NodePublishVolumeRequest,
  type NodeStageVolumeRequest,
  NodeDefinition as service,
  type VolumeUsage,
} from '../cri/grpc/codec/csi.ts';

/** As long as Kubernetes gives a driver for one call, in milliseconds. */
const timeout = 120_000;

const name = 'csi.v1.Node';
const { methods } = service;

/** What a driver does of what it need not do. */
export interface DriverAbilities {
  /** It makes a volume ready for the node before it shows it to pods. */
  readonly stages: boolean;
  /** It gives volumes to groups itself. */
  readonly groups: boolean;
  /** It is to be told when a volume has grown. */
  readonly expands: boolean;
  /** It tells how full a volume is. */
  readonly measures: boolean;
  /** It tells one pod of a node from several. */
  readonly singleNodeMultiWriter: boolean;
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
        return {
          stages: types.has(Ability.STAGE_UNSTAGE_VOLUME),
          groups: types.has(Ability.VOLUME_MOUNT_GROUP),
          expands: types.has(Ability.EXPAND_VOLUME),
          measures: types.has(Ability.GET_VOLUME_STATS),
          singleNodeMultiWriter: types.has(Ability.SINGLE_NODE_MULTI_WRITER),
        };
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

  async expand(request: NodeExpandVolumeRequest): Promise<void> {
    await this.#client.call(name, methods.nodeExpandVolume, request, timeout);
  }

  /** How much of the volume at `volumePath` is used, in each unit that the driver counts in. */
  async usage(volumeId: string, volumePath: string): Promise<readonly VolumeUsage[]> {
    const request = { volumeId, volumePath, stagingTargetPath: '' };
    return (await this.#client.call(name, methods.nodeGetVolumeStats, request, timeout)).usage;
  }

  close(): void {
    this.#client.close();
  }
}
