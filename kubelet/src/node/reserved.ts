import { bytes, milliCpu } from '../config/quantity.ts';
import type { Allocatable } from '../config/resourcefield.ts';

/** What of a machine is kept from pods. */
export type Reserved = Allocatable;

export const nothingReserved: Reserved = { milliCpu: 0, memoryBytes: 0, storageBytes: 0 };

/** `cpu`, `memory` and `ephemeral-storage` as `--kube-reserved` and `--system-reserved` write them, together. */
export function reservedOf(flag: string, pairs: readonly string[], more: Reserved = nothingReserved): Reserved {
  const sum = { ...more };
  for (const pair of pairs) {
    const [resource = '', quantity = ''] = pair.split('=').map((part) => part.trim());
    if (resource === 'cpu') sum.milliCpu += milliCpu(quantity);
    else if (resource === 'memory') sum.memoryBytes += bytes(quantity);
    else if (resource === 'ephemeral-storage') sum.storageBytes += bytes(quantity);
    else if (resource !== 'pid') throw new Error(`--${flag}: cannot reserve ${JSON.stringify(resource)} resource`);
  }
  return sum;
}
