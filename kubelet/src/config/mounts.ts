import type { Container, Pod, Volume, VolumeMount } from '@keelson/types';
import type { ContainerConfig, Mount } from '../cri/types.ts';
import { podSpec } from '../pod/containers.ts';
import { podUid } from '../pod/naming.ts';
import type { Claimed } from '../volume/claims.ts';
import { isLive } from '../volume/references.ts';
import { ConfigError } from './errors.ts';
import { expand } from './expansion.ts';
import { hostsPath, type Paths, terminationLogPath, volumePath } from './paths.ts';

/** A mount whose source must be made or checked before it is used. */
export interface PlannedMount extends Mount {
  /** The pod's name for the volume, and its directory. */
  readonly name: string;
  readonly volume: string;
  readonly subPath: string;
}

/** A pod's volumes as they are mounted. */
export interface PodVolumes {
  readonly pod: Pod;
  readonly paths: Paths;
  readonly claimed: Claimed;
}

/** What of the pod's volumes a container sees, in the order of its spec. @throws ConfigError for volumes that are not there. */
export function volumeMounts(volumes: PodVolumes, container: Container, env: ReadonlyMap<string, string>): readonly PlannedMount[] {
  return (container.volumeMounts ?? []).map((mount) => {
    const { volume, path } = find(volumes, mount.name, container);
    const subPath = subPathOf(mount, env);
    const claim = volumes.claimed.get(mount.name);
    if (mount.recursiveReadOnly === 'Enabled')
      throw new ConfigError(
        `failed to resolve recursive read-only mode: volume "${mount.name}" requested recursive read-only mode, but it is not supported by the runtime`,
      );
    const readonly = mount.readOnly === true || claim?.readOnly === true || volume.image !== undefined || isLive(volume);
    return {
      name: mount.name,
      volume: path,
      subPath,
      containerPath: mount.mountPath,
      hostPath: subPath && path ? `${path}/${subPath}` : path,
      readonly,
      propagation: propagation(mount.mountPropagation),
    };
  });
}

/** The block devices a container is given. @throws ConfigError for volumes that are not there. */
export function volumeDevices(volumes: PodVolumes, container: Container): ContainerConfig['devices'] {
  return (container.volumeDevices ?? []).map(({ name, devicePath }) => ({
    containerPath: devicePath,
    hostPath: find(volumes, name, container).path,
    permissions: volumes.claimed.get(name)?.readOnly ? 'r' : 'mrw',
  }));
}

function find({ pod, paths, claimed }: PodVolumes, name: string, container: Container): { readonly volume: Volume; readonly path: string } {
  const volume = podSpec(pod).volumes?.find((each) => each.name === name);
  const path = volume && (volume.image ? '' : volumePath(paths, podUid(pod), claimed.get(name) ?? volume));
  if (volume && path !== undefined) return { volume, path };
  throw new ConfigError(`cannot find volume "${name}" to mount into container "${container.name}"`, 'CreateContainerError');
}

function subPathOf({ subPath = '', subPathExpr }: VolumeMount, env: ReadonlyMap<string, string>): string {
  const missing = new Set<string>();
  const value = (name: string): string | undefined => {
    if (!env.get(name)) missing.add(name);
    return env.get(name);
  };
  const path = subPathExpr ? expand(subPathExpr, value) : subPath;
  if (missing.size > 0) throw new ConfigError(`missing value for ${[...missing].sort().join(', ')}`);
  if (path.startsWith('/')) throw new ConfigError(`error SubPath \`${path}\` must not be an absolute path`);
  if (path.split('/').includes('..')) throw new ConfigError(`unable to provision SubPath \`${path}\`: must not contain '..'`);
  return path;
}

function propagation(mode: string | undefined): Mount['propagation'] {
  if (mode === 'Bidirectional') return 'bidirectional';
  return mode === 'HostToContainer' ? 'hostToContainer' : 'private';
}

/** The files the kubelet itself puts into a container: its hosts file and the one for its last words. */
export function ownMounts(pod: Pod, container: Container, attempt: number, paths: Paths): readonly Mount[] {
  const mounts: Mount[] = [];
  const taken = (container.volumeMounts ?? []).some((mount) => mount.mountPath === '/etc/hosts');
  const plain = { readonly: false, propagation: 'private' } as const;
  if (!taken) mounts.push({ ...plain, containerPath: '/etc/hosts', hostPath: hostsPath(paths, pod) });
  const words = container.terminationMessagePath ?? '/dev/termination-log';
  mounts.push({ ...plain, containerPath: words, hostPath: terminationLogPath(paths, podUid(pod), container.name, attempt) });
  return mounts;
}
