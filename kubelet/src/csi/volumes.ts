import { mkdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Api, ApiError, type KubeObject } from '@keelson/client';
import { CSIDriver, type Kind, type Node, type Pod, Secret, VolumeAttachment } from '@keelson/types';
import type { VolumeCapability } from '../cri/grpc/codec/csi.ts';
import { podSpec } from '../pod/containers.ts';
import { podUid } from '../pod/naming.ts';
import type { Drivers } from '../volume/drivers.ts';
import type { Fullness } from '../volume/host.ts';
import { isMounted, unmountBelow } from '../volume/mounttable.ts';
import { giveToGroup } from '../volume/ownership.ts';
import type { Tokens } from '../volume/tokens.ts';
import type { CsiDriver } from './driver.ts';
import { digest, keepNote, type Note, notesOfPods, readNote, volumeDirectories } from './notes.ts';
import {
  attachableName,
  type CsiVolume,
  capabilityOf,
  contextOf,
  fullnessOf,
  podTokens,
  type SecretName,
  takesGroup,
  tokenWishes,
} from './plan.ts';

export interface CsiDeps {
  readonly api: Pick<Api, 'get'>;
  readonly tokens: Pick<Tokens, 'hold' | 'forget'>;
  readonly nodeName: string;
  /** The kubelet's root directory. */
  readonly root: string;
  driver(name: string): CsiDriver | undefined;
  /** This node as the server last showed it; undefined while it is not registered. */
  node(): Node | undefined;
  /** Writes the node's status, which tells of the volumes in use. */
  report(): Promise<void>;
}

/** A pod's use of a volume, with all that its driver has to be told. */
interface Use {
  readonly pod: Pod;
  readonly volume: CsiVolume;
  readonly target: string;
  readonly driver: CsiDriver;
  readonly about: CSIDriver | undefined;
  readonly note: Note;
  readonly capability: VolumeCapability;
  /** Empty: its driver does not stage it. */
  readonly staging: string;
  /** The group that the kubelet itself gives the volume to. */
  readonly group: number | undefined;
}

/** Volumes that drivers mount. What is mounted is written beside it, so that a kubelet started anew finds it. */
export class CsiVolumes implements Drivers {
  readonly #deps: CsiDeps;

  constructor(deps: CsiDeps) {
    this.#deps = deps;
  }

  async mount(pod: Pod, volume: CsiVolume, target: string): Promise<void> {
    const use = await this.#use(pod, volume, target);
    await keepNote(dirname(target), use.note);
    await this.#tellInUse(use);
    const publishContext = await this.#attached(use);
    await this.#stage(use, publishContext);
    await this.#publish(use, publishContext);
    const onRootMismatch = podSpec(pod).securityContext?.fsGroupChangePolicy === 'OnRootMismatch';
    if (use.group !== undefined) await giveToGroup(target, use.group, { readOnly: false, onRootMismatch });
  }

  async refresh(pod: Pod, volume: CsiVolume, target: string): Promise<void> {
    const about = await this.#find(CSIDriver, volume.driver);
    if (!about?.spec.requiresRepublish) return;
    const use = await this.#use(pod, volume, target);
    await this.#publish(use, await this.#attached(use));
  }

  async expand(volume: CsiVolume, target: string, bytes: number): Promise<void> {
    const driver = this.#driver(volume.driver, 'Expander.NodeExpand failed to get CSI client');
    const { expands, stages, singleNodeMultiWriter } = await driver.abilities();
    if (!expands || volume.handle === undefined) return;
    const stagingTargetPath = stages ? this.#stagingPath(volume.driver, volume.handle) : '';
    await driver.expand({
      volumeId: volume.handle,
      volumePath: stages && !volume.block ? stagingTargetPath : target,
      capacityRange: { requiredBytes: BigInt(bytes), limitBytes: 0n },
      stagingTargetPath,
      volumeCapability: capabilityOf(volume, { singleNodeMultiWriter }),
      secrets: await this.#secret(volume.secrets.expand),
    });
  }

  async fullness(pod: Pod, volume: CsiVolume, target: string): Promise<Fullness | undefined> {
    const driver = this.#driver(volume.driver, 'Metrics.GetMetrics failed to get CSI client');
    if (!(await driver.abilities()).measures) return undefined;
    return fullnessOf(await driver.usage(handleOf(pod, volume), target));
  }

  async unmountAll(podDirectory: string): Promise<void> {
    let attached = false;
    for (const directory of await volumeDirectories(podDirectory)) {
      const note = await readNote(directory);
      if (!note) continue;
      await this.#end(directory, note);
      attached ||= Boolean(note.attachmentID);
    }
    this.#deps.tokens.forget(basename(podDirectory));
    // What is told late is detached late, and no more than that.
    if (attached) await this.#deps.report().catch(() => undefined);
  }

