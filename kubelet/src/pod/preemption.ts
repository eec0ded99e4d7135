import type { Pod } from '@keelson/types';
import { podSpec } from './containers.ts';
import { type QosClass, qosClass } from './qos.ts';
import { requests, type Shortage } from './room.ts';

const criticalPriority = 2_000_000_000;

/** What is lacking, by resource, in the units of `Shortage`. */
type Need = ReadonlyMap<string, number>;

/** Static pods, and those as important as the system's own. */
export function isCritical(pod: Pod, isStatic: boolean): boolean {
  return isStatic || Number(podSpec(pod).priority ?? 0) >= criticalPriority;
}

/**
 * The pods that have to go so that a critical pod gets what it lacks: as few and as small as can be, guaranteed ones only for what the
 * others do not free, then burstable ones, then best effort. Undefined when all together do not free enough.
 */
export function choosePreempted(preemptable: readonly Pod[], lacking: readonly Shortage[]): readonly Pod[] | undefined {
  const need: Need = new Map(lacking.map(({ resource, requested, used, capacity }) => [resource, requested - (capacity - used)]));
  const of = (wanted: QosClass): readonly Pod[] => preemptable.filter((pod) => qosClass(pod) === wanted);
  const [bestEffort, burstable, guaranteed] = [of('BestEffort'), of('Burstable'), of('Guaranteed')];
  if (freed(need, preemptable).size > 0) return undefined;
  const first = pick(guaranteed, freed(need, [...bestEffort, ...burstable]));
  const second = pick(burstable, freed(need, [...bestEffort, ...first]));
  return [...pick(bestEffort, freed(need, [...first, ...second])), ...second, ...first];
}

/** Takes the pod that leaves the least to be freed, until nothing is left; of two alike the smaller. */
function pick(pods: readonly Pod[], need: Need): readonly Pod[] {
  if (need.size === 0) return [];
  const [best] = [...pods].sort((a, b) => distance(need, a) - distance(need, b) || compareSize(a, b));
  return best
    ? [
        best,
        ...pick(
          pods.filter((pod) => pod !== best),
          freed(need, [best]),
        ),
      ]
    : [];
}

/** What is still lacking once these pods are gone. */
function freed(need: Need, pods: readonly Pod[]): Need {
  const left = [...need].map(([resource, amount]) => [resource, pods.reduce((sum, pod) => sum - held(pod, resource), amount)] as const);
  return new Map(left.filter(([, amount]) => amount > 0));
}

/** How far a pod is from freeing all of it: every resource counts alike. */
function distance(need: Need, pod: Pod): number {
  return [...need].reduce((sum, [resource, amount]) => sum + Math.max(0, (amount - held(pod, resource)) / amount) ** 2, 0);
}

function compareSize(a: Pod, b: Pod): number {
  return held(a, 'memory') - held(b, 'memory') || held(a, 'cpu') - held(b, 'cpu');
}

function held(pod: Pod, resource: string): number {
  return resource === 'pods' ? 1 : (requests(pod).get(resource) ?? 0);
}
