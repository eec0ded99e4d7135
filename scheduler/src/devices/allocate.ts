import type { Random } from '@keelson/base';
import type { AllocationResult, DeviceClass, Node, ResourceClaim } from '@keelson/types';
import type { InUse } from './in-use.ts';
import type { Inventory } from './inventory.ts';
import { readRequests } from './requests.ts';
import { allocationOf } from './results.ts';
import { mostDevices, type Planned, Search, SearchOver } from './search.ts';

/** Devices, and who has them. */
export interface Devices {
  readonly inventory: Inventory;
  readonly inUse: InUse;
  readonly deviceClass: (name: string) => DeviceClass | undefined;
  readonly random: Random;
  /** Whether the time for one node is up. */
  readonly isOver: () => boolean;
}

/** What came of it: a result for each claim, made when it is asked for, or why there are none. */
export type Allocation =
  | { readonly type: 'results'; readonly results: () => readonly AllocationResult[] }
  | { readonly type: 'none'; readonly words: string };

/**
 * Devices for all of `claims` on a node, by upstream's structured allocation: one claim after the other and one request after the other, the
 * first devices that will do. @throws Error for claims that cannot be understood, whichever the node
 */
export function allocate(
  claims: readonly ResourceClaim[],
  node: Node,
  { inventory, inUse, deviceClass, random, isOver }: Devices,
): Allocation {
  const pools = inventory.at(node);
  const planned = claims.map((claim): Planned => ({ claim, requests: readRequests(claim, { pools, deviceClass }) }));
  for (const one of planned) checkCount(one);
  try {
    const found = new Search(planned, pools, inUse, random, isOver).run();
    if (found) return { type: 'results', results: () => found.map((one, i) => allocationOf(claims[i] as ResourceClaim, one, node)) };
  } catch (error) {
    if (!(error instanceof SearchOver)) throw error;
    return { type: 'none', words: 'timed out trying to allocate devices' };
  }
  const invalid = pools.some(({ pool }) => pool.invalid);
  return { type: 'none', words: invalid ? 'invalid resource pools were encountered' : 'cannot allocate all claims' };
}

function checkCount({ claim: { metadata }, requests }: Planned): void {
  const least = requests.reduce((sum, { ways }) => sum + Math.min(...ways.map(({ count }) => count)), 0);
  if (least <= mostDevices) return;
  const claim = `${metadata.namespace}/${metadata.name}`;
  throw new Error(`claim ${claim}: number of requested devices ${least} exceeds the claim limit of ${mostDevices}`);
}
