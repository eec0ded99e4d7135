import type { InUse } from './in-use.ts';
import { type Candidate, countersTaken, type Pool } from './pools.ts';

/** What is left of the counters that the devices of a pool share. */
export class Counters {
  readonly #inUse: InUse;
  readonly #left = new Map<Pool, Map<string, bigint>>();

  constructor(inUse: InUse) {
    this.#inUse = inUse;
  }

  /** False, and nothing is taken, when too little is left for the device. */
  take({ device, pool }: Candidate): boolean {
    const taken = countersTaken(device);
    if (taken.size === 0) return true;
    const left = this.#of(pool);
    for (const [name, { nanos }] of taken) if (nanos > (left.get(name) ?? 0n)) return false;
    for (const [name, { nanos }] of taken) left.set(name, (left.get(name) ?? 0n) - nanos);
    return true;
  }

  giveBack({ device, pool }: Candidate): void {
    const left = this.#of(pool);
    for (const [name, { nanos }] of countersTaken(device)) left.set(name, (left.get(name) ?? 0n) + nanos);
  }

  #of(pool: Pool): Map<string, bigint> {
    const known = this.#left.get(pool);
    if (known) return known;
    const left = new Map([...pool.counters].map(([name, { nanos }]) => [name, nanos]));
    for (const { id, device } of pool.all) {
      if (!this.#inUse.has(id)) continue;
      for (const [name, { nanos }] of countersTaken(device)) if (left.has(name)) left.set(name, (left.get(name) ?? 0n) - nanos);
    }
    this.#left.set(pool, left);
    return left;
  }
}
