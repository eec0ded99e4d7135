import type { Random } from '@keelson/base';
import { tolerationMatches } from '@keelson/machinery';
import type { Device, DeviceToleration, ResourceClaim } from '@keelson/types';
import { consumption, hasRoom } from './capacity.ts';
import { Constraint } from './constraints.ts';
import { Counters } from './counters.ts';
import { type Amounts, type InUse, plus } from './in-use.ts';
import type { Candidate, DeviceId, NodePool } from './pools.ts';
import type { Request, Wanted } from './requests.ts';

/** Devices a claim may have. */
export const mostDevices = 32;

/** A claim to be satisfied. */
export interface Planned {
  readonly claim: ResourceClaim;
  readonly requests: readonly Request[];
}

/** A device given to a request. */
export interface Picked {
  readonly wanted: Wanted;
  readonly candidate: Candidate;
  /** Of a device that others may have too: which share this is, and what it takes. */
  readonly share: { readonly id: string; readonly consumed: Amounts } | undefined;
}

/** What a claim gets, and by which of its ways each request got it. */
export interface Found {
  readonly picked: readonly Picked[];
  readonly ways: readonly Wanted[];
}

/** `full`: the claim would have too many devices; what was picked before the request makes no difference to that. */
type Outcome = boolean | 'full';

/** The time for it is up. */
export class SearchOver extends Error {}

/** All devices are tried for all requests until everything fits: the first that does is it. */
export class Search {
  readonly #planned: readonly Planned[];
  readonly #candidates: readonly Candidate[];
  readonly #inUse: InUse;
  readonly #random: Random;
  readonly #isOver: () => boolean;
  readonly #counters: Counters;
  readonly #constraints: readonly (readonly Constraint[])[];
  readonly #picked: Picked[][];
  readonly #ways: Wanted[][];
  /** Claims that get a device as their own, by its id. */
  readonly #taken = new Map<DeviceId, Set<number>>();
  readonly #shared = new Map<DeviceId, Amounts[]>();

  /** @param isOver asked before each pick: when it says so the search ends */
  constructor(planned: readonly Planned[], pools: readonly NodePool[], inUse: InUse, random: Random, isOver: () => boolean) {
    this.#planned = planned;
    this.#candidates = pools.flatMap(({ pool, here }) => (pool.incomplete || pool.invalid ? [] : here));
    this.#inUse = inUse;
    this.#random = random;
    this.#isOver = isOver;
    this.#counters = new Counters(inUse);
    this.#constraints = planned.map(({ claim }) => (claim.spec.devices?.constraints ?? []).map((one) => new Constraint(one)));
    this.#picked = planned.map(() => []);
    this.#ways = planned.map(() => []);
  }

