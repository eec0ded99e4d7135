import { isConditionTrue, isPodScheduled, isPodTerminal, isPodTerminating, parseTime } from '@keelson/machinery';
import type { Node, Pod } from '@keelson/types';

const outOfService = 'node.kubernetes.io/out-of-service';

export interface View {
  readonly pods: readonly Pod[];
  readonly nodes: ReadonlyMap<string, Node>;
  /** Ended pods that may stay; 0 and less: all of them. */
  readonly threshold: number;
}

export interface Removal {
  readonly pod: Pod;
  /** Why its end is not its own doing: told as its DisruptionTarget condition. */
  readonly disruption?: string;
}

/** Pods nobody else will ever remove. `missing` are nodes known to be gone for good. */
export function planRemovals(view: View, missing: ReadonlySet<string>): Removal[] {
  const orphaned = view.pods.filter(({ spec }) => missing.has(spec.nodeName ?? ''));
  return [
    ...ended(view).map((pod) => ({ pod })),
    ...onLostNodes(view).map((pod) => ({ pod })),
    ...orphaned.map((pod) => ({ pod, disruption: 'PodGC: node no longer exists' })),
    ...view.pods.filter((pod) => isPodTerminating(pod) && !isPodScheduled(pod)).map((pod) => ({ pod })),
  ];
}

/** The oldest of those that ended, down to the threshold; evicted ones first. */
function ended({ pods, threshold }: View): Pod[] {
  if (threshold <= 0) return [];
  const terminal = pods.filter((pod) => isPodTerminal(pod) && !isPodTerminating(pod));
  if (terminal.length <= threshold) return [];
  return terminal.sort(byAge).slice(0, terminal.length - threshold);
}

function byAge(a: Pod, b: Pod): number {
  const evicted = ({ status }: Pod): number => (status?.reason === 'Evicted' ? 0 : 1);
  const created = ({ metadata }: Pod): number => parseTime(metadata.creationTimestamp) ?? 0;
  return evicted(a) - evicted(b) || created(a) - created(b) || ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1);
}

/** Pods that are told to end on nodes which are not ready, and which an administrator has declared lost. */
function onLostNodes({ pods, nodes }: View): Pod[] {
  return pods.filter((pod) => {
    const node = nodes.get(pod.spec.nodeName ?? '');
    if (!node || !isPodTerminating(pod) || isConditionTrue(node.status?.conditions, 'Ready')) return false;
    return node.spec.taints?.some(({ key }) => key === outOfService) === true;
  });
}

/** Names of nodes that pods are on and that are not there. */
export function absentNodes(pods: readonly Pod[], nodes: ReadonlyMap<string, Node>): Set<string> {
  return new Set(pods.map(({ spec }) => spec.nodeName ?? '').filter((name) => name !== '' && !nodes.has(name)));
}
