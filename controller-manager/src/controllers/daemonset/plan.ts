import {
  compareStrings,
  isPodAvailable,
  isPodReady,
  isPodTerminal,
  isPodTerminating,
  podPhase,
  untilPodAvailable,
} from '@keelson/machinery';
import type { DaemonSet, Node, Pod } from '@keelson/types';
import { maxSurge } from './bounds.ts';
import { type Fitness, fitnessFor, isUpdated, nodeOf } from './pods.ts';

/** All that is looked at: a set, the nodes, and the pods of the set on each. */
export interface View {
  readonly set: DaemonSet;
  /** Hash of the present template. */
  readonly hash: string;
  readonly nodes: readonly NodeView[];
  /** Pods for nodes that are not there. */
  readonly stray: readonly Pod[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface NodeView extends Fitness {
  readonly name: string;
  /** Oldest first, bound ones before others. */
  readonly pods: readonly Pod[];
}

export interface Steps {
  /** Nodes to start a daemon on. */
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
}

export interface DaemonSteps extends Steps {
  /** To be removed once its back-off lets it: who made it fail may make the next one fail. */
  readonly failed: readonly Pod[];
  readonly succeeded: readonly Pod[];
}

export function viewOf(set: DaemonSet, pods: readonly Pod[], nodes: readonly Node[], { hash, now }: Pick<View, 'hash' | 'now'>): View {
  const podsOn = new Map<string, Pod[]>();
  for (const pod of pods) {
    const node = nodeOf(pod);
    // One that ended and is about to go is as good as gone.
    if (node === undefined || (isPodTerminal(pod) && isPodTerminating(pod))) continue;
    const there = podsOn.get(node);
    if (there) there.push(pod);
    else podsOn.set(node, [pod]);
  }
  const fitness = fitnessFor(set);
  const seen = nodes.map((node): NodeView => {
    const name = node.metadata.name ?? '';
    const there = podsOn.get(name)?.sort(byAge) ?? [];
    podsOn.delete(name);
    return { name, pods: there, ...fitness(node) };
  });
  return { set, hash, nodes: seen, stray: [...podsOn.values()].flat(), now };
}

/**
 * One daemon on each node that is for it, and none elsewhere. One that ended is removed, and followed by another when it is gone: at once
 * where new daemons may stand beside old ones.
 */
export function planDaemons(view: View): DaemonSteps {
  const create: string[] = [];
  const remove = view.stray.filter(({ spec }) => !spec.nodeName);
  const failed: Pod[] = [];
  const succeeded: Pod[] = [];
  for (const { name, pods, shouldRun, mayStay } of view.nodes) {
    const present = pods.filter((pod) => !isPodTerminating(pod));
    if (!mayStay) remove.push(...present);
    else if (pods.length === 0 && shouldRun) create.push(name);
    else {
      failed.push(...present.filter((pod) => podPhase(pod) === 'Failed'));
      succeeded.push(...present.filter((pod) => podPhase(pod) === 'Succeeded'));
      const running = present.filter((pod) => !isPodTerminal(pod));
      if (running.length === 0 && shouldRun && maxSurge(view.set) > 0) create.push(name);
      remove.push(...surplus(view, running));
    }
  }
  return { create, remove, failed, succeeded };
}

/** Of several daemons on one node the oldest stays. While new ones may stand beside old ones, one of each does, until the new is available. */
function surplus(view: View, running: readonly Pod[]): Pod[] {
  if (running.length < 2) return [];
  if (!maxSurge(view.set)) return running.slice(1);
  const { old, fresh } = sides(view, running);
  const extra = [...old.slice(1), ...fresh.slice(1)];
  const [oldest, newest] = [old[0], fresh[0]];
  const replaced = oldest && newest && (!isPodReady(oldest) || isAvailable(view, newest));
  return replaced ? [...extra, oldest] : extra;
}

/** Daemons of an older template, and of the present one. */
export function sides({ set, hash }: View, pods: readonly Pod[]): { readonly old: readonly Pod[]; readonly fresh: readonly Pod[] } {
  const present = pods.filter((pod) => !isPodTerminating(pod));
  const fresh = present.filter((pod) => isUpdated(set, pod, hash));
  return { old: present.filter((pod) => !fresh.includes(pod)), fresh };
}

export function isAvailable({ set, now }: View, pod: Pod): boolean {
  return isPodAvailable(pod, set.spec.minReadySeconds ?? 0, now);
}

/** Milliseconds until the next ready daemon has been so for `minReadySeconds`. */
export function untilAvailable({ set, nodes, now }: View): number | undefined {
  const least = set.spec.minReadySeconds ?? 0;
  if (least === 0) return undefined;
  const waits = nodes.flatMap(({ pods }) => pods.map((pod) => untilPodAvailable(pod, least, now) ?? 0)).filter((wait) => wait > 0);
  return waits.length > 0 ? waits.reduce((least, wait) => Math.min(least, wait)) : undefined;
}

function byAge(a: Pod, b: Pod): number {
  const bound = Number(!a.spec.nodeName) - Number(!b.spec.nodeName);
  const born = ({ metadata }: Pod): string => metadata.creationTimestamp ?? '';
  return bound || compareStrings(born(a), born(b)) || compareStrings(a.metadata.name ?? '', b.metadata.name ?? '');
}
