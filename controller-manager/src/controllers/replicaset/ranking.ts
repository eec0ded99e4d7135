import { getCondition, isPodReady, parseTime, podPhase } from '@keelson/machinery';
import type { Pod } from '@keelson/types';

const costAnnotation = 'controller.kubernetes.io/pod-deletion-cost';
const phaseOrder: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

/** What decides which pod goes first, in the order of weight; smaller goes first. */
interface Rank {
  readonly pod: Pod;
  readonly criteria: readonly number[];
}

/**
 * Active pods in the order in which a ReplicaSet deletes them: unassigned, pending, not ready, cheap (`pod-deletion-cost`), together with
 * many others of their kind on a node, ready for a shorter time, restarted more often, younger. Times differ only by orders of magnitude
 * (powers of two), as upstream's LogarithmicScaleDown; the uid decides between the rest.
 * @param related active pods of all ReplicaSets of the same owner.
 */
export function deletionOrder(pods: readonly Pod[], related: readonly Pod[], now: number): Pod[] {
  const onNode = new Map<string, number>();
  for (const { spec } of related) if (spec.nodeName) onNode.set(spec.nodeName, (onNode.get(spec.nodeName) ?? 0) + 1);
  return pods
    .map((pod): Rank => ({ pod, criteria: criteriaOf(pod, onNode, now) }))
    .sort(byRank)
    .map(({ pod }) => pod);
}

function criteriaOf(pod: Pod, onNode: ReadonlyMap<string, number>, now: number): number[] {
  const { nodeName } = pod.spec;
  const ready = isPodReady(pod);
  const restarts = restartsOf(pod);
  return [
    nodeName ? 1 : 0,
    phaseOrder[podPhase(pod)] ?? 0,
    ready ? 1 : 0,
    deletionCost(pod),
    nodeName ? -(onNode.get(nodeName) ?? 0) : 0,
    ready ? magnitude(parseTime(getCondition(pod.status?.conditions, 'Ready')?.lastTransitionTime), now) : 0,
    -restarts.containers,
    -restarts.sidecars,
    magnitude(parseTime(pod.metadata.creationTimestamp), now),
  ];
}

function byRank(a: Rank, b: Rank): number {
  for (const [i, value] of a.criteria.entries()) {
    const difference = value - (b.criteria[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return (a.pod.metadata.uid ?? '') < (b.pod.metadata.uid ?? '') ? -1 : 1;
}

/** The power of two of an age in nanoseconds; an unknown time is the youngest. */
function magnitude(since: number | undefined, now: number): number {
  if (since === undefined || since >= now) return -1;
  return Math.floor(Math.log2((now - since) * 1e6));
}

/** 0 for what is no 32-bit integer in its plain form. */
function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.[costAnnotation] ?? '';
  if (!/^(0|-?[1-9][0-9]*)$/.test(text)) return 0;
  const cost = Number(text);
  return cost === (cost | 0) ? cost : 0;
}

/** The highest restart count among containers, and among restartable init containers. */
function restartsOf({ spec, status }: Pod): { containers: number; sidecars: number } {
  const sidecars = new Set(spec.initContainers?.filter((one) => one.restartPolicy === 'Always').map(({ name }) => name));
  const most = (counts: readonly { restartCount: number }[]): number => Math.max(0, ...counts.map((one) => one.restartCount));
  return {
    containers: most(status?.containerStatuses ?? []),
    sidecars: most((status?.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name))),
  };
}
