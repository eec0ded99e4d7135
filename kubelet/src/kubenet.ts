import type { Node } from '@keelson/types';
import type { PodNetwork } from './kubelet.ts';
import { enableForwarding, type RouteNode, syncHostRoutes, wantedRoutes, writeConflist } from './network/index.ts';

export interface KubenetOptions {
  readonly nodeName: string;
  readonly confDir: string;
  readonly ipamDir: string;
  readonly bridge: string;
  readonly mtu: number;
}

/** The pod network that the kubelet makes itself: a bridge on the node, host routes between nodes. */
export function kubenet({ nodeName, confDir, ipamDir, bridge, mtu }: KubenetOptions): PodNetwork {
  return {
    async setUp(podCidrs) {
      await enableForwarding(podCidrs);
      await writeConflist(confDir, { podCidrs, bridge, mtu, ipamDir });
    },
    connect: (nodes) => syncHostRoutes(wantedRoutes(nodes.map(routeNode), nodeName)),
  };
}

function routeNode(node: Node): RouteNode {
  const addresses = (node.status?.addresses ?? []).filter(({ type }) => type === 'InternalIP').map(({ address }) => address);
  return { name: node.metadata?.name ?? '', addresses, podCidrs: node.spec?.podCIDRs ?? [] };
}