  async inUse(): Promise<readonly string[]> {
    const attached = (await notesOfPods(this.#deps.root)).filter(({ attachmentID }) => attachmentID);
    return [...new Set(attached.map(({ driverName, volumeHandle }) => `kubernetes.io/csi/${driverName}^${volumeHandle}`))].sort();
  }

  async #use(pod: Pod, volume: CsiVolume, target: string): Promise<Use> {
    const what = volume.block ? 'blockMapper.SetUpDevice' : 'mounter.SetUpAt';
    const driver = this.#driver(volume.driver, `${what} failed to get CSI client`);
    const about = await this.#find(CSIDriver, volume.driver);
    const { stages, groups, singleNodeMultiWriter } = await driver.abilities();
    const handle = handleOf(pod, volume);
    const attachable = attachableName(volume, about) !== undefined;
    const attachmentID = attachable ? `csi-${digest(`${handle}${volume.driver}${this.#deps.nodeName}`)}` : '';
    const fsGroup = podSpec(pod).securityContext?.fsGroup;
    const group = fsGroup === undefined || volume.block ? undefined : Number(fsGroup);
    const capability = capabilityOf(volume, { group: groups ? group : undefined, singleNodeMultiWriter });
    return {
      pod,
      volume,
      target,
      driver,
      about,
      note: { driverName: volume.driver, volumeHandle: handle, specVolID: volume.name, attachmentID },
      capability,
      staging: stages && volume.handle !== undefined ? this.#stagingPath(volume.driver, handle) : '',
      group: groups || !takesGroup(volume, about) ? undefined : group,
    };
  }

  async #stage({ driver, volume, note, capability, staging }: Use, publishContext: Record<string, string>): Promise<void> {
    if (staging === '') return;
    await keepNote(dirname(staging), note);
    await mkdir(staging, { recursive: true, mode: 0o750 });
    const secrets = await this.#secret(volume.secrets.stage);
    const volumeContext = { ...volume.attributes };
    const common = { volumeId: note.volumeHandle, publishContext, stagingTargetPath: staging, volumeCapability: capability };
    await driver.stage({ ...common, secrets, volumeContext });
  }

  async #publish(
    { driver, pod, volume, target, about, note, capability, staging }: Use,
    publishContext: Record<string, string>,
  ): Promise<void> {
    const { tokens } = this.#deps;
    const held = await Promise.all(
      tokenWishes(about).map(async (wish) => ({ ...(await tokens.hold(pod, wish)), audience: wish.audience })),
    );
    const { context, secrets } = podTokens(held, about);
    await driver.publish({
      volumeId: note.volumeHandle,
      publishContext,
      stagingTargetPath: staging,
      targetPath: target,
      volumeCapability: capability,
      readonly: volume.readOnly,
      secrets: { ...(await this.#secret(volume.secrets.publish)), ...secrets },
      volumeContext: { ...contextOf(pod, volume, about), ...context },
    });
  }

  /** Nothing is mounted that could be detached unseen: the node's status names it first. @throws Error while it does not. */
  async #tellInUse({ volume, about }: Use): Promise<void> {
    const name = attachableName(volume, about);
    const told = (): boolean => name === undefined || this.#deps.node()?.status?.volumesInUse?.includes(name) === true;
    if (told()) return;
    await this.#deps.report();
    if (told()) return;
    throw new Error(`Volume has not been added to the list of VolumesInUse in the node's volume status for volume "${volume.name}"`);
  }

  /** Ends one mount. What its driver never got to do needs no driver to be ended. @throws Error while the driver does not answer. */
  async #end(directory: string, note: Note): Promise<void> {
    const target = join(directory, directory.includes('/volumeDevices/') ? 'device' : 'mount');
    const staged = await readNote(dirname(this.#stagingPath(note.driverName, note.volumeHandle)));
    if (staged || this.#deps.driver(note.driverName) || (await isMounted(target))) {
      const driver = this.#driver(note.driverName, 'Unmounter.TearDownAt failed to get CSI client');
      await driver.unpublish(note.volumeHandle, target);
    }
    await unmountBelow(directory);
    await rm(directory, { recursive: true, force: true });
    if (staged) await this.#unstage(note);
  }

  async #unstage({ driverName, volumeHandle }: Note): Promise<void> {
    const path = this.#stagingPath(driverName, volumeHandle);
    const others = await notesOfPods(this.#deps.root);
    if (others.some((note) => note.driverName === driverName && note.volumeHandle === volumeHandle)) return;
    await this.#driver(driverName, 'Unmounter.TearDownAt failed to get CSI client').unstage(volumeHandle, path);
    await unmountBelow(dirname(path));
    await rm(dirname(path), { recursive: true, force: true });
  }

  #driver(name: string, what: string): CsiDriver {
    const driver = this.#deps.driver(name);
    if (!driver) throw new Error(`kubernetes.io/csi: ${what}: driver name ${name} not found in the list of registered CSI drivers`);
    return driver;
  }

  /** What attaching the volume to this node came to. @throws Error while it is not attached. */
  async #attached({ note }: Use): Promise<Record<string, string>> {
    if (!note.attachmentID) return {};
    const found = await this.#find(VolumeAttachment, note.attachmentID);
    if (found?.status?.attached && !found.metadata.deletionTimestamp) return found.status.attachmentMetadata ?? {};
    const why = found?.status?.attachError?.message;
    throw new Error(
      why ?? `timed out waiting for external-attacher of ${note.driverName} CSI driver to attach volume ${note.volumeHandle}`,
    );
  }

  async #secret(name: SecretName | undefined): Promise<Record<string, string>> {
    if (!name) return {};
    const { data = {} } = await this.#deps.api.get(Secret, name);
    return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
  }

  async #find<T extends KubeObject>(kind: Kind<T>, name: string): Promise<T | undefined> {
    return this.#deps.api.get(kind, { name }).catch((error: unknown) => {
      if (error instanceof ApiError && error.code === 404) return undefined;
      throw error;
    });
  }

  #stagingPath(driver: string, handle: string): string {
    return join(this.#deps.root, 'plugins/kubernetes.io/csi', driver, digest(handle), 'globalmount');
  }
}

/** The driver's name for a volume; one that is the pod's own is named after the pod. */
function handleOf(pod: Pod, { handle, name }: CsiVolume): string {
  return handle ?? `csi-${digest(`${podUid(pod)}${name}`)}`;
}
