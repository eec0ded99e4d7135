import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  Rpc_Type as Ability,
  NodeDefinition,
  type NodeExpandVolumeRequest,
  type NodePublishVolumeRequest,
  type NodeStageVolumeRequest,
  VolumeUsage_Unit as Unit,
  type VolumeUsage,
} from '../cri/grpc/codec/csi.ts';
import { RegistrationDefinition } from '../cri/grpc/codec/pluginregistration.ts';
import { type Answer, serveSocket } from '../cri/grpc/server.ts';

const run = promisify(execFile);

export interface TestDriverOptions {
  readonly name: string;
  /** Where its sockets are: the kubelet's root directory. */
  readonly root: string;
  /** A volume's files, by its handle. */
  directory(handle: string): string;
  /** What its volumes are as devices; absent: they cannot be. */
  readonly device?: string;
}

/** A storage driver for tests: its volumes are directories of the node. Tells what it was asked. */
export class TestDriver {
  readonly staged: NodeStageVolumeRequest[] = [];
  readonly published: NodePublishVolumeRequest[] = [];
  readonly expanded: NodeExpandVolumeRequest[] = [];
  readonly abilities = new Set<keyof typeof Ability>(['STAGE_UNSTAGE_VOLUME', 'EXPAND_VOLUME', 'GET_VOLUME_STATS']);
  /** What it says of how full its volumes are. */
  readonly usage: VolumeUsage[] = [
    { unit: Unit.BYTES, total: 100n, available: 60n, used: 40n },
    { unit: Unit.INODES, total: 10n, available: 7n, used: 3n },
  ];
  /** `method handle` of every call, oldest first; questions leave none. */
  readonly calls: string[] = [];
  readonly #options: TestDriverOptions;
  #close: (() => void)[] = [];

  constructor(options: TestDriverOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { name, root } = this.#options;
    const endpoint = join(root, 'plugins', name, 'csi.sock');
    const info = { type: 'CSIPlugin', name, endpoint, supportedVersions: ['1.0.0'] };
    const answers = { getInfo: async () => info, notifyRegistrationStatus: async () => ({}) };
    const socket = join(root, 'plugins_registry', `${name}-reg.sock`);
    this.#close = [
      await serveSocket(endpoint, [{ name: 'csi.v1.Node', definition: NodeDefinition, answers: this.#node() }]),
      await serveSocket(socket, [{ name: 'pluginregistration.Registration', definition: RegistrationDefinition, answers }]),
    ];
  }

  async stop(): Promise<void> {
    for (const close of this.#close) close();
    const { name, root } = this.#options;
    await rm(join(root, 'plugins_registry', `${name}-reg.sock`), { force: true });
    await rm(join(root, 'plugins', name), { recursive: true, force: true });
  }

  #node(): Readonly<Record<string, Answer>> {
    const note = (what: string, handle: string): void => void this.calls.push(`${what} ${handle}`);
    return {
      nodeGetInfo: async () => ({
        nodeId: 'test-node',
        maxVolumesPerNode: 7n,
        accessibleTopology: { segments: { 'test.csi/rack': 'r1' } },
      }),
      nodeGetCapabilities: async () => ({
        capabilities: Array.from(this.abilities, (each) => ({ rpc: { type: Ability[each] } })),
      }),
      nodeStageVolume: async (request: NodeStageVolumeRequest) => {
        note('stage', request.volumeId);
        this.staged.push(request);
        return {};
      },
      nodeUnstageVolume: async ({ volumeId }: { volumeId: string }) => {
        note('unstage', volumeId);
        return {};
      },
      nodePublishVolume: async (request: NodePublishVolumeRequest) => {
        note('publish', request.volumeId);
        this.published.push(request);
        await this.#show(request);
        return {};
      },
      nodeExpandVolume: async (request: NodeExpandVolumeRequest) => {
        note('expand', request.volumeId);
        this.expanded.push(request);
        return { capacityBytes: request.capacityRange?.requiredBytes ?? 0n };
      },
      nodeGetVolumeStats: async ({ volumePath }: { volumePath: string }) => this.#measured(volumePath),
      nodeUnpublishVolume: async ({ volumeId, targetPath }: { volumeId: string; targetPath: string }) => {
        note('unpublish', volumeId);
        await run('umount', [targetPath]).catch(() => undefined);
        return {};
      },
    };
  }

  #measured(path: string): { readonly usage: readonly VolumeUsage[] } {
    if (!existsSync(path)) throw new Error(`nothing is at ${path}`);
    return { usage: this.usage };
  }

  async #show({ volumeId, targetPath, volumeCapability }: NodePublishVolumeRequest): Promise<void> {
    const { directory, device } = this.#options;
    const source = volumeCapability?.block ? device : directory(volumeId);
    if (source === undefined) throw new Error('this driver has no devices');
    if (volumeCapability?.block) await writeFile(targetPath, '');
    else for (const path of [source, targetPath]) await mkdir(path, { recursive: true });
    await run('mount', ['--bind', source, targetPath]);
  }
}
