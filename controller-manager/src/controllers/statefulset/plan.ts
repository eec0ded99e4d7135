import { isPodAvailable, isPodReady, podPhase, scaledValue } from '@keelson/machinery';
import type { ControllerRevision, Pod, StatefulSet, StatefulSetStatus } from '@keelson/types';
import { hashOf } from '../../revisions/plan.ts';
import { indexLabel, nameLabel, ordinalOf } from './pods.ts';

export interface View {
  readonly set: StatefulSet;
  /** Pods of this set, whatever their ordinals. */
  readonly pods: readonly Pod[];
  /** What pods that are not updated yet are of. */
  readonly current: ControllerRevision;
  /** Of the present template. */
  readonly update: ControllerRevision;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface Steps {
  readonly create: readonly { readonly ordinal: number; readonly revision: ControllerRevision }[];
  readonly remove: readonly Pod[];
  /** Of `remove`: those that ended by themselves and are started anew. */
  readonly ended: readonly Pod[];
  /** Pods that lost the labels by which they are known. */
  readonly relabel: readonly Pod[];
}

interface Slots {
  /** By ordinal from the first; a hole where there is no pod. */
  readonly wanted: readonly { readonly ordinal: number; readonly pod: Pod | undefined }[];
  /** Beyond what is wanted, highest ordinal first. */
  readonly condemned: readonly Pod[];
}

/**
 * The next steps towards as many pods as are wanted: one at a time and in order, each waiting until those before it are available, unless
 * the set says that they may all go at once. Only when all is as wanted are pods of an older revision replaced, from the last on.
 */
export function planStateful(view: View): Steps {
  const { wanted, condemned } = slots(view);
  const parallel = view.set.spec?.podManagementPolicy === 'Parallel';
  const steps = {
    create: [] as { ordinal: number; revision: ControllerRevision }[],
    remove: [] as Pod[],
    ended: [] as Pod[],
    relabel: [] as Pod[],
  };
  for (const { ordinal, pod } of wanted) {
    const found = pod ? lookAt(view, pod, parallel) : 'missing';
    if (found === 'missing') steps.create.push({ ordinal, revision: revisionFor(view, ordinal) });
    else if (found === 'ended') {
      steps.ended.push(pod as Pod);
      steps.remove.push(pod as Pod);
    } else if (found === 'unlabelled') steps.relabel.push(pod as Pod);
    if (found !== 'fine' && found !== 'unlabelled' && !parallel) return steps;
  }
  const going = condemnedNow(view, wanted, condemned, parallel);
  if (going) return { ...steps, remove: [...steps.remove, ...going] };
  return steps.create.length + steps.remove.length > 0 ? steps : { ...steps, remove: outdated(view, wanted) };
}

type Look = 'fine' | 'missing' | 'ended' | 'wait' | 'unlabelled';

function lookAt({ set, now }: View, pod: Pod, parallel: boolean): Look {
  if (isLeaving(pod)) return 'wait';
  if (['Failed', 'Succeeded'].includes(podPhase(pod))) return 'ended';
  if (!parallel && !isPodAvailable(pod, set.spec?.minReadySeconds ?? 0, now)) return 'wait';
  const { labels = {}, name } = pod.metadata;
  return labels[nameLabel] === name && labels[indexLabel] !== undefined ? 'fine' : 'unlabelled';
}

/** Undefined when nothing is to go; empty when something is, but has to wait. */
function condemnedNow({ set, now }: View, wanted: Slots['wanted'], condemned: readonly Pod[], parallel: boolean): Pod[] | undefined {
  if (condemned.length === 0) return undefined;
  if (parallel) return condemned.filter((pod) => !isLeaving(pod));
  const [last] = condemned;
  if (!last || isLeaving(last)) return [];
  const available = (pod: Pod | undefined): boolean => pod !== undefined && isPodAvailable(pod, set.spec?.minReadySeconds ?? 0, now);
  const others = [...wanted.map(({ pod }) => pod), ...condemned.slice(1)];
  // An unhealthy one holds up the rest, unless it is the one to go.
  return others.every(available) ? [last] : [];
}

/** Pods of an older revision that may be replaced now, from the last ordinal down to the partition. */
function outdated(view: View, wanted: Slots['wanted']): Pod[] {
  const { set, update, now } = view;
  if (set.spec?.updateStrategy?.type === 'OnDelete') return [];
  const { partition = 0, maxUnavailable = 1 } = set.spec?.updateStrategy?.rollingUpdate ?? {};
  const first = start(set) + partition;
  const least = set.spec?.minReadySeconds ?? 0;
  const most = Math.max(1, scaledValue(maxUnavailable, wanted.length, 'up'));
  let room = most - wanted.filter(({ pod }) => !pod || isLeaving(pod) || !isPodAvailable(pod, least, now)).length;
  const chosen: Pod[] = [];
  for (const { ordinal, pod } of wanted.toReversed()) {
    if (ordinal < first || !pod || isLeaving(pod)) continue;
    const healthy = isPodAvailable(pod, least, now);
    if (hashOf(pod) === update.metadata.name) {
      if (!healthy && most === 1) break;
      continue;
    }
    if (healthy && room <= 0) break;
    if (healthy) room--;
    chosen.push(pod);
    if (most === 1) break;
  }
  return chosen;
}

function slots({ set, pods }: View): Slots {
  const first = start(set);
  const count = set.spec?.replicas ?? 1;
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod), pod] as const));
  const wanted = Array.from({ length: count }, (_, index) => ({ ordinal: first + index, pod: byOrdinal.get(first + index) }));
  const rest = pods.filter((pod) => {
    const ordinal = ordinalOf(set, pod);
    return ordinal !== undefined && (ordinal < first || ordinal >= first + count);
  });
  return { wanted, condemned: rest.sort((a, b) => (ordinalOf(set, b) ?? 0) - (ordinalOf(set, a) ?? 0)) };
}

