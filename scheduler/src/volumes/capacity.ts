import { compareQuantities, labelSelectorMatcher, parseQuantity } from '@keelson/machinery';
import type { Node } from '@keelson/types';
import type { CapacityView, DelayedClaim } from './types.ts';

/** Whether the driver has room for the claim's volume where the node can reach it. Those that do not tell are taken to have. */
export function hasCapacity({ claim, storageClass }: DelayedClaim, node: Node, view: CapacityView): boolean {
  if (!view.tellsCapacity(storageClass.provisioner)) return true;
  const wanted = parseQuantity(claim.spec.resources?.requests?.storage ?? '0');
  return view.capacities().some(({ storageClassName, capacity, maximumVolumeSize, nodeTopology }) => {
    const most = maximumVolumeSize ?? capacity;
    if (storageClassName !== storageClass.metadata.name || most === undefined || !nodeTopology) return false;
    return compareQuantities(parseQuantity(most), wanted) >= 0 && labelSelectorMatcher(nodeTopology).matches(node.metadata.labels ?? {});
  });
}
