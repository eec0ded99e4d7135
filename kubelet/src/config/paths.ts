import type { Container, Pod, Volume } from '@keelson/types';
import { podName, podNamespace, podUid } from '../pod/naming.ts';
import type { ClaimedVolume } from '../volume/claims.ts';

/** Where the kubelet keeps things on the node: Kubernetes' own layout below the root directory. */
export interface Paths {
  readonly root: string;
  readonly logs: string;
}

export function podDirectory(paths: Paths, uid: string): string {
  return `${paths.root}/pods/${uid}`;
}

export function podLogDirectory(paths: Paths, pod: Pod): string {
  return `${paths.logs}/${podNamespace(pod)}_${podName(pod)}_${podUid(pod)}`;
}

export function hostsPath(paths: Paths, pod: Pod): string {
  return `${podDirectory(paths, podUid(pod))}/etc-hosts`;
}

/** One file per start of a container; mounted at its `terminationMessagePath`. */
export function terminationLogPath(paths: Paths, uid: string, container: string, attempt: number): string {
  return `${podDirectory(paths, uid)}/containers/${container}/${attempt.toString(16).padStart(8, '0')}`;
}

/** Relative to the pod's log directory. */
export function logPath(container: Pick<Container, 'name'>, attempt: number): string {
  return `${container.name}/${attempt}.log`;
}

const pluginNames = [
  ['emptyDir', 'empty-dir'],
  ['configMap', 'configmap'],
  ['secret', 'secret'],
  ['downwardAPI', 'downward-api'],
  ['projected', 'projected'],
] as const;

/**
 * The directory that a volume of the pod shows; a hostPath volume is where it is, and so is what stands behind a claim unless it is local.
 * undefined: a type this kubelet does not mount.
 */
export function volumePath(paths: Paths, uid: string, volume: Volume | ClaimedVolume): string | undefined {
  const own = `${podDirectory(paths, uid)}/volumes/kubernetes.io~`;
  if ('claim' in volume) return claimedPath(podDirectory(paths, uid), volume);
  if (volume.csi) return `${own}csi/${volume.name}/mount`;
  if (volume.hostPath) return volume.hostPath.path;
  const plugin = pluginNames.find(([field]) => volume[field] !== undefined);
  // A volume that names no source is an emptyDir in Kubernetes' defaults.
  return plugin && `${own}${plugin[1]}/${volume.name}`;
}

function claimedPath(pod: string, { name, source, block }: ClaimedVolume): string {
  if (source.type === 'csi')
    return block ? `${pod}/volumeDevices/kubernetes.io~csi/${name}/device` : `${pod}/volumes/kubernetes.io~csi/${name}/mount`;
  return source.type === 'local' && !block ? `${pod}/volumes/kubernetes.io~local-volume/${name}` : source.path;
}

/** Where a sub path of a volume is held for a container: `index` is that of the mount. */
export function subPathTarget(paths: Paths, uid: string, volume: string, container: string, index: number): string {
  return `${podDirectory(paths, uid)}/volume-subpaths/${volume}/${container}/${index}`;
}
