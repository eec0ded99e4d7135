import type { DiskUse } from '../cri/types.ts';
import type { Fullness } from '../volume/host.ts';

/** A volume of a pod, and what it holds; `usedBytes` and `inodesUsed` are the volume's own, the rest its file system's. */
export interface VolumeFootprint extends Fullness {
  readonly name: string;
  /** The claim it comes from. */
  readonly claim: string | undefined;
  /** On the node's own disk, and counted as the pod's ephemeral storage. */
  readonly local: boolean;
  /** When it was measured. */
  readonly at: number;
}

/** What a pod takes of its node's disk beside its containers' root file systems. */
export interface Footprint {
  /** By container name. */
  readonly logs: ReadonlyMap<string, DiskUse>;
  readonly volumes: readonly VolumeFootprint[];
  /** The pod's `/etc/hosts`. */
  readonly rest: DiskUse;
}

export const nothing: DiskUse = { bytes: 0, inodes: 0 };

export function sum(uses: Iterable<DiskUse | undefined>): DiskUse {
  let [bytes, inodes] = [0, 0];
  for (const use of uses) {
    bytes += use?.bytes ?? 0;
    inodes += use?.inodes ?? 0;
  }
  return { bytes, inodes };
}

/** What local volumes hold together. */
export function localVolumes({ volumes }: Footprint): DiskUse {
  return sum(volumes.filter(({ local }) => local).map(({ usedBytes, inodesUsed }) => ({ bytes: usedBytes, inodes: inodesUsed })));
}
