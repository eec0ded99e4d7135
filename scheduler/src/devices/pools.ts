import { addQuantities, nodeTermHolds, parseQuantity, type Quantity } from '@keelson/machinery';
import type { Device, Node, NodeSelector, ResourceSlice } from '@keelson/types';

/** A device by `driver/pool/device`. */
export type DeviceId = string;

/** A device that can be used on a node. */
export interface Candidate {
  readonly id: DeviceId;
  readonly device: Device;
  readonly slice: ResourceSlice;
  readonly pool: Pool;
}

/** What a driver calls one source of devices, in its newest generation. */
export interface Pool {
  /** `driver/pool`. */
  readonly id: string;
  /** Some of its slices are not there yet. */
  readonly incomplete: boolean;
  /** Two of its devices have the same name. */
  readonly invalid: boolean;
  /** Its devices, those of other nodes among them. */
  readonly all: readonly Candidate[];
  /** Those of one node. */
  readonly here: readonly Candidate[];
  /** What there is of each shared counter, by `set/counter`. */
  readonly counters: ReadonlyMap<string, Quantity>;
}

type Where = Pick<Device, 'nodeName' | 'nodeSelector' | 'allNodes'>;

/** The pools with devices for a node: those first that are ready at once, then by name. Slices of older generations are passed over. */
export function poolsFor(slices: readonly ResourceSlice[], node: Node): readonly Pool[] {
  const byPool = Map.groupBy(slices, ({ spec }) => `${spec.driver}/${spec.pool.name}`);
  const pools = [...byPool].flatMap(([id, of]) => poolOf(id, of, node) ?? []);
  return pools.sort((a, b) => mustWait(a) - mustWait(b) || (a.id < b.id ? -1 : 1));
}

/** 1 where some device must be made ready before its pod is bound. */
function mustWait({ here }: Pool): 0 | 1 {
  return here.some(({ device }) => device.bindingConditions?.length) ? 1 : 0;
}

function poolOf(id: string, slices: readonly ResourceSlice[], node: Node): Pool | undefined {
  const generation = Math.max(...slices.map(({ spec }) => spec.pool.generation ?? 0));
  const newest = slices.filter(({ spec }) => (spec.pool.generation ?? 0) === generation).sort(byName);
  const here: Candidate[] = [];
  const all: Candidate[] = [];
  const pool: Pool = {
    id,
    incomplete: newest.length !== newest[0]?.spec.pool.resourceSliceCount,
    invalid: hasTwins(newest),
    all,
    here,
    counters: countersOf(newest),
  };
  for (const slice of newest) {
    for (const device of slice.spec.devices ?? []) {
      const candidate = { id: `${id}/${device.name}`, device, slice, pool };
      all.push(candidate);
      if (isAt(placeOf(slice, device), node)) here.push(candidate);
    }
  }
  return here.length > 0 || newest.some(({ spec }) => isAt(spec, node)) ? pool : undefined;
}

/** Where a device can be used. */
export function placeOf({ spec }: ResourceSlice, device: Device): Where {
  return spec.perDeviceNodeSelection ? device : spec;
}

function isAt({ nodeName, allNodes, nodeSelector }: Where, node: Node): boolean {
  if (nodeName) return node.metadata.name === nodeName;
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
