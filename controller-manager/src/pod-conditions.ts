import { rfc3339 } from '@keelson/base';
import { getCondition } from '@keelson/machinery';
import type { Pod } from '@keelson/types';

/** What a controller says of a pod. `null` takes back what the condition said before. */
export interface PodStatement {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason?: string | null;
  readonly message?: string | null;
}

/**
 * An entry of `status.conditions` in a strategic merge patch of the pod, which tells of what generation of it this was said. The
 * transition time stays as it was unless the status changes. `now` is in milliseconds.
 */
export function conditionPatch({ metadata, status }: Pod, statement: PodStatement, now: number): object {
  const before = getCondition(status?.conditions, statement.type);
  const lastTransitionTime = (before?.status === statement.status ? before.lastTransitionTime : undefined) ?? rfc3339(now);
  return { ...statement, observedGeneration: metadata.generation, lastTransitionTime };
}
