import { podLimits, quantityValue } from '@keelson/machinery';
import type { EmptyDirVolumeSource, Pod } from '@keelson/types';
import { bytes } from '../config/quantity.ts';
import { podSpec } from '../pod/containers.ts';

/**
 * How many bytes a directory in memory may hold: no more than the pod's containers may use together, where each of them is limited, or
 * the node can give, nor than the volume's own limit.
 */
export function memoryVolumeSize(pod: Pod, source: EmptyDirVolumeSource, nodeBytes: number): number {
  const { sizeLimit } = source;
  const bounds = [nodeBytes, podMemoryLimit(pod), sizeLimit === undefined ? 0 : bytes(sizeLimit)].filter((bound) => bound > 0);
  return bounds.length > 0 ? Math.min(...bounds) : 0;
}

/** 0: nothing bounds the pod as a whole. */
function podMemoryLimit(pod: Pod): number {
  const { containers = [], initContainers = [], resources } = podSpec(pod);
  const whole = resources?.limits?.memory !== undefined;
  if (!whole && ![...initContainers, ...containers].every((container) => container.resources?.limits?.memory !== undefined)) return 0;
  const { memory } = podLimits(pod);
  return memory ? quantityValue(memory) : 0;
}
