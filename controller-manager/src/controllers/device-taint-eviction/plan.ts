import type { DeviceTaint, Pod, ResourceClaim, ResourceSlice } from '@keelson/types';
import { judge, type Verdict } from '../taint-eviction/plan.ts';

/** A device of a pool, as a key. */
export function deviceKey(driver: string, pool: string, device: string): string {
  return `${driver}/${pool}/${device}`;
}

/** Devices a claim has been given. */
export function devicesOf({ status }: ResourceClaim): string[] {
  return (status?.allocation?.devices?.results ?? []).map(({ driver, pool, device }) => deviceKey(driver, pool, device));
}

/** Devices a slice tells of. */
export function devicesIn({ spec }: ResourceSlice): string[] {
  return (spec.devices ?? []).map(({ name }) => deviceKey(spec.driver, spec.pool.name, name));
}

/** The taints of a device by the newest generation of its pool; a slice of an older one is not in force. */
export function taintsOf(slices: readonly ResourceSlice[], device: string): readonly DeviceTaint[] {
  const newest = Math.max(...slices.map(({ spec }) => spec.pool.generation));
  return slices
    .filter(({ spec }) => spec.pool.generation === newest)
    .flatMap(({ spec }) => (spec.devices ?? []).filter(({ name }) => deviceKey(spec.driver, spec.pool.name, name) === device))
    .flatMap(({ taints }) => taints ?? []);
}

/** When a pod must go for the sake of what its claims were given, the first reason deciding. `known`: when the pod was first seen beside it. */
export function judgeDevices(
  pod: Pod,
  claims: readonly ResourceClaim[],
  slicesOf: (device: string) => readonly ResourceSlice[],
  known: number,
): Verdict {
  let at = Number.POSITIVE_INFINITY;
  const used = claims.filter(({ status }) => status?.reservedFor?.some(({ uid }) => uid === pod.metadata.uid));
  for (const { status } of used) {
    for (const { driver, pool, device, tolerations } of status?.allocation?.devices?.results ?? []) {
      const key = deviceKey(driver, pool, device);
      const verdict = judge(taintsOf(slicesOf(key), key), tolerations ?? [], known);
      if (verdict.type === 'evict') at = Math.min(at, verdict.at);
    }
  }
  return at === Number.POSITIVE_INFINITY ? { type: 'stay' } : { type: 'evict', at };
}
