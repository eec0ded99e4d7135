import type { Clock } from '@keelson/base';
import type { Pod, Volume } from '@keelson/types';
import { hostsPath, type Paths, podLogDirectory, volumePath } from '../config/paths.ts';
import type { DiskUse } from '../cri/types.ts';
import { allContainers, podSpec } from '../pod/containers.ts';
import { type ClaimedVolume, csiOf } from '../volume/claims.ts';
import type { Drivers } from '../volume/drivers.ts';
import type { Fullness, Host } from '../volume/host.ts';
import type { PodRecord } from '../worker/record.ts';
import type { Footprint, VolumeFootprint } from './types.ts';

/** The pod that is measured. */
export type Measured = Pick<PodRecord, 'pod' | 'uid' | 'claimed' | 'volumesMounted'>;

type Volumes = readonly VolumeFootprint[];

interface Measurement {
  /** What was found last. */
  volumes: Volumes;
  /** Looking anew; undefined: nobody is. */
  looking: Promise<Volumes> | undefined;
  /** From when on to look anew. */
  staleAt: number;
}

/** Volumes are measured, if someone asks, at least every minute, and at most every ten seconds or for a twentieth of the time. */
const shortest = 10_000;
const longest = 60_000;
const ofTheTime = 20;

/** Who asks waits no longer for what is being measured, and gets what was found before. */
const patience = 2_000;

/** Measures what pods take of the node's disk, when somebody asks. `drivers` are asked for the volumes that are theirs. */
export class Footprints {
  readonly #host: Host;
  readonly #drivers: Pick<Drivers, 'fullness'> | undefined;
  readonly #paths: Paths;
  readonly #clock: Clock;
  readonly #measurements = new WeakMap<Measured, Measurement>();

  constructor(host: Host, paths: Paths, clock: Clock, drivers?: Pick<Drivers, 'fullness'>) {
    this.#host = host;
    this.#drivers = drivers;
    this.#paths = paths;
    this.#clock = clock;
  }

  async of(record: Measured): Promise<Footprint> {
    const { pod } = record;
    const volumes = await this.volumes(record);
    const directory = podLogDirectory(this.#paths, pod);
    const logs = new Map<string, DiskUse>();
    for (const { container } of allContainers(pod))
      logs.set(container.name, await this.#host.usage(`${directory}/${container.name}`, { itself: false }));
    return { logs, volumes, rest: await this.#host.usage(hostsPath(this.#paths, pod), { itself: true }) };
  }

  /** The pod's volumes that can be measured; what was found before, where measuring takes long. */
  async volumes(record: Measured): Promise<Volumes> {
    const known = this.#measurements.get(record) ?? { volumes: [], looking: undefined, staleAt: 0 };
    this.#measurements.set(record, known);
    if (!known.looking && this.#clock.now() >= known.staleAt) known.looking = this.#look(record, known);
    if (!known.looking) return known.volumes;
    const { promise, resolve, reject } = Promise.withResolvers<Volumes>();
    const timer = this.#clock.after(patience, () => resolve(known.volumes));
    known.looking.then(resolve, reject);
    return promise.finally(() => timer.cancel());
  }

  async #look(record: Measured, known: Measurement): Promise<Volumes> {
    const began = this.#clock.now();
    try {
      known.volumes = await this.#measure(record);
      return known.volumes;
    } finally {
      const now = this.#clock.now();
      known.staleAt = now + Math.min(Math.max((now - began) * ofTheTime, shortest), longest);
      known.looking = undefined;
    }
  }

  async #measure({ pod, uid, claimed, volumesMounted }: Measured): Promise<Volumes> {
    const found: VolumeFootprint[] = [];
    for (const volume of volumesMounted ? (podSpec(pod).volumes ?? []) : []) {
      const claim = claimed.get(volume.name);
      // One that cannot be measured now says nothing of the others.
      const fullness = await this.#fullness(pod, uid, claim ?? volume).catch(() => undefined);
      if (!fullness) continue;
      const { name, configMap, emptyDir } = volume;
      const local = configMap !== undefined || (emptyDir !== undefined && !emptyDir.medium);
      found.push({ ...fullness, name, claim: claim?.claim, local, at: this.#clock.now() });
    }
    return found;
  }

  /** hostPath volumes tell nothing, as in Kubernetes: their disk is the node's. */
  async #fullness(pod: Pod, uid: string, volume: Volume | ClaimedVolume): Promise<Fullness | undefined> {
    if ('claim' in volume && volume.source.type === 'local')
      return volume.block ? undefined : this.#host.mounts.fullness(volume.source.path);
    const csi = csiOf(pod, volume);
    const path = volumePath(this.#paths, uid, volume);
    if (csi && path !== undefined) return this.#drivers?.fullness(pod, csi, path);
    return 'claim' in volume ? undefined : this.#own(uid, volume);
  }

  /** What the kubelet itself made for the pod: what is in it counts, not what its file system holds. */
  async #own(uid: string, volume: Volume): Promise<Fullness | undefined> {
    const { emptyDir, configMap, secret, downwardAPI, projected } = volume;
    const path = emptyDir || configMap || secret || downwardAPI || projected ? volumePath(this.#paths, uid, volume) : undefined;
    if (path === undefined) return undefined;
    const { bytes, inodes } = await this.#host.usage(path, { itself: true });
    return { ...((await this.#host.mounts.fullness(path)) ?? unknown), usedBytes: bytes, inodesUsed: inodes };
  }
}

const unknown = { capacityBytes: 0, availableBytes: 0, inodes: 0, inodesFree: 0 };
