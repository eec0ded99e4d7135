import { isLater, keyOf } from '@keelson/runtime';
import type { ResourceClaim } from '@keelson/types';
import { InUse } from './in-use.ts';

/** Claims as they are decided, written or seen, whichever is the newest, and what they have of devices. */
export class Ledger {
  readonly inUse: InUse = new InUse();
  readonly #seen: (key: string) => ResourceClaim | undefined;
  /** Decided and not written yet: claims with what they get, by uid. */
  readonly #decided = new Map<string, ResourceClaim>();
  /** Written and perhaps not seen back yet, by key. */
  readonly #written = new Map<string, ResourceClaim>();

  /** @param seen the claim of a key as the server told it last */
  constructor(seen: (key: string) => ResourceClaim | undefined) {
    this.#seen = seen;
  }

  /** The claim as it was written last, or seen. */
  latest(key: string): ResourceClaim | undefined {
    const [seen, written] = [this.#seen(key), this.#written.get(key)];
    if (!written) return seen;
    const newer = seen && isLater(written.metadata.resourceVersion ?? '', seen.metadata.resourceVersion ?? '');
    if (newer) return written;
    this.#written.delete(key);
    return seen;
  }

  /** Whether devices are decided on that the server does not know of yet. */
  isDecided(uid: string): boolean {
    return this.#decided.has(uid);
  }

  /** The server told of a claim. */
  saw(claim: ResourceClaim): void {
    this.#count(claim);
  }

  /** The server told that it is gone. */
  lost(claim: ResourceClaim): void {
    const key = keyOf(claim);
    if (this.#written.get(key)?.metadata.uid === claim.metadata.uid) this.#written.delete(key);
    this.#count(claim);
  }

  /** @param claim with what it gets */
  decide(claim: ResourceClaim): void {
    this.#decided.set(claim.metadata.uid ?? '', claim);
    this.#count(claim);
  }

  /** What was decided is written, or comes to nothing. */
  settle(claim: ResourceClaim): void {
    this.#decided.delete(claim.metadata.uid ?? '');
    this.#count(claim);
  }

  /** @param claim as the server answered */
  wrote(claim: ResourceClaim): void {
    this.#written.set(keyOf(claim), claim);
    this.#count(claim);
  }

  #count({ metadata }: ResourceClaim): void {
    const uid = metadata.uid ?? '';
    const latest = this.latest(`${metadata.namespace}/${metadata.name}`);
    const present = latest?.metadata.uid === uid ? latest : undefined;
    this.inUse.set(uid, (this.#decided.get(uid) ?? present)?.status?.allocation);
  }
}
