import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Api, ApiError, type KubeObject } from '@keelson/client';
import { CSIDriver, type Kind, type Pod, Secret, VolumeAttachment } from '@keelson/types';
import { podSpec } from '../pod/containers.ts';
import { podUid } from '../pod/naming.ts';
import type { Drivers } from '../volume/host.ts';
import { unmountBelow } from '../volume/mounttable.ts';
import { giveToGroup } from '../volume/ownership.ts';
import type { CsiDriver } from './driver.ts';
import { type CsiVolume, capabilityOf, contextOf, type SecretName, takesGroup } from './plan.ts';

export interface CsiDeps {
  readonly api: Pick<Api, 'get'>;
  readonly nodeName: string;
  /** The kubelet's root directory. */
  readonly root: string;
  driver(name: string): CsiDriver | undefined;
}

/** What is written beside a mount, so that a later kubelet can end it. Kubernetes' own names. */
interface Note {
  readonly driverName: string;
  readonly volumeHandle: string;
  readonly specVolID: string;
}

/** Volumes that drivers mount. What is mounted is written beside it, so that a kubelet started anew finds it. */
export class CsiVolumes implements Drivers {
  readonly #deps: CsiDeps;

  constructor(deps: CsiDeps) {
    this.#deps = deps;
  }

  /** Mounts a volume at `target`. Right to repeat. @throws Error in Kubernetes' words. */
  async mount(pod: Pod, volume: CsiVolume, target: string): Promise<void> {
    const driver = this.#driver(volume.driver, 'mounter.SetUpAt failed to get CSI client');
    const about = await this.#find(CSIDriver, volume.driver);
    const handle = volume.handle ?? `csi-${digest(`${podUid(pod)}${volume.name}`)}`;
    const publishContext = volume.handle === undefined ? {} : await this.#attached(volume, handle, about?.spec.attachRequired ?? true);
    const { stages, groups } = await driver.abilities();
    const fsGroup = podSpec(pod).securityContext?.fsGroup;
    const group = fsGroup === undefined ? undefined : Number(fsGroup);
    const volumeCapability = capabilityOf(volume, groups ? group : undefined);
    const stagingTargetPath = stages && volume.handle !== undefined ? this.#stagingPath(volume.driver, handle) : '';
    const request = { volumeId: handle, publishContext, stagingTargetPath, volumeCapability };
    const note = { driverName: volume.driver, volumeHandle: handle, specVolID: volume.name };
    if (stagingTargetPath) {
      await keepNote(dirname(stagingTargetPath), note);
      await mkdir(stagingTargetPath, { recursive: true, mode: 0o750 });
      await driver.stage({ ...request, secrets: await this.#secret(volume.secrets.stage), volumeContext: { ...volume.attributes } });
    }
    await keepNote(dirname(target), note);
    await driver.publish({
      ...request,
      targetPath: target,
      readonly: volume.readOnly,
      secrets: await this.#secret(volume.secrets.publish),
      volumeContext: contextOf(pod, volume, about),
    });
    const onRootMismatch = podSpec(pod).securityContext?.fsGroupChangePolicy === 'OnRootMismatch';
    if (group !== undefined && !groups && takesGroup(volume, about)) await giveToGroup(target, group, { readOnly: false, onRootMismatch });
  }

  /** Ends every mount of a pod's directory, and the staging of what no other pod uses. @throws Error while a driver does not answer. */
  async unmountAll(podDirectory: string): Promise<void> {
    for (const directory of await volumeDirectories(podDirectory)) {
      const note = await readNote(directory);
      if (!note) continue;
      const driver = this.#driver(note.driverName, 'Unmounter.TearDownAt failed to get CSI client');
      await driver.unpublish(note.volumeHandle, join(directory, 'mount'));
      await unmountBelow(directory);
      await rm(directory, { recursive: true, force: true });
      await this.#unstage(note, driver);
    }
  }

  async #unstage({ driverName, volumeHandle }: Note, driver: CsiDriver): Promise<void> {
    const path = this.#stagingPath(driverName, volumeHandle);
    if (!(await readNote(dirname(path))) || (await this.#inUse(driverName, volumeHandle))) return;
    await driver.unstage(volumeHandle, path);
    await unmountBelow(dirname(path));
    await rm(dirname(path), { recursive: true, force: true });
  }

  async #inUse(driverName: string, volumeHandle: string): Promise<boolean> {
    const pods = await readdir(join(this.#deps.root, 'pods')).catch(() => []);
    for (const uid of pods) {
      const notes = await Promise.all((await volumeDirectories(join(this.#deps.root, 'pods', uid))).map(readNote));
      if (notes.some((note) => note?.driverName === driverName && note.volumeHandle === volumeHandle)) return true;
    }
    return false;
  }

  #driver(name: string, what: string): CsiDriver {
    const driver = this.#deps.driver(name);
    if (!driver) throw new Error(`kubernetes.io/csi: ${what}: driver name ${name} not found in the list of registered CSI drivers`);
    return driver;
  }

  /** What attaching the volume to this node came to. @throws Error while it is not attached. */
  async #attached({ driver }: CsiVolume, handle: string, required: boolean): Promise<Record<string, string>> {
    if (!required) return {};
    const name = `csi-${digest(`${handle}${driver}${this.#deps.nodeName}`)}`;
    const found = await this.#find(VolumeAttachment, name);
    if (found?.status?.attached) return found.status.attachmentMetadata ?? {};
    const why = found?.status?.attachError?.message;
    throw new Error(why ?? `timed out waiting for external-attacher of ${driver} CSI driver to attach volume ${handle}`);
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

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

async function volumeDirectories(podDirectory: string): Promise<string[]> {
  const home = join(podDirectory, 'volumes/kubernetes.io~csi');
  return (await readdir(home).catch(() => [])).map((name) => join(home, name));
}

const noteName = 'vol_data.json';

async function keepNote(directory: string, note: Note): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o750 });
  await writeFile(join(directory, noteName), JSON.stringify(note), { mode: 0o600 });
}

async function readNote(directory: string): Promise<Note | undefined> {
  const text = await readFile(join(directory, noteName), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Note);
}
