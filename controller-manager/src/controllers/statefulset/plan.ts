import { isPodTerminal, isPodTerminating, podPhase } from '@keelson/machinery';
import type { Pod } from '@keelson/types';
import { templateOf } from '../../revisions/plan.ts';
import {
  claimsFor,
  firstOrdinal,
  identified,
  isHealthy,
  isIdentified,
  isOrdered,
  isWanted,
  ordinalOf,
  podFor,
  replicasOf,
} from './pods.ts';
import { isStale, retained } from './retention.ts';
import { outdated } from './rollout.ts';
import type { Plan, Slot, Step, View } from './types.ts';

/** Steps after which no more pods are made in one go. */
const burst = 500;

/**
 * The next steps of a set: pods that are missing or ended, from the first ordinal on; then pods that are too many, from the last; and
 * when nothing is left of that, pods of an older revision, from the last. In order, nothing is done while a pod before it is not healthy.
 */
export function planStatefulSet(view: View): Plan {
  const { set } = view;
  const condemned = condemnedOf(view);
  const slots: Slot[] = [];
  const steps: Step[] = [];
  let waitsForClaim = false;
  for (const slot of slotsOf(view)) {
    const found = fill(view, slot);
    slots.push(slot);
    steps.push(...found.steps);
    waitsForClaim ||= found.waitsForClaim;
    if ((found.blocks && isOrdered(set)) || steps.length >= burst) return { steps, waitsForClaim };
  }
  steps.push(...condemned.flatMap((pod) => retain(view, pod, ordinalOf(set, pod) ?? 0)));
  steps.push(...dismiss(view, slots, condemned).map((pod): Step => ({ type: 'delete', pod })));
  if (condemned.length > 0 && isOrdered(set)) return { steps, waitsForClaim };
  const going = new Set(steps.flatMap((step) => (step.type === 'delete' ? [step.pod] : [])));
  const replaced = outdated(view, slots).filter((pod) => !going.has(pod));
  return { steps: [...steps, ...replaced.map((pod): Step => ({ type: 'delete', pod }))], waitsForClaim };
}

/** From the first ordinal on, as far as they are asked for: a set may want two thousand million. */
function* slotsOf({ set, pods }: View): Iterable<Slot> {
  const first = firstOrdinal(set);
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod), pod]));
  for (let ordinal = first; ordinal < first + replicasOf(set); ordinal++) yield { ordinal, pod: byOrdinal.get(ordinal) };
}

/** Pods beyond what is wanted, the last first. */
function condemnedOf({ set, pods }: View): Pod[] {
  const beyond = pods.flatMap((pod) => {
    const ordinal = ordinalOf(set, pod);
    return ordinal === undefined || isWanted(set, ordinal) ? [] : [{ ordinal, pod }];
  });
  return beyond.sort((a, b) => b.ordinal - a.ordinal).map(({ pod }) => pod);
}

interface Filled extends Plan {
  /** Nothing else may be done before this one is right. */
  readonly blocks: boolean;
}

const wait: Filled = { steps: [], waitsForClaim: false, blocks: true };

/** What one wanted ordinal needs. */
function fill(view: View, { ordinal, pod }: Slot): Filled {
  const { set, now } = view;
  if (!pod) return create(view, ordinal);
  // The next one can be made when this one is gone.
  if (isPodTerminal(pod)) return isPodTerminating(pod) ? wait : { ...wait, steps: [{ type: 'delete', pod }] };
  const steps: Step[] = podPhase(pod) === 'Pending' ? missingClaims(view, ordinal, pod) : [];
  if (isOrdered(set) && !isHealthy(set, pod, now)) return { ...wait, steps };
  const claims = claimsFor(set, ordinal);
  if (!isIdentified(set, ordinal, pod)) steps.push({ type: 'update', pod: identified(set, ordinal, pod), claims });
  return { steps: [...steps, ...retain(view, pod, ordinal)], waitsForClaim: false, blocks: false };
}

function create(view: View, ordinal: number): Filled {
  const { set, current, update } = view;
  const revision = isOfCurrent(view, ordinal) ? current : update;
  const pod = podFor(set, ordinal, templateOf(revision), revision.metadata.name ?? '');
  const claims = claimsFor(set, ordinal);
  const stale = claims.some(({ metadata }) => {
    const there = view.claim(metadata.name ?? '');
    return there !== undefined && isStale(set, pod, there);
  });
  return stale ? { ...wait, waitsForClaim: true } : { ...wait, steps: [{ type: 'create', pod, claims }, ...retain(view, pod, ordinal)] };
}

/** Whether a new pod is still of the revision before: below the partition, or where the update has not come yet. */
function isOfCurrent({ set }: View, ordinal: number): boolean {
  const { type = 'RollingUpdate', rollingUpdate } = set.spec.updateStrategy ?? {};
  if (type !== 'RollingUpdate') return false;
  return ordinal < firstOrdinal(set) + (rollingUpdate ? (rollingUpdate.partition ?? 0) : (set.status?.currentReplicas ?? 0));
}

function missingClaims(view: View, ordinal: number, pod: Pod): Step[] {
  const claims = claimsFor(view.set, ordinal).filter(({ metadata }) => !view.claim(metadata.name ?? ''));
  return claims.length > 0 ? [{ type: 'claims', pod, claims }] : [];
}

/** Claims that are there and owned otherwise than the retention policy says. */
function retain({ set, claim }: View, pod: Pod, ordinal: number): Step[] {
  return claimsFor(set, ordinal).flatMap(({ metadata }): Step[] => {
    const there = claim(metadata.name ?? '');
    const wanted = there && retained(set, pod, there);
    return wanted ? [{ type: 'retain', claim: wanted }] : [];
  });
}

/** Pods beyond what is wanted that go now. In order that is one, when nobody else is unhealthy. */
function dismiss({ set, now }: View, slots: readonly Slot[], condemned: readonly Pod[]): Pod[] {
  if (!isOrdered(set)) return condemned.filter((pod) => !isPodTerminating(pod));
  const [last] = condemned;
  if (!last || isPodTerminating(last)) return [];
  const ascending = [...slots.map(({ pod }) => pod), ...condemned.toReversed()];
  const firstUnhealthy = ascending.find((pod) => !isHealthy(set, pod, now));
  return isHealthy(set, last, now) || last === firstUnhealthy ? [last] : [];
}
