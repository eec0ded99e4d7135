import { family } from './routes.ts';

/** How kubenet connects a node's pods. */
export interface KubenetConfig {
  /** The node's pod ranges: one, or one of each family. */
  readonly podCidrs: readonly string[];
  readonly bridge: string;
  readonly mtu: number;
  /** Where host-local remembers which address is whose. Absolute. */
  readonly ipamDir: string;
}

/** The bridge's name where nothing else is asked for. */
export const defaultBridge = 'cni0';

/**
 * The CNI network list: a bridge that is the pods' gateway, addresses from the node's ranges, host ports. Pods may reach themselves
 * through a Service (hairpin). No masquerading here: that is the node's own rule. The loopback interface is brought up by containerd.
 */
export function cniConflist({ podCidrs, bridge, mtu, ipamDir }: KubenetConfig): string {
  const everywhere = podCidrs.map((cidr) => ({ dst: family(cidr) === 6 ? '::/0' : '0.0.0.0/0' }));
  const conflist = {
    cniVersion: '0.4.0',
    name: 'kubenet',
    plugins: [
      {
        type: 'bridge',
        bridge,
        mtu,
        isGateway: true,
        ipMasq: false,
        hairpinMode: true,
        ipam: { type: 'host-local', dataDir: ipamDir, ranges: podCidrs.map((subnet) => [{ subnet }]), routes: everywhere },
      },
      { type: 'portmap', capabilities: { portMappings: true }, snat: true },
    ],
  };
  return `${JSON.stringify(conflist, null, 2)}\n`;
}
