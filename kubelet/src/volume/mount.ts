import { errorMessage } from '@keelson/base';
import type { Node, Pod, Volume } from '@keelson/types';
import { ConfigError } from '../config/errors.ts';
import { type Paths, podDirectory, volumePath } from '../config/paths.ts';
import { type CsiVolume, csiOfPod } from '../csi/plan.ts';
import { podSpec } from '../pod/containers.ts';
import { podUid } from '../pod/naming.ts';
import { type Claimed, type ClaimedVolume, checkNodeAffinity, claimName, csiOf, type Found, resolveClaim } from './claims.ts';
import { type ContentSources, volumeFiles } from './content.ts';
import type { Drivers } from './drivers.ts';
import { memoryVolumeSize } from './empty-dir.ts';
import { NoMounter, unprocessed, VolumeFailure } from './failure.ts';
import type { Host } from './host.ts';
import { prepareHostPath } from './host-path.ts';
import { isLive } from './references.ts';

/** Where volumes are mounted. */
export interface MountPlace {
  readonly host: Host;
  /** Absent: there are no storage drivers on this node. */
  readonly drivers?: Drivers | undefined;
  readonly paths: Paths;
  /** This node; undefined while it is not registered. */
  readonly node: Node | undefined;
}

/**
 * Makes all of a pod's volumes ready, or up to date where they are; one that fails does not keep the others back. Right to repeat.
 * `found`: what the server said of the pod's claims. Resolves to what stands behind them. @throws VolumeFailure
 */
export async function mountVolumes(
  place: MountPlace,
  pod: Pod,
  sources: ContentSources,
  found: ReadonlyMap<string, Found> = new Map(),
): Promise<Claimed> {
  await place.host.directory(podDirectory(place.paths, podUid(pod)), { mode: 0o750 });
  const claimed = new Map<string, ClaimedVolume>();
  const unready = new Map<string, string>();
  const failures: string[] = [];
  for (const volume of podSpec(pod).volumes ?? []) {
    const claim = claimName(pod, volume);
    try {
      if (claim !== undefined) claimed.set(volume.name, resolveClaim(pod, volume, found.get(claim) ?? {}));
    } catch (error) {
      unready.set(volume.name, errorMessage(error));
      continue;
    }
    const failure = await mountOne(place, pod, claimed.get(volume.name) ?? volume, sources);
    if (failure !== undefined) failures.push(failure);
  }
  if (unready.size > 0) failures.push(unprocessed(unready));
  if (failures.length > 0) throw new VolumeFailure(failures);
  return claimed;
}

/** Brings what the pod's volumes show of other objects up to date. @throws VolumeFailure */
export async function updateVolumes(place: MountPlace, pod: Pod, sources: ContentSources, claimed: Claimed): Promise<void> {
  const failures: string[] = [];
  for (const volume of podSpec(pod).volumes ?? []) {
    const mounted = claimed.get(volume.name) ?? volume;
    const failure = isLive(volume) ? await mountOne(place, pod, volume, sources) : await refreshOne(place, pod, mounted);
    if (failure !== undefined) failures.push(failure);
  }
  if (failures.length > 0) throw new VolumeFailure(failures);
}

/** Why a driver could not mount a volume once more; undefined: it could, or it is not a driver's. */
async function refreshOne({ drivers, paths }: MountPlace, pod: Pod, volume: Volume | ClaimedVolume): Promise<string | undefined> {
  const csi = csiOf(pod, volume);
  const target = volumePath(paths, podUid(pod), volume);
  if (!csi || !drivers || !target) return undefined;
  return drivers.refresh(pod, csi, target).then(
    () => undefined,
    (error: unknown) => failed('MountVolume.SetUp', volume, error),
  );
}

const failed = (what: string, { name }: Volume | ClaimedVolume, error: unknown): string =>
  `${what} failed for volume "${name}" : ${errorMessage(error)}`;

