import { Gauge, type Registry } from 'prom-client';
import type { VolumeFootprint } from '../footprint/types.ts';
import type { Fullness } from './host.ts';

/** The volumes of a pod. */
export interface MeasuredVolumes {
  readonly namespace: string;
  readonly volumes: readonly VolumeFootprint[];
}

const gauges: ReadonlyArray<readonly [name: string, help: string, value: (fullness: Fullness) => number]> = [
  ['capacity_bytes', 'Capacity in bytes of the volume', ({ capacityBytes }) => capacityBytes],
  ['available_bytes', 'Number of available bytes in the volume', ({ availableBytes }) => availableBytes],
  ['used_bytes', 'Number of used bytes in the volume', ({ usedBytes }) => usedBytes],
  ['inodes', 'Maximum number of inodes in the volume', ({ inodes }) => inodes],
  ['inodes_free', 'Number of free inodes in the volume', ({ inodesFree }) => inodesFree],
  ['inodes_used', 'Number of used inodes in the volume', ({ inodesUsed }) => inodesUsed],
];

/** `kubelet_volume_stats_*`: how full claimed volumes are, as far as it can be told. */
export function volumeMetrics(registry: Registry, pods: () => Promise<readonly MeasuredVolumes[]>): void {
  for (const [name, help, value] of gauges) {
    new Gauge({
      name: `kubelet_volume_stats_${name}`,
      help,
      labelNames: ['namespace', 'persistentvolumeclaim'],
      registers: [registry],
      async collect() {
        this.reset();
        for (const { namespace, volumes } of await pods()) {
          for (const volume of volumes) {
            if (volume.claim) this.set({ namespace, persistentvolumeclaim: volume.claim }, value(volume));
          }
        }
      },
    });
  }
}
