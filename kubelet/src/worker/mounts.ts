import { errorMessage } from '@keelson/base';
import type { Container } from '@keelson/types';
import { ConfigError } from '../config/errors.ts';
import { ownMounts, type PlannedMount, volumeMounts } from '../config/mounts.ts';
import { subPathTarget } from '../config/paths.ts';
import type { Mount } from '../cri/types.ts';
import type { WorkerDeps } from './deps.ts';
import type { PodRecord } from './record.ts';

/** What the mounts of one start of a container are made from. */
export interface MountInputs {
  readonly container: Container;
  readonly attempt: number;
  readonly env: ReadonlyMap<string, string>;
  /** The images behind image volumes, by the volume's name. */
  readonly images: ReadonlyMap<string, string>;
}

/** All that a container sees of the node's files, made ready. @throws ConfigError for what cannot be mounted. */
export async function containerMounts(deps: WorkerDeps, record: PodRecord, inputs: MountInputs): Promise<Mount[]> {
  const { pod, claimed } = record;
  const { container, attempt, env, images } = inputs;
  const { paths } = deps.node.settings;
  const mounts: Mount[] = [];
  for (const [index, planned] of volumeMounts({ pod, paths, claimed }, container, env).entries()) {
    const { name, volume: _, subPath, ...mount } = planned;
    const image = images.get(name);
    if (image !== undefined) mounts.push({ ...mount, image, imageSubPath: subPath });
    else if (subPath === '') mounts.push(mount);
    else
      mounts.push({ ...mount, hostPath: await bindSubPath(deps, planned, subPathTarget(paths, record.uid, name, container.name, index)) });
  }
  const own = ownMounts(pod, container, attempt, paths);
  for (const mount of own) if (mount.containerPath !== '/etc/hosts') await deps.host.write(mount.hostPath, '', 0o666);
  return [...mounts, ...own];

  async function bindSubPath({ host, log }: WorkerDeps, { name, volume, subPath }: PlannedMount, target: string): Promise<string> {
    return host.mounts.subPath(volume, subPath, target).catch((error: unknown) => {
      log.warn('cannot bind sub path', { pod: record.uid, volume, subPath, error: errorMessage(error) });
      throw new ConfigError(`failed to prepare subPath for volumeMount "${name}" of container "${container.name}"`);
    });
  }
}
