import type { Clock } from '@keelson/base';
import type { Connection } from './connection.ts';

/** How much longer than asked a key may live, so that others can share its lease: a part of its time, with a maximum in seconds. */
const reusePart = 0.05;
const reuseMost = 60;
/** Revoking a lease deletes its keys in one transaction: bounded. */
const keysPerLease = 1_000;

interface Lease {
  readonly id: string;
  readonly expires: number;
  keys: number;
}

/** Leases shared by keys that expire at about the same time, as Kubernetes does it: one grant for each would cost a write each. */
export class Leases {
  readonly #connection: Connection;
  readonly #clock: Clock;
  #latest: Lease | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(connection: Connection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  /** A lease that ends no sooner than `seconds` from now, and not much later. */
  lease(seconds: number): Promise<string> {
    const lease = this.#turn.then(() => this.#find(Math.ceil(seconds)));
    this.#turn = lease.catch(() => undefined);
    return lease;
  }

  /** The server does not know this lease any more. */
  forget(id: string): void {
    if (this.#latest?.id === id) this.#latest = undefined;
  }

  async #find(seconds: number): Promise<string> {
    const now = this.#clock.now();
    const spare = Math.min(Math.floor(seconds * reusePart), reuseMost);
    const latest = this.#latest;
    if (latest && latest.keys < keysPerLease && latest.expires > now + seconds * 1000 && latest.expires <= now + (seconds + spare) * 1000) {
      latest.keys++;
      return latest.id;
    }
    const TTL = seconds + spare;
    const { ID } = await this.#connection.write((client) => client.leaseClient.leaseGrant({ TTL }));
    this.#latest = { id: ID, expires: now + TTL * 1000, keys: 1 };
    return ID;
  }
}
