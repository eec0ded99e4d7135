import { type Api, ApiError } from '@keelson/client';
import { Pod } from '@keelson/types';
import type { PodInfo } from './cache/pod-info.ts';

/** Deletes a pod for the sake of another, telling it why first. A pod that is gone already is as good. @throws what the API server says */
export async function evict(api: Pick<Api, 'patch' | 'delete'>, victim: PodInfo, schedulerName: string, now: string): Promise<void> {
  const { generation } = victim.pod.metadata;
  const key = { name: victim.pod.metadata.name ?? '', namespace: victim.namespace };
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'PreemptionByScheduler',
    message: `${schedulerName}: preempting to accommodate a higher priority pod`,
    observedGeneration: victim.pod.metadata.generation,
    lastTransitionTime: now,
    ...(generation ? { observedGeneration: generation } : {}),
  };
  try {
    await api.patch(Pod, key, 'application/strategic-merge-patch+json', { status: { conditions: [condition] } }, { subresource: 'status' });
    await api.delete(Pod, key, victim.uid ? { preconditions: { uid: victim.uid } } : {});
  } catch (error) {
    if (!(error instanceof ApiError && error.code === 404)) throw error;
  }
}
