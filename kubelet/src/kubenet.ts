import type { Node } from '@keelson/types';
import type { PodNetwork } from './deps.ts';
import {
  enableForwarding,
  overlayOverhead,
  type RouteNode,
  removeOverlay,
  syncHostRoutes,
  syncOverlay,
  type Vtep,
  vtepOf,
  wantedRoutes,
  writeConflist,
} from './network/index.ts';

export interface KubenetOptions {
  readonly nodeName: string;
  /** The node's own, under which other nodes reach it. */
  readonly addresses: readonly string[];
  readonly confDir: string;
  readonly ipamDir: string;
  readonly bridge: string;
  /** Largest packet between nodes. */
  readonly mtu: number;
  /** Whether pods' packets travel between nodes in VXLAN instead of by host routes. */
  readonly overlay: boolean;
}

/** The pod network that the kubelet makes itself: a bridge on the node, host routes or an overlay between nodes. */
export function kubenet(options: KubenetOptions): PodNetwork {
  return new Kubenet(options);
}

class Kubenet implements PodNetwork {
  readonly #options: KubenetOptions;
  #podCidrs: readonly string[] = [];
  /** Undefined until the nodes are known: what a kubelet before this one set up leads on until then. */
  #others: readonly RouteNode[] | undefined;
  #turn: Promise<void> = Promise.resolve();
  #waiting: Promise<void> | undefined;

  constructor(options: KubenetOptions) {
    this.#options = options;
  }

  async setUp(podCidrs: readonly string[]): Promise<void> {
    const { overlay, mtu, confDir, ...rest } = this.#options;
    this.#podCidrs = podCidrs;
    await enableForwarding(podCidrs);
    if (!overlay) await removeOverlay();
    await writeConflist(confDir, { ...rest, podCidrs, mtu: overlay ? mtu - overlayOverhead : mtu });
    await this.#sync();
  }

  connect(nodes: readonly Node[]): Promise<void> {
    this.#others = nodes.map(routeNode).filter(({ name }) => name !== this.#options.nodeName);
    return this.#sync();
  }

  /** One at a time; whoever comes while one waits shares its turn, which sees the nodes as they are then. */
  #sync(): Promise<void> {
    this.#waiting ??= this.#turn.then(() => {
      this.#waiting = undefined;
      return this.#change();
    });
    this.#turn = this.#waiting.catch(() => undefined);
    return this.#waiting;
  }

  async #change(): Promise<void> {
    const { nodeName, overlay, addresses, mtu } = this.#options;
    const others = this.#others;
    if (!others) return;
    if (!overlay) return syncHostRoutes(wantedRoutes(others, nodeName));
    const own = vtepOf({ addresses, podCidrs: this.#podCidrs });
    const peers = others.map(vtepOf).filter((vtep): vtep is Vtep => vtep !== undefined);
    if (own) await syncOverlay({ own, peers, mtu: mtu - overlayOverhead });
  }
}

function routeNode(node: Node): RouteNode {
  const addresses = (node.status?.addresses ?? []).filter(({ type }) => type === 'InternalIP').map(({ address }) => address);
  return { name: node.metadata?.name ?? '', addresses, podCidrs: node.spec?.podCIDRs ?? [] };
}
