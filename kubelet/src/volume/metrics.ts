import { Gauge, type Registry } from 'prom-client';
import type { Claimed } from './claims.ts';
import type { Fullness, Mounts } from './host.ts';

/** A pod whose volumes are measured. */
export interface Measured {
  readonly namespace: string;
  readonly claimed: Claimed;
}

const gauges: ReadonlyArray<readonly [name: string, help: string, value: (fullness: Fullness) => number]> = [
  ['capacity_bytes', 'Capacity in bytes of the volume', ({ capacityBytes }) => capacityBytes],
  ['available_bytes', 'Number of available bytes in the volume', ({ availableBytes }) => availableBytes],
  ['used_bytes', 'Number of used bytes in the volume', ({ usedBytes }) => usedBytes],
  ['inodes', 'Maximum number of inodes in the volume', ({ inodes }) => inodes],
  ['inodes_free', 'Number of free inodes in the volume', ({ inodesFree }) => inodesFree],
  ['inodes_used', 'Number of used inodes in the volume', ({ inodesUsed }) => inodesUsed],
];

/** `kubelet_volume_stats_*`: how full claimed volumes are. hostPath volumes tell nothing, as in Kubernetes: their disk is the node's. Drivers are not asked. */
export function volumeMetrics(registry: Registry, pods: () => readonly Measured[], mounts: Pick<Mounts, 'fullness'>): void {
  for (const [name, help, value] of gauges) {
    new Gauge({
      name: `kubelet_volume_stats_${name}`,
      help,
      labelNames: ['namespace', 'persistentvolumeclaim'],
      registers: [registry],
      async collect() {
        this.reset();
        for (const { namespace, claimed } of pods()) {
          for (const { claim, source, block } of claimed.values()) {
            const fullness = !block && source.type === 'local' ? await mounts.fullness(source.path) : undefined;
            if (fullness) this.set({ namespace, persistentvolumeclaim: claim }, value(fullness));
          }
        }
      },
    });
  }
}