/** Why the volume could not be made ready; undefined: it is. */
async function mountOne(place: MountPlace, pod: Pod, volume: Volume | ClaimedVolume, sources: ContentSources): Promise<string | undefined> {
  const claimed = 'claim' in volume;
  try {
    if (claimed) checkNodeAffinity(volume.volume, place.node);
  } catch (error) {
    return failed('MountVolume.NodeAffinity check', volume, error);
  }
  try {
    await (claimed ? mountClaimed(place, pod, volume) : mountVolume(place, pod, volume, sources));
    return undefined;
  } catch (error) {
    if (error instanceof NoMounter) return failed('MountVolume.NewMounter initialization', volume, error);
    return failed(claimed && volume.block ? 'MapVolume.SetUpDevice' : 'MountVolume.SetUp', volume, error);
  }
}

/** Where a claimed volume is shown; its own path, or where that is bound into the pod's directory. */
async function mountClaimed(place: MountPlace, pod: Pod, volume: ClaimedVolume): Promise<void> {
  const { source, readOnly, block } = volume;
  const { host, paths } = place;
  if (source.type === 'csi') return mountByDriver(place, pod, volume, source.csi);
  const kind = block || source.type === 'local' ? await host.kind(source.path) : undefined;
  if (block && kind !== 'blockDevice') throw new ConfigError(`${source.path} is not a block device`);
  if (block) return;
  if (source.type === 'hostPath') return prepareHostPath(host, source.path, source.kind ?? '');
  if (!kind) throw new NoMounter(`path "${source.path}" does not exist`);
  const target = volumePath(paths, podUid(pod), volume) ?? source.path;
  const { fsType } = source;
  const options = volume.volume.spec?.mountOptions ?? [];
  if (kind === 'blockDevice') await host.mounts.device(source.path, target, { fsType, options, readOnly });
  else await host.mounts.bind(source.path, target, { readOnly });
  const gid = groupOf(pod);
  if (gid === undefined || readOnly) return;
  const onRootMismatch = podSpec(pod).securityContext?.fsGroupChangePolicy === 'OnRootMismatch';
  await host.mounts.giveToGroup(target, gid, { readOnly: false, onRootMismatch });
}

async function mountByDriver({ drivers, paths }: MountPlace, pod: Pod, volume: Volume | ClaimedVolume, csi: CsiVolume): Promise<void> {
  const target = volumePath(paths, podUid(pod), volume);
  if (!drivers || !target) throw new ConfigError(`driver name ${csi.driver} not found in the list of registered CSI drivers`);
  await drivers.mount(pod, csi, target);
}

async function mountVolume(place: MountPlace, pod: Pod, volume: Volume, sources: ContentSources): Promise<void> {
  const { hostPath, emptyDir } = volume;
  const { host, paths } = place;
  // The runtime mounts it.
  if (volume.image) return;
  const csi = csiOfPod(pod, volume);
  if (csi) return mountByDriver(place, pod, volume, csi);
  const path = volumePath(paths, podUid(pod), volume);
  if (!path) throw new ConfigError(`no volume plugin matched: ${Object.keys(volume).find((key) => key !== 'name') ?? 'none'}`);
  if (hostPath) return prepareHostPath(host, hostPath.path, hostPath.type ?? '');
  const gid = groupOf(pod);
  if (emptyDir?.medium?.startsWith('HugePages'))
    throw new ConfigError(`this node has no huge pages for emptyDir medium ${emptyDir.medium}`);
  if (emptyDir && emptyDir.medium !== 'Memory') return host.directory(path, { mode: 0o777, gid });
  const files = emptyDir ? undefined : volumeFiles(pod, volume, sources);
  // What is secret never reaches a disk; ConfigMaps are not.
  if (!volume.configMap)
    await host.mounts.tmpfs(path, { gid, sizeBytes: memoryVolumeSize(pod, emptyDir ?? {}, sources.allocatable.memoryBytes) });
  if (files) await host.publish(path, files, gid);
}

function groupOf(pod: Pod): number | undefined {
  const fsGroup = podSpec(pod).securityContext?.fsGroup;
  return fsGroup === undefined ? undefined : Number(fsGroup);
}
