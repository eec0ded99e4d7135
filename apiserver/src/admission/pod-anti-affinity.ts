import { forbidden } from '@keelson/machinery';
import { Pod } from '@keelson/types';
import { isWriteOf } from './objects.ts';
import type { AdmissionPlugin } from './types.ts';

const hostname = 'kubernetes.io/hostname';

/** A pod can keep others off its node, and off nothing larger. */
export const limitPodHardAntiAffinityTopology: AdmissionPlugin = {
  name: 'LimitPodHardAntiAffinityTopology',
  validate(attributes) {
    if (!isWriteOf(attributes, Pod, 'CREATE', 'UPDATE')) return;
    const { spec } = attributes.object as Pod;
    const terms = spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    const other = terms.find(({ topologyKey }) => topologyKey !== hostname);
    if (!other) return;
    throw forbidden(
      attributes.store.groupResource,
      attributes.name,
      `affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey ${other.topologyKey} but only key ${hostname} is allowed`,
    );
  },
};