  /** What each claim gets; undefined when they cannot all have what they want. @throws SearchOver when the time is up */
  run(): readonly Found[] | undefined {
    if (this.#from(0, 0) !== true) return undefined;
    return this.#planned.map((_, i) => ({ picked: this.#picked[i] ?? [], ways: this.#ways[i] ?? [] }));
  }

  #from(claim: number, at: number): Outcome {
    const planned = this.#planned[claim];
    if (!planned) return true;
    const request = planned.requests[at];
    // Another claim's being full can be mended by this one's having other devices.
    if (!request) return this.#from(claim + 1, 0) === true;
    let outcome: Outcome = 'full';
    for (const way of request.ways) {
      const tried = this.#way(claim, at, way, 0, 0);
      if (tried === true) {
        (this.#ways[claim] as Wanted[])[at] = way;
        return true;
      }
      if (tried === false) outcome = false;
    }
    return outcome;
  }

  /** The rest of a way, of which `done` devices are picked. @param from the candidate to go on with */
  #way(claim: number, at: number, way: Wanted, done: number, from: number): Outcome {
    if (way.all?.length === 0) return false;
    if (done >= way.count) return this.#from(claim, at + 1);
    if ((this.#picked[claim]?.length ?? 0) + way.count - done > mostDevices) return 'full';
    if (way.all) return this.#pick(claim, way, way.all[done] as Candidate, () => this.#way(claim, at, way, done + 1, 0), true);
    // Of fewer candidates than are wanted none need be tried.
    for (let i = from; i <= this.#candidates.length - (way.count - done); i++) {
      const candidate = this.#candidates[i] as Candidate;
      if (!this.#isFree(claim, way, candidate) || !way.takes(candidate)) continue;
      const outcome = this.#pick(claim, way, candidate, () => this.#way(claim, at, way, done + 1, i + 1));
      if (outcome !== false) return outcome;
    }
    return false;
  }

  #isFree(claim: number, { adminAccess }: Wanted, { id }: Candidate): boolean {
    const takers = this.#taken.get(id);
    if (adminAccess) return !takers?.has(claim);
    return !this.#inUse.isWhole(id) && !takers?.size;
  }

  /** Picks a device and goes on; takes it back unless that ends well. @param must no other device would do */
  #pick(claim: number, wanted: Wanted, candidate: Candidate, next: () => Outcome, must = false): Outcome {
    if (this.#isOver()) throw new SearchOver();
    const { id, device } = candidate;
    if (!this.#isFree(claim, wanted, candidate) || isKeptBack(device, wanted.said.tolerations ?? [])) return false;
    const consumed = consumption(device, wanted.said.capacity);
    const taken = [this.#inUse.shared(id), ...(this.#shared.get(id) ?? [])];
    if (!consumed || !hasRoom(device, consumed, taken)) return false;
    const several = device.allowMultipleAllocations === true;
    const counts = !(several && taken.some((one) => one !== undefined));
    if (counts && !this.#counters.take(candidate)) return false;
    const concerned = this.#constrain(claim, wanted, candidate, must);
    if (concerned) {
      const back = this.#note(claim, { wanted, candidate, share: several ? { id: this.#random.uuid(), consumed } : undefined });
      const outcome = next();
      if (outcome === true) return true;
      back();
      for (const constraint of concerned) constraint.takeBack();
      if (counts) this.#counters.giveBack(candidate);
      return outcome;
    }
    if (counts) this.#counters.giveBack(candidate);
    return false;
  }

  #note(claim: number, picked: Picked): () => void {
    const { id } = picked.candidate;
    const results = this.#picked[claim] as Picked[];
    results.push(picked);
    const [takers, shares] = [this.#taken.get(id) ?? new Set<number>(), this.#shared.get(id) ?? []];
    if (picked.share) this.#shared.set(id, [...shares, plus(undefined, picked.share.consumed)]);
    else this.#taken.set(id, takers.add(claim));
    return () => {
      results.pop();
      if (picked.share) this.#shared.set(id, shares);
      else takers.delete(claim);
    };
  }

  /** The constraints that the device was added to; undefined, and it was added to none, when it breaks one. */
  #constrain(claim: number, { name, names }: Wanted, { id, device, slice }: Candidate, must: boolean): readonly Constraint[] | undefined {
    const added: Constraint[] = [];
    for (const constraint of (this.#constraints[claim] ?? []).filter((one) => one.concerns(names))) {
      if (constraint.add(device, slice.spec.driver)) {
        added.push(constraint);
        continue;
      }
      for (const before of added) before.takeBack();
      if (!must) return undefined;
      const { namespace, name: of } = this.#planned[claim]?.claim.metadata ?? {};
      const request = name.slice(name.indexOf('/') + 1);
      throw new Error(
        `claim ${namespace}/${of}, request ${request}: cannot add device ${id} because a claim constraint would not be satisfied`,
      );
    }
    return added;
  }
}

function isKeptBack({ taints = [] }: Device, tolerations: readonly DeviceToleration[]): boolean {
  const strict = taints.filter(({ effect }) => effect === 'NoSchedule' || effect === 'NoExecute');
  return strict.some((taint) => !tolerations.some((one) => tolerationMatches(one as Parameters<typeof tolerationMatches>[0], taint)));
}
