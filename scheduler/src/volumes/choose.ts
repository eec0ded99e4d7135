import { bestVolume, compareQuantities, nodeTermHolds, parseQuantity } from '@keelson/machinery';
import type { Node, PersistentVolume, PersistentVolumeClaim, StorageClass } from '@keelson/types';
import type { DelayedClaim } from './types.ts';

export const selectedNode = 'volume.kubernetes.io/selected-node';
const noProvisioner = 'kubernetes.io/no-provisioner';

/** What a delayed claim gets on a node: a volume that is there, or one that is made for it. */
export type Choice =
  | { readonly type: 'volume'; readonly claim: PersistentVolumeClaim; readonly volume: PersistentVolume }
  | { readonly type: 'provision'; readonly claim: PersistentVolumeClaim };

/** Whether a volume can be used on a node. */
export function reaches({ spec }: PersistentVolume, node: Node): boolean {
  const terms = spec?.nodeAffinity?.required?.nodeSelectorTerms;
  return !terms || terms.some((term) => nodeTermHolds(term, node));
}

/** Gives each claim a volume on the node, the smallest claim first as it has the smallest choice; undefined when one gets none. */
export function choose(
  delayed: readonly DelayedClaim[],
  candidates: readonly PersistentVolume[],
  node: Node,
): readonly Choice[] | undefined {
  let free = candidates.filter((volume) => reaches(volume, node));
  const choices: Choice[] = [];
  for (const { claim, storageClass } of delayed.toSorted((a, b) => bySize(a.claim, b.claim))) {
    const volume = mayChoose(claim) ? bestVolume(claim, free) : undefined;
    free = free.filter((one) => one !== volume);
    if (volume) choices.push({ type: 'volume', claim, volume });
    else if (canProvision(claim, storageClass, node)) choices.push({ type: 'provision', claim });
    else return undefined;
  }
  return choices;
}

/** A claim for which a volume is being made gets no other. */
function mayChoose({ metadata }: PersistentVolumeClaim): boolean {
  return metadata.annotations?.[selectedNode] === undefined;
}

function canProvision({ metadata }: PersistentVolumeClaim, { provisioner, allowedTopologies }: StorageClass, node: Node): boolean {
  const decided = metadata.annotations?.[selectedNode];
  if (provisioner === noProvisioner || (decided !== undefined && decided !== node.metadata.name)) return false;
  const labels = node.metadata.labels ?? {};
  const terms = allowedTopologies ?? [];
  return (
    terms.length === 0 ||
    terms.some(({ matchLabelExpressions = [] }) => matchLabelExpressions.every(({ key, values }) => values.includes(labels[key] ?? '')))
  );
}

function bySize(a: PersistentVolumeClaim, b: PersistentVolumeClaim): number {
  const size = ({ spec }: PersistentVolumeClaim) => parseQuantity(spec.resources?.requests?.storage ?? '0');
  return compareQuantities(size(a), size(b));
}
