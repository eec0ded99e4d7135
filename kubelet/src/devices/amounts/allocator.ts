import { parseQuantity, quantityValue } from '@keelson/machinery';
import type { Container, Pod } from '@keelson/types';
import { rpcMessage } from '../../cri/grpc/client.ts';
import type { DevicePluginOptions } from '../../cri/grpc/codec/deviceplugin.ts';
import { podSpec } from '../../pod/containers.ts';
import { podUid } from '../../pod/naming.ts';
import type { DeviceOptions } from '../types.ts';
import { type Choice, choose, complete, type Wish } from './choose.ts';
import type { Endpoint } from './endpoint.ts';
import { type Holdings, idsOf, nowhere } from './holdings.ts';
import type { Inventory } from './inventory.ts';
import { optionsOf } from './options.ts';

/** A plugin that runs, or when it was last heard of. */
export type Source =
  | { readonly type: 'running'; readonly socket: string; readonly endpoint: Endpoint; readonly options: DevicePluginOptions }
  | { readonly type: 'gone'; readonly since: number };

export interface AllocatorDeps {
  readonly inventory: Inventory;
  readonly holdings: Holdings;
  /** By resource. */
  readonly sources: ReadonlyMap<string, Source>;
  /** Uids of the pods that have not ended; undefined while not all are known. */
  active(): ReadonlySet<string> | undefined;
  /** Writes down who has what. */
  save(): Promise<void>;
}

type Open = Extract<Choice, { type: 'open' }>;

/** Gives devices to containers. */
export class Allocator {
  readonly #deps: AllocatorDeps;

  constructor(deps: AllocatorDeps) {
    this.#deps = deps;
  }

  /** Sets aside what a pod asks for. @throws Error in Kubernetes' words. */
  async allocate(pod: Pod): Promise<void> {
    const { initContainers = [], containers = [] } = podSpec(pod);
    for (const container of [...initContainers, ...containers]) await this.#allocate(pod, container);
  }

  /** What a container that is about to be made gets; its devices are made ready for it. @throws Error in Kubernetes' words. */
  async options(pod: Pod, container: Container): Promise<DeviceOptions> {
    const { holdings } = this.#deps;
    const held = () => holdings.of(podUid(pod), container.name);
    const wished = this.#wishes(container).filter(([, amount]) => amount > 0);
    // A container that was running while the kubelet was away and that no checkpoint tells of has its devices set aside now.
    if (wished.some(([resource]) => !held().has(resource))) await this.#allocate(pod, container);
    for (const [resource] of wished) await this.#preStart(podUid(pod), container.name, resource);
    return optionsOf([...held().values()]);
  }

  /** What a container asks for of resources that plugins have, or had. */
  #wishes({ resources }: Container): readonly (readonly [string, number])[] {
    const { inventory, holdings } = this.#deps;
    const known = (resource: string): boolean => inventory.healthy(resource) !== undefined || holdings.resources.has(resource);
    return Object.entries(resources?.limits ?? {})
      .filter(([resource]) => known(resource))
      .map(([resource, amount]) => [resource, quantityValue(parseQuantity(amount))] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }

  async #allocate(pod: Pod, container: Container): Promise<void> {
    const { holdings, active, save } = this.#deps;
    let changed = false;
    for (const [resource, amount] of this.#wishes(container)) {
      const pods = active();
      if (pods) holdings.keep(pods);
      const wish = { podUid: podUid(pod), container: container.name, resource, amount, reusable: holdings.reusable(pod, resource) };
      changed = (await this.#fulfil(wish)) || changed;
    }
    if (changed) await save();
  }

  /** Whether something was set aside. Between a choice and its reservation nothing is awaited: no device is given twice. */
  async #fulfil(wish: Wish): Promise<boolean> {
    const { podUid: pod, container, resource } = wish;
    const { holdings } = this.#deps;
    const first = this.#choose(wish);
    if (!first) return false;
    const preferred = await this.#preferred(wish, first);
    const choice = preferred ? this.#choose(wish) : first;
    if (!choice) return false;
    const ids = complete(choice, preferred ?? []);
    const release = holdings.reserve(resource, ids);
    try {
      const response = await this.#ask(resource, ids);
      holdings.hold({ podUid: pod, container, resource, devices: this.#byNode(resource, ids), response });
      return true;
    } finally {
      release();
    }
  }

  async #ask(resource: string, ids: readonly string[]) {
    const source = this.#deps.sources.get(resource);
    if (source?.type !== 'running') throw new Error(`endpoint ${resource} has been stopped`);
    const response = await source.endpoint.allocate(ids).catch((error: unknown) => {
      throw new Error(rpcMessage(error), { cause: error });
    });
    if (!response) throw new Error('no containers return in allocation response');
    return response;
  }

  #choose(wish: Wish): Open | undefined {
    const choice = choose(wish, this.#deps.inventory, this.#deps.holdings);
    if (choice.type === 'refused') throw new Error(choice.message);
    return choice.type === 'open' ? choice : undefined;
  }

  /** What the plugin would rather give; undefined: it does not say, or there is nothing to choose. */
  async #preferred({ resource, amount }: Wish, { taken, missing, available }: Open): Promise<readonly string[] | undefined> {
    const source = this.#deps.sources.get(resource);
    if (missing === 0 || source?.type !== 'running' || !source.options.getPreferredAllocationAvailable) return undefined;
    return source.endpoint.preferred([...available, ...taken], taken, amount).catch((error: unknown) => {
      throw new Error(`device plugin GetPreferredAllocation rpc failed with err: ${rpcMessage(error)}`, { cause: error });
    });
  }

  async #preStart(pod: string, container: string, resource: string): Promise<void> {
    const source = this.#deps.sources.get(resource);
    if (!source) throw new Error(`endpoint not found in cache for a registered resource: ${resource}`);
    if (source.type !== 'running' || !source.options.preStartRequired) return;
    const holding = this.#deps.holdings.of(pod, container).get(resource);
    if (!holding) throw new Error(`no devices found allocated in local cache for pod ${pod}, container ${container}, resource ${resource}`);
    await source.endpoint.preStart([...idsOf(holding)].sort()).catch((error: unknown) => {
      throw new Error(`device plugin PreStartContainer rpc failed with err: ${rpcMessage(error)}`, { cause: error });
    });
  }

  #byNode(resource: string, ids: readonly string[]): ReadonlyMap<number, readonly string[]> {
    const nodesOf = (id: string): readonly number[] => this.#deps.inventory.device(resource, id)?.nodes ?? [];
    const all = ids.flatMap((id) => (nodesOf(id).length > 0 ? nodesOf(id) : [nowhere]).map((node) => ({ node, id })));
    return new Map([...Map.groupBy(all, ({ node }) => node)].map(([node, list]) => [node, list.map(({ id }) => id)]));
  }
}
