import type { Container, Pod } from '@keelson/types';
import type { Mount } from '../cri/types.ts';
import { podSpec } from '../pod/containers.ts';
import { podUid } from '../pod/naming.ts';
import { ConfigError } from './errors.ts';
import { expand } from './expansion.ts';
import { hostsPath, type Paths, terminationLogPath, volumePath } from './paths.ts';

/** A mount whose source lies below a volume and must be made or checked before it is used. */
export interface PlannedMount extends Mount {
  readonly volume: string;
  readonly subPath: string;
}

/** What of the pod's volumes a container sees, in the order of its spec. @throws ConfigError for volumes that are not there. */
export function volumeMounts(pod: Pod, container: Container, paths: Paths, env: ReadonlyMap<string, string>): readonly PlannedMount[] {
  const volumes = podSpec(pod).volumes ?? [];
  return (container.volumeMounts ?? []).map((mount) => {
    const volume = volumes.find((v) => v.name === mount.name);
    const path = volume && volumePath(paths, podUid(pod), volume);
    if (!path)
      throw new ConfigError(`cannot find volume "${mount.name}" to mount into container "${container.name}"`, 'CreateContainerError');
    const subPath = mount.subPathExpr ? expand(mount.subPathExpr, (name) => env.get(name)) : (mount.subPath ?? '');
    if (subPath.startsWith('/') || subPath.split('/').includes('..'))
      throw new ConfigError(`unable to provision SubPath \`${subPath}\`: must be relative and not contain '..'`);
    const readonly =
      mount.readOnly === true ||
      volume.configMap !== undefined ||
      volume.secret !== undefined ||
      volume.projected !== undefined ||
      volume.downwardAPI !== undefined;
    return {
      volume: path,
      subPath,
      containerPath: mount.mountPath,
      hostPath: subPath ? `${path}/${subPath}` : path,
      readonly,
      propagation: propagation(mount.mountPropagation),
    };
  });
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
