import { parseQuantity } from '@keelson/machinery';
import type { AllocationResult } from '@keelson/types';
import type { DeviceId } from './pools.ts';

/** Amounts of a device's capacities, in billionths. */
export type Amounts = ReadonlyMap<string, bigint>;

/** Devices that claims have already. Access for administration takes nothing. */
export interface InUse {
  /** Those that are one claim's alone. */
  readonly whole: ReadonlySet<DeviceId>;
  /** What is taken of devices that several claims share. */
  readonly shared: ReadonlyMap<DeviceId, Amounts>;
}

export function inUse(allocations: Iterable<AllocationResult>): InUse {
  const whole = new Set<DeviceId>();
  const shared = new Map<DeviceId, Amounts>();
  for (const { devices } of allocations) {
    for (const { driver, pool, device, adminAccess, shareID, consumedCapacity = {} } of devices?.results ?? []) {
      const id = `${driver}/${pool}/${device}`;
      if (adminAccess) continue;
      if (shareID === undefined) whole.add(id);
      else shared.set(id, plus(shared.get(id), amountsOf(consumedCapacity)));
    }
  }
  return { whole, shared };
}

function amountsOf(quantities: Readonly<Record<string, string | number>>): Amounts {
  return new Map(Object.entries(quantities).map(([name, text]) => [name, parseQuantity(text).nanos]));
}

export function plus(a: Amounts | undefined, b: Amounts): Amounts {
  const sum = new Map(a);
  for (const [name, amount] of b) sum.set(name, (sum.get(name) ?? 0n) + amount);
  return sum;
}
