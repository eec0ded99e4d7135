import { isPodTerminating, scaledValue } from '@keelson/machinery';
import type { Pod, StatefulSet } from '@keelson/types';
import { podRevision } from '../../revisions/plan.ts';
import { firstOrdinal, isHealthy, isOrdered, replicasOf } from './pods.ts';
import type { Slot, View } from './types.ts';

/** Pods of an older revision to delete now, from the last ordinal down to the partition. Who comes after them is of the new one. */
export function outdated(view: View, slots: readonly Slot[]): Pod[] {
  const { updateStrategy } = view.set.spec;
  if (updateStrategy?.type === 'OnDelete') return [];
  const from = firstOrdinal(view.set) + (updateStrategy?.rollingUpdate?.partition ?? 0);
  const descending = slots.filter(({ ordinal }) => ordinal >= from).reverse();
  const { maxUnavailable } = updateStrategy?.rollingUpdate ?? {};
  if (maxUnavailable === undefined) return oneByOne(view, descending);
  const unhealthy = slots.filter(({ pod }) => !isHealthy(view.set, pod, view.now)).length;
  return several(view, descending, atMost(view.set, maxUnavailable) - unhealthy);
}

/** The last one of an older revision, when those after it are healthy. */
function oneByOne(view: View, descending: readonly Slot[]): Pod[] {
  for (const { pod } of descending) {
    if (pod && isOld(view, pod)) return [pod];
    if (!isHealthy(view.set, pod, view.now)) return [];
  }
  return [];
}

/** As many as may be missing. Where pods need not come in order, those that serve nobody anyway go first, and cost nothing. */
function several(view: View, descending: readonly Slot[], room: number): Pod[] {
  const old = descending.flatMap(({ pod }) => (pod && isOld(view, pod) ? [pod] : []));
  if (isOrdered(view.set)) return old.slice(0, Math.max(0, room));
  const isBroken = (pod: Pod): boolean => !isHealthy(view.set, pod, view.now);
  return [...old.filter(isBroken), ...old.filter((pod) => !isBroken(pod)).slice(0, Math.max(0, room))];
}

function isOld({ update }: View, pod: Pod): boolean {
  return !isPodTerminating(pod) && podRevision(pod) !== update.metadata.name;
}

/** At least one, or a small percentage would never let anything move. */
function atMost(set: StatefulSet, maxUnavailable: number | string): number {
  return Math.max(1, scaledValue(maxUnavailable, replicasOf(set), 'down'));
}
