import { errorMessage } from '@keelson/base';
import type { HostPathVolumeSource, Pod, Volume } from '@keelson/types';
import { ConfigError } from '../config/errors.ts';
import { type Paths, podDirectory, volumePath } from '../config/paths.ts';
import { bytes } from '../config/quantity.ts';
import { podSpec } from '../pod/containers.ts';
import { podUid } from '../pod/naming.ts';
import { type ContentSources, volumeFiles } from './content.ts';
import type { Host, PathKind } from './host.ts';

/**
 * Makes all of a pod's volumes ready, or up to date where they are; one that fails does not keep the others back. Right to repeat.
 * @throws ConfigError naming the first volume that failed.
 */
export async function mountVolumes(host: Host, paths: Paths, pod: Pod, sources: ContentSources): Promise<void> {
  await host.directory(podDirectory(paths, podUid(pod)), { mode: 0o750 });
  let failure: ConfigError | undefined;
  for (const volume of podSpec(pod).volumes ?? []) {
    try {
      await mountVolume(host, paths, pod, volume, sources);
    } catch (error) {
      failure ??= new ConfigError(`MountVolume.SetUp failed for volume "${volume.name}" : ${errorMessage(error)}`, 'FailedMount');
    }
  }
  if (failure) throw failure;
}

async function mountVolume(host: Host, paths: Paths, pod: Pod, volume: Volume, sources: ContentSources): Promise<void> {
  const path = volumePath(paths, podUid(pod), volume);
  if (!path) throw new ConfigError(`unsupported volume type: ${Object.keys(volume).find((key) => key !== 'name') ?? 'none'}`);
  const fsGroup = podSpec(pod).securityContext?.fsGroup;
  const gid = fsGroup === undefined ? undefined : Number(fsGroup);
  if (volume.hostPath) return checkHostPath(host, volume.hostPath);
  if (volume.emptyDir) {
    const { medium, sizeLimit } = volume.emptyDir;
    if (medium?.startsWith('HugePages')) throw new ConfigError(`unsupported emptyDir medium: ${medium}`);
    if (medium !== 'Memory') return host.directory(path, { mode: 0o777, gid });
    return host.tmpfs(path, { mode: 0o777, gid, sizeBytes: sizeLimit === undefined ? 0 : bytes(sizeLimit) });
  }
  await host.publish(path, volumeFiles(pod, volume, sources), gid);
}

const wantedKinds: Readonly<Record<string, PathKind>> = {
  Directory: 'directory',
  DirectoryOrCreate: 'directory',
  File: 'file',
  FileOrCreate: 'file',
  Socket: 'socket',
  CharDevice: 'charDevice',
  BlockDevice: 'blockDevice',
};

const kindNames: Readonly<Record<PathKind, string>> = {
  directory: 'a directory',
  file: 'a file',
  socket: 'a socket file',
  charDevice: 'a character device',
  blockDevice: 'a block device',
};

async function checkHostPath(host: Host, { path, type = '' }: HostPathVolumeSource): Promise<void> {
  const wanted = wantedKinds[type];
  if (!wanted) return;
  const found = await host.kind(path);
  if (!found && type === 'DirectoryOrCreate') return host.directory(path, { mode: 0o755 });
  if (!found && type === 'FileOrCreate') return host.write(path, '', 0o644);
  if (found !== wanted) throw new ConfigError(`hostPath type check failed: ${path} is not ${kindNames[wanted]}`);
}
