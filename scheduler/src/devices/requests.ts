import type { DeviceClass, DeviceRequest, DeviceSubRequest, ExactDeviceRequest, ResourceClaim } from '@keelson/types';
import type { Candidate, NodePool } from './pools.ts';
import { takesDevice } from './selectors.ts';

/** One way to satisfy a request. */
export interface Wanted {
  /** `request`, or `request/alternative`. */
  readonly name: string;
  /** The names it goes by where constraints and configurations name requests. */
  readonly names: readonly string[];
  readonly deviceClass: DeviceClass;
  readonly said: ExactDeviceRequest | DeviceSubRequest;
  readonly adminAccess: boolean;
  readonly count: number;
  /** Where all devices are asked for: these. */
  readonly all: readonly Candidate[] | undefined;
  readonly takes: (candidate: Candidate) => boolean;
}

/** A request and the ways to satisfy it, the best first. Without alternatives there is one. */
export interface Request {
  readonly hasAlternatives: boolean;
  readonly ways: readonly Wanted[];
}

/** What is known to satisfy claims with. */
export interface Supply {
  readonly pools: readonly NodePool[];
  readonly deviceClass: (name: string) => DeviceClass | undefined;
}

/** A claim's requests. @throws Error for one that no attempt can satisfy, and for selectors that do not compile or compute */
export function readRequests(claim: ResourceClaim, supply: Supply): readonly Request[] {
  return (claim.spec.devices?.requests ?? []).map((request) => readRequest(request, claim, supply));
}

function readRequest({ name, exactly, firstAvailable = [] }: DeviceRequest, claim: ResourceClaim, supply: Supply): Request {
  if (exactly) return { hasAlternatives: false, ways: [readWay(exactly, [name], claim, supply)] };
  return { hasAlternatives: true, ways: firstAvailable.map((one) => readWay(one, [name, `${name}/${one.name}`], claim, supply)) };
}

function readWay(said: Wanted['said'], names: readonly string[], claim: ResourceClaim, supply: Supply): Wanted {
  const of = `${claim.metadata.namespace}/${claim.metadata.name}`;
  const name = names.at(-1) ?? '';
  const where = `claim ${of}, request ${name.slice(name.indexOf('/') + 1)}`;
  const deviceClass = supply.deviceClass(said.deviceClassName);
  if (!deviceClass) throw new Error(`${where}: could not retrieve device class ${said.deviceClassName}`);
  const takes = remembering(
    (candidate) =>
      takesDevice(deviceClass.spec.selectors ?? [], candidate, `class ${deviceClass.metadata.name}`) &&
      takesDevice(said.selectors ?? [], candidate, `claim ${of}`),
  );
  const adminAccess = 'adminAccess' in said && said.adminAccess === true;
  const rest = { name, names, deviceClass, said, adminAccess, takes };
  if (said.allocationMode !== 'All') return { ...rest, count: said.count ?? 1, all: undefined };
  const all = allOf(supply.pools, takes, where);
  return { ...rest, count: all.length, all };
}

/** The answer is the same as long as an attempt lasts. */
function remembering(takes: (candidate: Candidate) => boolean): (candidate: Candidate) => boolean {
  const known = new Map<Candidate, boolean>();
  return (candidate) => {
    const before = known.get(candidate);
    if (before !== undefined) return before;
    const answer = takes(candidate);
    known.set(candidate, answer);
    return answer;
  };
}

/** Who wants all must know all. */
function allOf(pools: readonly NodePool[], takes: (candidate: Candidate) => boolean, where: string): Candidate[] {
  return pools.flatMap(({ pool: { id, incomplete, invalid }, here }) => {
    if (incomplete) throw new Error(`${where}: asks for all devices, but resource pool ${id} is currently being updated`);
    if (invalid) throw new Error(`${where}: asks for all devices, but resource pool ${id} is currently invalid`);
    return here.filter(takes);
  });
}
