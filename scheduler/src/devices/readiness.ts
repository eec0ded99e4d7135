import { isConditionTrue } from '@keelson/machinery';
import type { DeviceRequestAllocationResult, ResourceClaim } from '@keelson/types';

/** How it is about devices that must be made ready for a node (`bindingConditions`). `failed`: they never will be. */
export type Readiness = { readonly type: 'ready' } | { readonly type: 'waiting' } | { readonly type: 'failed'; readonly words: string };

/** Without such devices a claim is ready. */
export function readinessOf({ metadata, status }: ResourceClaim): Readiness {
  for (const result of status?.allocation?.devices?.results ?? []) {
    if (!result.bindingConditions?.length) continue;
    const conditions = conditionsOf(status, result);
    if (!conditions) return { type: 'waiting' };
    const failed = conditions.find(({ type, status: is }) => is === 'True' && result.bindingFailureConditions?.includes(type));
    if (failed) {
      const words = `claim ${metadata.name} binding failed: reason=${failed.reason}, message=${JSON.stringify(failed.message)}`;
      return { type: 'failed', words };
    }
    if (!result.bindingConditions.every((type) => isConditionTrue(conditions, type))) return { type: 'waiting' };
  }
  return { type: 'ready' };
}

/** Whether devices must be made ready at all. */
export function mustBeReady({ status }: ResourceClaim): boolean {
  return status?.allocation?.devices?.results?.some(({ bindingConditions }) => bindingConditions?.length) ?? false;
}

/** Whether its devices should have been ready by `now`, within `timeout` of being chosen; milliseconds. */
export function isOverdue(claim: ResourceClaim, now: number, timeout: number): boolean {
  const at = Date.parse(claim.status?.allocation?.allocationTimestamp ?? '');
  return mustBeReady(claim) && at + timeout < now;
}

function conditionsOf(status: ResourceClaim['status'], { driver, pool, device }: DeviceRequestAllocationResult) {
  return status?.devices?.find((one) => one.driver === driver && one.pool === pool && one.device === device)?.conditions;
}
