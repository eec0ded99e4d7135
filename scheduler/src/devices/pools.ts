import { addQuantities, nodeTermHolds, parseQuantity, type Quantity } from '@keelson/machinery';
import type { Device, Node, NodeSelector, ResourceSlice } from '@keelson/types';

/** A device by `driver/pool/device`. */
export type DeviceId = string;

/** A device of a pool. */
export interface Candidate {
  readonly id: DeviceId;
  readonly device: Device;
  readonly slice: ResourceSlice;
  readonly pool: Pool;
  /** Its place among all of the pool. */
  readonly index: number;
  /** Where it can be used. */
  readonly place: Place;
}

/** What a driver calls one source of devices, in its newest generation. */
export interface Pool {
  /** `driver/pool`. */
  readonly id: string;
  /** Some of its slices are not there yet. */
  readonly incomplete: boolean;
  /** Two of its devices have the same name. */
  readonly invalid: boolean;
  readonly all: readonly Candidate[];
  /** Devices by the node that they name, or their slice; the node of a slice without devices has none. */
  readonly byNode: ReadonlyMap<string, readonly Candidate[]>;
  /** Devices that can be used on nodes they do not name. */
  readonly wide: readonly Candidate[];
  /** Where its slices say that they are, if they name no node. */
  readonly places: readonly Place[];
  /** What there is of each shared counter, by `set/counter`. */
  readonly counters: ReadonlyMap<string, Quantity>;
}

/** A pool as one node has it. */
export interface NodePool {
  readonly pool: Pool;
  /** Its devices that can be used there. */
  readonly here: readonly Candidate[];
}

export type Place = Pick<Device, 'nodeName' | 'nodeSelector' | 'allNodes'>;

/** The newest generation of a pool's slices, of which there is one at least. */
export function poolOf(id: string, slices: readonly ResourceSlice[]): Pool {
  const generation = slices.reduce((newest, { spec }) => Math.max(newest, spec.pool.generation ?? 0), 0);
  const newest = slices.filter(({ spec }) => (spec.pool.generation ?? 0) === generation).sort(byName);
  const [all, wide]: [Candidate[], Candidate[]] = [[], []];
  const byNode = new Map<string, Candidate[]>();
  const pool: Pool = {
    id,
    incomplete: newest.length !== newest[0]?.spec.pool.resourceSliceCount,
    invalid: hasTwins(newest),
    places: newest.map(({ spec }) => spec).filter(isWide),
    counters: countersOf(newest),
    ...{ all, byNode, wide },
  };
  const on = (name: string): Candidate[] => {
    const there = byNode.get(name) ?? [];
    byNode.set(name, there);
    return there;
  };
  for (const slice of newest) {
    if (slice.spec.nodeName) on(slice.spec.nodeName);
    for (const device of slice.spec.devices ?? []) {
      const place = placeOf(slice, device);
      const candidate = { id: `${id}/${device.name}`, device, slice, pool, index: all.length, place };
      all.push(candidate);
      if (place.nodeName) on(place.nodeName).push(candidate);
      else if (isWide(place)) wide.push(candidate);
    }
  }
  return pool;
}

/** Where a device can be used. */
function placeOf({ spec }: ResourceSlice, device: Device): Place {
  return spec.perDeviceNodeSelection ? device : spec;
}

function isWide({ nodeName, allNodes, nodeSelector }: Place): boolean {
  return !nodeName && (allNodes === true || nodeSelector !== undefined);
}

/** Whether a place that names no node is on this one. */
export function reaches({ allNodes, nodeSelector }: Place, node: Node): boolean {
  return allNodes === true || (nodeSelector !== undefined && selects(nodeSelector, node));
}

/** Whether one of the selector's terms holds for the node. */
export function selects({ nodeSelectorTerms }: NodeSelector, node: Node): boolean {
  return nodeSelectorTerms.some((term) => nodeTermHolds(term, node));
}

function hasTwins(slices: readonly ResourceSlice[]): boolean {
  const names = slices.flatMap(({ spec }) => (spec.devices ?? []).map(({ name }) => name));
  return new Set(names).size < names.length;
}

function countersOf(slices: readonly ResourceSlice[]): ReadonlyMap<string, Quantity> {
  const counters = new Map<string, Quantity>();
  for (const { spec } of slices)
    for (const { name: set, counters: own } of spec.sharedCounters ?? [])
      for (const [name, { value }] of Object.entries(own)) counters.set(`${set}/${name}`, parseQuantity(value));
  return counters;
}

/** What a device takes of each shared counter, by `set/counter`. */
export function countersTaken({ consumesCounters = [] }: Device): ReadonlyMap<string, Quantity> {
  const taken = new Map<string, Quantity>();
  for (const { counterSet, counters } of consumesCounters) {
    for (const [name, { value }] of Object.entries(counters)) {
      const key = `${counterSet}/${name}`;
      const before = taken.get(key);
      taken.set(key, before ? addQuantities(before, parseQuantity(value)) : parseQuantity(value));
    }
  }
  return taken;
}

function byName(a: ResourceSlice, b: ResourceSlice): number {
  return (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1;
}
