import type { Clock } from '@keelson/base';
import { isPodTerminal, isPodTerminating } from '@keelson/machinery';
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
import { Event, Pod, ResourceClaim, ResourceSlice } from '@keelson/types';
import { isGone } from '../../api-errors.ts';
import { conditionPatch } from '../../pod-conditions.ts';
import { claimNameOf } from '../resourceclaim/plan.ts';
import { devicesIn, devicesOf, judgeDevices } from './plan.ts';

const byDevice = 'device';

/** Ends pods that use devices with NoExecute taints which their claims do not tolerate. */
export function deviceTaintEvictionController(workers: number, clock: Clock): ControllerDefinition {
  /** Pods that have to go some time, and since when that is known. */
  const marked = new Map<Key, number>();
  return defineController({
    name: 'device_taint_eviction',
    reads: [Pod, ResourceClaim, ResourceSlice],
    writes: [Pod, 'pods/status', Event],
    triggers: [
      mapped(Pod, (pod) => (pod.spec.nodeName && pod.spec.resourceClaims?.length ? [keyOf(pod)] : [])),
      mapped(ResourceClaim, usersOf, { indexes: { [byDevice]: devicesOf } }),
      mapped(
        ResourceSlice,
        (slice, { of }) => devicesIn(slice).flatMap((device) => of(ResourceClaim).byIndex(byDevice, device).flatMap(usersOf)),
        {
          indexes: { [byDevice]: devicesIn },
        },
      ),
    ],
    workers,
    async reconcile(key, context) {
      const pod = context.of(Pod).get(key);
      if (!pod || isPodTerminating(pod) || isPodTerminal(pod)) {
        marked.delete(key);
        return undefined;
      }
      const now = clock.now();
      const slices = context.of(ResourceSlice);
      const verdict = judgeDevices(pod, claimsOf(pod, context), (device) => slices.byIndex(byDevice, device), marked.get(key) ?? now);
      if (verdict.type === 'stay') {
        if (marked.delete(key)) context.events.event(pod, 'Normal', 'DeviceTaintManagerEviction', 'Cancelling deletion');
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

function usersOf({ metadata, status }: ResourceClaim): Key[] {
  const pods = (status?.reservedFor ?? []).filter(({ resource, apiGroup }) => resource === 'pods' && !apiGroup);
  return pods.map(({ name }) => `${metadata.namespace}/${name}`);
}

function claimsOf(pod: Pod, { of }: Stores): ResourceClaim[] {
  const names = (pod.spec.resourceClaims ?? []).flatMap((entry) => claimNameOf(pod, entry) ?? []);
  return names.flatMap((name) => of(ResourceClaim).get(`${pod.metadata.namespace}/${name}`) ?? []);
}

async function evict(pod: Pod, now: number, { api, events }: ReconcileContext): Promise<void> {
  events.event(pod, 'Normal', 'DeviceTaintManagerEviction', 'Marking for deletion');
  const message = 'Device Taint manager: deleting due to NoExecute taint';
  const condition = conditionPatch(pod, { type: 'DisruptionTarget', status: 'True', reason: 'DeletionByDeviceTaintManager', message }, now);
  const { uid } = pod.metadata;
  const key = splitKey(keyOf(pod));
  const change = { metadata: { uid }, status: { conditions: [condition] } };
  try {
    await api.patch(Pod, key, 'application/strategic-merge-patch+json', change, { subresource: 'status' });
    await api.delete(Pod, key, { preconditions: { uid } });
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}
