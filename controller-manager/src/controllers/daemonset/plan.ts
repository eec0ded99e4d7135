import { compareStrings, isPodAvailable, isPodReady, podPhase, scaledValue } from '@keelson/machinery';
import type { DaemonSet, DaemonSetStatus, Node, Pod } from '@keelson/types';
import { hashOf } from '../../revisions/plan.ts';
import { fitness } from './pods.ts';

/** All that is looked at: the nodes, and each node's daemons of this set. */
export interface View {
  readonly set: DaemonSet;
  readonly nodes: readonly Node[];
  readonly podsOn: ReadonlyMap<string, readonly Pod[]>;
  /** Hash of the present template. */
  readonly hash: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface Steps {
  /** Nodes to start a daemon on. */
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
  /** Of `remove`: those that ended by themselves. */
  readonly ended: readonly Pod[];
}

/** One daemon on each node that is for it, and none elsewhere. Daemons that ended are removed, and started anew when they are gone. */
export function planDaemons(view: View): Steps {
  const create: string[] = [];
  const remove: Pod[] = [];
  const ended: Pod[] = [];
  for (const node of view.nodes) {
    const name = node.metadata.name ?? '';
    const pods = view.podsOn.get(name) ?? [];
    const { shouldRun, mayStay } = fitness(view.set, node);
    const over = pods.filter((pod) => !isLeaving(pod) && isOver(pod));
    const running = pods.filter((pod) => !isLeaving(pod) && !isOver(pod)).sort(byAge);
    if (!mayStay) remove.push(...running, ...over);
    else if (pods.length === 0 && shouldRun) create.push(name);
    else {
      ended.push(...over);
      remove.push(...over, ...surplus(view, running));
    }
  }
  return { create, remove, ended };
}

/** Of several daemons on one node the oldest stays; while the template changes, the oldest of each side. */
function surplus({ set, hash, now }: View, running: readonly Pod[]): Pod[] {
  if (running.length < 2) return [];
  if (maxSurge(set, 1) === 0) return running.slice(1);
  const [old, fresh] = [running.filter((pod) => hashOf(pod) !== hash), running.filter((pod) => hashOf(pod) === hash)];
  const done = fresh[0] && isPodAvailable(fresh[0], set.spec?.minReadySeconds ?? 0, now);
  return [...(done ? old : old.slice(1)), ...fresh.slice(1)];
}

/** Daemons of an older template to remove, or nodes to start newer ones on beside them, as far as the strategy allows now. */
export function planRollout(view: View): Steps {
  const none: Steps = { create: [], remove: [], ended: [] };
  if (view.set.spec?.updateStrategy?.type === 'OnDelete') return none;
  const nodes = view.nodes.filter((node) => fitness(view.set, node).shouldRun).map((node) => sides(view, node.metadata.name ?? ''));
  const surge = maxSurge(view.set, nodes.length);
  return surge > 0 ? surgeSteps(view, nodes, surge) : { ...none, remove: replaceable(view, nodes) };
}

interface Sides {
  readonly node: string;
  readonly old: Pod | undefined;
  readonly fresh: Pod | undefined;
  /** Something is there that is on its way out. */
  readonly busy: boolean;
}

function sides({ podsOn, hash }: View, node: string): Sides {
  const pods = podsOn.get(node) ?? [];
  const there = pods.filter((pod) => !isLeaving(pod)).sort(byAge);
  const old = there.find((pod) => hashOf(pod) !== hash);
  return { node, old, fresh: there.find((pod) => hashOf(pod) === hash), busy: there.length < pods.length };
}

/** Those that serve nobody go at once; of the others as many as may be missing. */
function replaceable(view: View, nodes: readonly Sides[]): Pod[] {
  const available = (pod: Pod | undefined): boolean =>
    pod !== undefined && isPodAvailable(pod, view.set.spec?.minReadySeconds ?? 0, view.now);
  const missing = nodes.filter(({ old, fresh }) => !available(fresh) && !available(old)).length;
  const waiting = nodes.filter(({ old, fresh }) => old && !fresh);
  const useless = waiting.filter(({ old }) => !available(old));
  const serving = waiting.filter(({ old }) => available(old));
  const room = Math.max(0, maxUnavailable(view.set, nodes.length) - missing);
  return [...useless, ...serving.slice(0, room)].flatMap(({ old }) => (old ? [old] : []));
}

function surgeSteps(view: View, nodes: readonly Sides[], surge: number): Steps {
  const available = (pod: Pod): boolean => isPodAvailable(pod, view.set.spec?.minReadySeconds ?? 0, view.now);
  const both = nodes.filter(({ old, fresh }) => old && fresh).length;
  const waiting = nodes.filter(({ old, fresh, busy }) => old && !fresh && !busy);
  const remove = nodes.flatMap(({ old, fresh }) => (old && (fresh ? available(fresh) : !available(old)) ? [old] : []));
  const create = waiting.filter(({ old }) => old && available(old)).slice(0, Math.max(0, surge - both));
  return { create: create.map(({ node }) => node), remove, ended: [] };
}

function maxUnavailable({ spec }: DaemonSet, total: number): number {
  return scaledValue(spec?.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, total, 'up');
}

function maxSurge({ spec }: DaemonSet, total: number): number {
  if (spec?.updateStrategy?.type === 'OnDelete') return 0;
  return scaledValue(spec?.updateStrategy?.rollingUpdate?.maxSurge ?? 0, total, 'up');
}

/** What is so, counted by nodes. */
export function statusOf({ set, nodes, podsOn, hash, now }: View, collisionCount: number | undefined): DaemonSetStatus {
  const counts = { desired: 0, current: 0, misscheduled: 0, ready: 0, available: 0, updated: 0 };
  for (const node of nodes) {
    const pods = (podsOn.get(node.metadata.name ?? '') ?? []).toSorted(byAge);
    const { shouldRun } = fitness(set, node);
    if (shouldRun) counts.desired++;
    else if (pods.length > 0) counts.misscheduled++;
    if (!shouldRun || !pods[0]) continue;
    counts.current++;
    if (pods.some(isPodReady)) counts.ready++;
    if (pods.some((pod) => isPodAvailable(pod, set.spec?.minReadySeconds ?? 0, now))) counts.available++;
    if (pods.some((pod) => hashOf(pod) === hash)) counts.updated++;
  }
  return {
    ...(set.status?.conditions ? { conditions: set.status.conditions } : {}),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    currentNumberScheduled: counts.current,
    desiredNumberScheduled: counts.desired,
    numberMisscheduled: counts.misscheduled,
    numberReady: counts.ready,
    observedGeneration: set.metadata.generation,
    ...(counts.updated > 0 ? { updatedNumberScheduled: counts.updated } : {}),
    ...(counts.available > 0 ? { numberAvailable: counts.available } : {}),
    ...(counts.desired > counts.available ? { numberUnavailable: counts.desired - counts.available } : {}),
  };
}

function isLeaving({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp != null;
}

function isOver(pod: Pod): boolean {
  return ['Failed', 'Succeeded'].includes(podPhase(pod));
}

function byAge(a: Pod, b: Pod): number {
  const age = ({ metadata }: Pod): string => metadata.creationTimestamp ?? '';
  return compareStrings(age(a), age(b)) || compareStrings(a.metadata.name ?? '', b.metadata.name ?? '');
}
