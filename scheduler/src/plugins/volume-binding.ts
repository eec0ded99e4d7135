import { parseQuantity } from '@keelson/machinery';
import type { CSINode, CSIStorageCapacity, Node } from '@keelson/types';
import { type Choice, choose, reaches } from '../volumes/choose.ts';
import type { PodVolumes } from '../volumes/types.ts';
import { claimsOf } from '../volumes/uses.ts';
import { always, eachOpen, type Plugin } from './types.ts';

const name = 'VolumeBinding';

/** The volumes of the pod's claims can be used on the node; what is not bound yet finds a volume there, or can be made. */
export const volumeBinding: Plugin = {
  name,
  scope: 'cluster',
  requeueOn: {
    NodeAdd: always,
    NodeLabel: always,
    ClaimChange: ({ pod }, { key }) => claimsOf(pod).some((claim) => claim.key === key),
    VolumeChange: always,
    StorageClassChange: (_, { object, before }) => !before || text(object.allowedTopologies) !== text(before.allowedTopologies),
    CSINodeChange: (_, { object, before }) => !before || migratedPlugins(object) !== migratedPlugins(before),
    CSIDriverChange: (_, { object, before }) => before?.spec.storageCapacity === true && !object.spec.storageCapacity,
    CSICapacityChange: (_, { object, before }) => !before || roomIn(object) > roomIn(before),
  },
  filter({ table, reasons, volumes }) {
    if (!volumes) return undefined;
    const { bound, delayed, candidates } = volumes;
    if (bound.length + delayed.length === 0) return undefined;
    const gone = reasons.code(name, false, 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)');
    return eachOpen((row) => {
      const node = table.nodes[row];
      if (!node || bound.some((volume) => volume === undefined)) return gone;
      const words: string[] = [];
      if (bound.some((volume) => volume && !reaches(volume, node))) words.push("node(s) didn't match PersistentVolume's node affinity");
      const choices = choose(delayed, candidates, node);
      if (!choices) words.push("node(s) didn't find available persistent volumes to bind");
      else if (!choices.every((choice) => fits(choice, volumes, node))) words.push('node(s) did not have enough free storage');
      return words.length === 0 ? 0 : reasons.code(name, false, ...words);
    });
  },
};

function text(value: unknown): string {
  return JSON.stringify(value) ?? '';
}

function migratedPlugins({ metadata }: CSINode): string {
  return metadata.annotations?.['storage.alpha.kubernetes.io/migrated-plugins'] ?? '';
}

/** Billionths of a byte. */
function roomIn({ capacity, maximumVolumeSize }: CSIStorageCapacity): bigint {
  return parseQuantity(maximumVolumeSize ?? capacity ?? '0').nanos;
}

/** What is to be made has room. */
function fits(choice: Choice, { delayed, canHold }: PodVolumes, node: Node): boolean {
  const claim = choice.type === 'provision' ? delayed.find((one) => one.claim === choice.claim) : undefined;
  return !claim || canHold(claim, node);
}
