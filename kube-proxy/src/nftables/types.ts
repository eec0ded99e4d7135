/**
 * An nftables table as data. Rules, hooks and elements are written exactly as `nft -y -p list table` prints them, so that what the kernel
 * holds can be compared with what is wanted: protocols and priorities are numbers, which no machine's /etc/protocols can change.
 */

export interface Chain {
  /** `type … hook … priority …; policy accept;` of a chain that packets come through by themselves. */
  readonly hook?: string | undefined;
  readonly rules: readonly string[];
}

/** A set, or a map of verdicts. */
export interface Container {
  readonly kind: 'set' | 'map';
  /** `ipv4_addr`, `inet_proto . inet_service : verdict`, … */
  readonly type: string;
  /** Seconds after which elements go by themselves; the kernel alone knows which there are. */
  readonly timeout?: number | undefined;
  /** What follows the key by key: empty, ` : goto CHAIN`, ` comment "…" : drop`. */
  readonly elements: ReadonlyMap<string, string>;
}

export interface Table {
  readonly chains: ReadonlyMap<string, Chain>;
  readonly containers: ReadonlyMap<string, Container>;
}

export const noTable: Table = { chains: new Map(), containers: new Map() };

/** All that one service puts into the table. */
export interface ServiceRules {
  /** Chains that belong to it alone, with their whole contents. */
  readonly chains: ReadonlyMap<string, readonly string[]>;
  /** Sets that belong to it alone: seconds that a client stays bound to an endpoint, by name. */
  readonly affinity: ReadonlyMap<string, number>;
  /** Its elements of containers that all share: what follows the key, by `CONTAINER KEY`. */
  readonly elements: ReadonlyMap<string, string>;
}

export const noRules: ServiceRules = { chains: new Map(), affinity: new Map(), elements: new Map() };

export interface RenderOptions {
  /** The pods' range: tells pods' traffic from the rest. Without it no traffic counts as a pod's. */
  readonly clusterCIDR?: string | undefined;
  /** Traffic to cluster IPs is masqueraded whoever sends it. */
  readonly masqueradeAll: boolean;
  /** Pods' traffic that leaves `clusterCIDR` is masqueraded. */
  readonly masqueradeEgress: boolean;
  /** The services' range, where it was said; else ServiceCIDRs say it. Packets to addresses of it that nobody has are dropped. */
  readonly serviceRange?: string | undefined;
  /** The bit of the packet mark that asks for masquerading; 14 as upstream. */
  readonly masqueradeBit: number;
}