function start({ spec }: StatefulSet): number {
  return spec?.ordinals?.start ?? 0;
}

/** Pods below the partition are made of what was before. */
function revisionFor({ set, current, update }: View, ordinal: number): ControllerRevision {
  const { type = 'RollingUpdate', rollingUpdate } = set.spec?.updateStrategy ?? {};
  return type === 'RollingUpdate' && ordinal < start(set) + (rollingUpdate?.partition ?? 0) ? current : update;
}

/** What is so. Once all are updated and ready, the updated revision is the current one. */
export function statusOf({ set, pods, current, update, now }: View, collisionCount: number | undefined): StatefulSetStatus {
  const there = pods.filter((pod) => ordinalOf(set, pod) !== undefined);
  const staying = there.filter((pod) => !isLeaving(pod));
  const ofRevision = ({ metadata }: ControllerRevision): number => staying.filter((pod) => hashOf(pod) === metadata.name).length;
  const ready = there.filter((pod) => podPhase(pod) === 'Running' && isPodReady(pod));
  const available = ready.filter((pod) => isPodAvailable(pod, set.spec?.minReadySeconds ?? 0, now)).length;
  const updated = ofRevision(update);
  const replicas = there.length;
  const rolling = (set.spec?.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate';
  const complete = rolling && updated === replicas && ready.length === replicas && replicas === (set.spec?.replicas ?? 1);
  const done = complete ? update : current;
  const currentReplicas = complete ? updated : ofRevision(current);
  return {
    ...(set.status?.conditions ? { conditions: set.status.conditions } : {}),
    availableReplicas: available,
    collisionCount: collisionCount ?? 0,
    ...(currentReplicas > 0 ? { currentReplicas } : {}),
    currentRevision: done.metadata.name,
    observedGeneration: set.metadata.generation,
    ...(ready.length > 0 ? { readyReplicas: ready.length } : {}),
    replicas,
    updateRevision: update.metadata.name,
    ...(updated > 0 ? { updatedReplicas: updated } : {}),
  };
}

function isLeaving({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp != null;
}
