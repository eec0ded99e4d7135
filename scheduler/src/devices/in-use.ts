import { parseQuantity } from '@keelson/machinery';
import type { AllocationResult } from '@keelson/types';
import type { DeviceId } from './pools.ts';

/** Amounts of a device's capacities, in billionths. */
export type Amounts = ReadonlyMap<string, bigint>;

/** What claims have of one device. */
interface Held {
  /** Claims that have it alone: one, if nobody erred. */
  whole: number;
  /** Claims that share it, and what they take together. */
  shares: number;
  amounts: Amounts;
}

/** Devices that claims have, kept as claims get and lose them. Access for administration takes nothing. */
export class InUse {
  readonly #allocations = new Map<string, AllocationResult>();
  readonly #devices = new Map<DeviceId, Held>();

  /** What the claim of this uid has from now on; undefined for nothing. */
  set(uid: string, allocation: AllocationResult | undefined): void {
    const before = this.#allocations.get(uid);
    if (before === allocation) return;
    if (before) this.#count(before, -1);
    if (allocation) {
      this.#count(allocation, 1);
      this.#allocations.set(uid, allocation);
    } else this.#allocations.delete(uid);
  }

  has(id: DeviceId): boolean {
    return this.#devices.has(id);
  }

  /** Whether a claim has it alone. */
  isWhole(id: DeviceId): boolean {
    return (this.#devices.get(id)?.whole ?? 0) > 0;
  }

  /** What is taken of a device that claims share; undefined for one nobody does. */
  shared(id: DeviceId): Amounts | undefined {
    const held = this.#devices.get(id);
    return held && held.shares > 0 ? held.amounts : undefined;
  }

  #count({ devices }: AllocationResult, by: 1 | -1): void {
    for (const { driver, pool, device, adminAccess, shareID, consumedCapacity = {} } of devices?.results ?? []) {
      if (adminAccess) continue;
      const id = `${driver}/${pool}/${device}`;
      const held = this.#devices.get(id) ?? { whole: 0, shares: 0, amounts: new Map() };
      this.#devices.set(id, held);
      if (shareID === undefined) held.whole += by;
      else {
        held.shares += by;
        held.amounts = plus(held.amounts, amountsOf(consumedCapacity, BigInt(by)));
      }
      if (held.whole + held.shares === 0) this.#devices.delete(id);
    }
  }
}

function amountsOf(quantities: Readonly<Record<string, string | number>>, times: bigint): Amounts {
  return new Map(Object.entries(quantities).map(([name, text]) => [name, times * parseQuantity(text).nanos]));
}

export function plus(a: Amounts | undefined, b: Amounts): Amounts {
  const sum = new Map(a);
  for (const [name, amount] of b) sum.set(name, (sum.get(name) ?? 0n) + amount);
  return sum;
}
