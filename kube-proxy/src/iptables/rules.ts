/** Rules as data. Every rule is written exactly as `iptables-save` prints it, so that what the kernel holds can be compared with what is wanted. */

export type Table = 'nat' | 'filter' | 'mangle';

/** A rule in one of the chains that many services share; its place among the others does not matter. */
export interface SharedRule {
  readonly table: Table;
  readonly chain: string;
  readonly rule: string;
}

/** All rules of one service. */
export interface ServiceRules {
  /** Chains of the nat table that belong to this service alone, with their whole contents. */
  readonly chains: ReadonlyMap<string, readonly string[]>;
  readonly shared: readonly SharedRule[];
}

/** Contents of chains by table and name. */
export type Tables = ReadonlyMap<Table, ReadonlyMap<string, readonly string[]>>;

export interface RenderOptions {
  /** The pods' range: tells pods' traffic from the rest. Without it no traffic counts as a pod's. */
  readonly clusterCIDR?: string | undefined;
  /** The services' range: packets to addresses of it that no rule translated are rejected rather than routed. */
  readonly serviceRange?: string | undefined;
  /** Traffic to cluster IPs is masqueraded whoever sends it. */
  readonly masqueradeAll: boolean;
  /** Pods' traffic that leaves `clusterCIDR` is masqueraded. */
  readonly masqueradeEgress: boolean;
  /** The bit of the packet mark that asks for masquerading; 14 as upstream. */
  readonly masqueradeBit: number;
  /** Node ports answer on 127.0.0.0/8 too. The kernel must be told with `net.ipv4.conf.all.route_localnet`. */
  readonly localhostNodePorts: boolean;
}

export const noRules: ServiceRules = { chains: new Map(), shared: [] };
