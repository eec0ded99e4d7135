import type { Pod } from '@keelson/types';
import type { ContainerAllocateResponse } from '../../cri/grpc/codec/deviceplugin.ts';
import { isSidecar, podSpec } from '../../pod/containers.ts';
import { podUid } from '../../pod/naming.ts';

/** NUMA node of devices whose plugin does not say. */
export const nowhere = -1;

/** What a container holds of one resource. */
export interface Holding {
  /** Ids by NUMA node; one near to several is in each. */
  readonly devices: ReadonlyMap<number, readonly string[]>;
  /** What the plugin wants the container to have with them. */
  readonly response: ContainerAllocateResponse;
}

/** A holding and whose it is. */
export interface Held extends Holding {
  readonly podUid: string;
  readonly container: string;
  readonly resource: string;
}

export function idsOf({ devices }: Pick<Holding, 'devices'>): ReadonlySet<string> {
  return new Set([...devices.values()].flat());
}

/** Which containers hold which devices, and which devices are being given out. */
export class Holdings {
  #held: readonly Held[];
  readonly #reserved = new Map<string, ReadonlySet<string>>();

  constructor(held: readonly Held[] = []) {
    this.#held = held;
  }

  get all(): readonly Held[] {
    return this.#held;
  }

  hold(held: Held): void {
    const same = (other: Held): boolean =>
      other.podUid === held.podUid && other.container === held.container && other.resource === held.resource;
    this.#held = [...this.#held.filter((other) => !same(other)), held];
  }

  /** Frees what other pods than these hold. */
  keep(pods: ReadonlySet<string>): void {
    if (this.#held.some((one) => !pods.has(one.podUid))) this.#held = this.#held.filter((one) => pods.has(one.podUid));
  }

  /** By resource. */
  of(pod: string, container: string): ReadonlyMap<string, Held> {
    return new Map(this.#held.filter((one) => one.podUid === pod && one.container === container).map((one) => [one.resource, one]));
  }

  /** Devices that nobody else gets until the returned function is called. */
  reserve(resource: string, ids: Iterable<string>): () => void {
    const before = this.#reserved.get(resource) ?? new Set();
    const mine = new Set(ids);
    this.#reserved.set(resource, before.union(mine));
    return () => void this.#reserved.set(resource, (this.#reserved.get(resource) ?? new Set()).difference(mine));
  }

  inUse(resource: string): ReadonlySet<string> {
    const held = this.#held.filter((one) => one.resource === resource).flatMap((one) => [...idsOf(one)]);
    return new Set([...held, ...(this.#reserved.get(resource) ?? [])]);
  }

  /** Uids of the pods that hold one of these devices. */
  holders(resource: string, ids: readonly string[]): readonly string[] {
    const theirs = this.#held.filter((one) => one.resource === resource && !idsOf(one).isDisjointFrom(new Set(ids)));
    return [...new Set(theirs.map((one) => one.podUid))];
  }

  get resources(): ReadonlySet<string> {
    return new Set(this.#held.map(({ resource }) => resource));
  }

  /** Devices of a pod's init containers, which are over before others begin, that no later container of it has taken over. */
  reusable(pod: Pod, resource: string): ReadonlySet<string> {
    const { initContainers = [], containers = [] } = podSpec(pod);
    const idsIn = (names: readonly { readonly name: string }[]): Set<string> =>
      new Set(names.flatMap(({ name }) => [...idsOf(this.of(podUid(pod), name).get(resource) ?? { devices: new Map() })]));
    const passing = initContainers.filter((one) => !isSidecar(one));
    return idsIn(passing).difference(idsIn([...initContainers.filter(isSidecar), ...containers]));
  }
}
