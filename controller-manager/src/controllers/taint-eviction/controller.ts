import type { Clock } from '@keelson/base';
import { getCondition, isPodTerminating, parseTime } from '@keelson/machinery';
import {
  type ControllerDefinition,
  defineController,
  type Key,
  keyOf,
  mapped,
  type ReconcileContext,
  type Stores,
  splitKey,
} from '@keelson/runtime';
import { Event, Node, Pod } from '@keelson/types';
import { isGone } from '../../api-errors.ts';
import { conditionPatch } from '../../pod-conditions.ts';
import { nodeOf, onNode } from '../node-lifecycle/controller.ts';
import { besideTaint, judge } from './plan.ts';

/** Ends pods that do not tolerate their node's NoExecute taints. */
export function taintEvictionController(clock: Clock): ControllerDefinition {
  /** Pods that have to go some time, and since when that is known. */
  const marked = new Map<Key, number>();
  return defineController({
    name: 'noexec_taint_pod',
    reads: [Pod, Node],
    writes: [Pod, 'pods/status', Event],
    triggers: [
      mapped(Pod, podToJudge, { indexes: { [onNode]: nodeOf } }),
      mapped(Node, podsOfNode, {
        when: (change) => change.type === 'updated' && executeTaints(change.object) !== executeTaints(change.old),
      }),
    ],
    workers: 8,
    async reconcile(key, context) {
      const { of, events } = context;
      const pod = of(Pod).get(key);
      const taints = of(Node).get(pod?.spec.nodeName ?? '')?.spec.taints ?? [];
      if (!pod || isPodTerminating(pod)) {
        marked.delete(key);
        return undefined;
      }
      const now = clock.now();
      const known = marked.get(key) ?? now;
      const verdict = judge(taints, pod.spec.tolerations ?? [], known, besideTaint(known, placedAt(pod)));
      if (verdict.type === 'stay') {
        if (marked.delete(key)) events.event(pod, 'Normal', 'TaintManagerEviction', `Cancelling deletion of Pod ${key}`);
        return undefined;
      }
      if (verdict.at > now) {
        if (!marked.has(key)) marked.set(key, now);
        return { again: verdict.at - now };
      }
      await evict(pod, now, context);
      return undefined;
    },
  });
}

/** When a pod came to its node, in milliseconds since the epoch. */
function placedAt({ metadata, status }: Pod): number {
  const placed = getCondition(status?.conditions, 'PodScheduled')?.lastTransitionTime;
  return parseTime(placed) ?? parseTime(metadata.creationTimestamp) ?? 0;
}

function podsOfNode({ metadata }: Node, stores: Stores): readonly Key[] {
  const pods = stores.of(Pod).byIndex(onNode, metadata.name ?? '');
  return pods.map(keyOf);
}

/** Most nodes have no such taint: their pods need no look. */
function podToJudge(pod: Pod, stores: Stores): readonly Key[] {
  const node = stores.of(Node).get(pod.spec.nodeName ?? '');
  return node?.spec.taints?.some(({ effect }) => effect === 'NoExecute') ? [keyOf(pod)] : [];
}

function executeTaints({ spec }: Node): string {
  return JSON.stringify(spec.taints?.filter(({ effect }) => effect === 'NoExecute') ?? []);
}

async function evict(pod: Pod, now: number, { api, events }: ReconcileContext): Promise<void> {
  const key = keyOf(pod);
  events.event(pod, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${key}`);
  const message = 'Taint manager: deleting due to NoExecute taint';
  const condition = conditionPatch(pod, { type: 'DisruptionTarget', status: 'True', reason: 'DeletionByTaintManager', message }, now);
  const { uid } = pod.metadata;
  const change = { metadata: { uid }, status: { conditions: [condition] } };
  try {
    await api.patch(Pod, splitKey(key), 'application/strategic-merge-patch+json', change, { subresource: 'status' });
    await api.delete(Pod, splitKey(key), { preconditions: { uid } });
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}
