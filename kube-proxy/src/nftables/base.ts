import { matching, mergedRanges } from './ranges.ts';
import type { Chain, Container, RenderOptions, Table } from './types.ts';

/** What the rest of the table depends on besides options. */
export interface BaseOptions extends RenderOptions {
  /** Addresses that answer node ports; undefined: all that this node has, but for loopback. */
  readonly nodePortIPs: readonly string[] | undefined;
  /** The services' ranges: packets to addresses of them that nobody has are dropped. */
  readonly serviceRanges: readonly string[];
}

const destination = 'ipv4_addr . inet_proto . inet_service : verdict';
const nodePort = 'inet_proto . inet_service : verdict';

/** Containers that services have elements in, and what upstream says of each. */
const shared: readonly (readonly [name: string, kind: 'set' | 'map', type: string])[] = [
  ['cluster-ips', 'set', 'ipv4_addr'],
  ['hairpin-connections', 'set', 'ipv4_addr . ipv4_addr . inet_proto . inet_service'],
  ['service-ips', 'map', destination],
  ['service-nodeports', 'map', nodePort],
  ['no-endpoint-services', 'map', destination],
  ['no-endpoint-nodeports', 'map', nodePort],
  ['firewall-ips', 'map', destination],
];

/** A set that is there whatever the services, and small: its being gone tells that somebody flushed the tables. */
export const canary = 'hairpin-connections';

const comments: Readonly<Record<string, string>> = {
  'cluster-ips': 'Active ClusterIPs',
  'hairpin-connections': 'service hairpin connections',
  'nodeport-ips': 'IPs that accept NodePort traffic',
  'service-ips': 'ClusterIP, ExternalIP and LoadBalancer IP traffic',
  'service-nodeports': 'NodePort traffic',
  'no-endpoint-services': 'vmap to drop or reject packets to services with no endpoints',
  'no-endpoint-nodeports': 'vmap to drop or reject packets to service nodeports with no endpoints',
  'firewall-ips': 'destinations that are subject to LoadBalancerSourceRanges',
  'reject-chain': 'helper for @no-endpoint-services / @no-endpoint-nodeports',
};

/** What upstream says of a chain, set or map to those who list the table. */
export function commentOf(name: string): string | undefined {
  return comments[name];
}

/** The part of the table that is there whatever the services. */
export function baseTable(options: BaseOptions): Table {
  const containers = new Map<string, Container>(shared.map(([name, kind, type]) => [name, { kind, type, elements: new Map() }]));
  const { nodePortIPs } = options;
  if (nodePortIPs)
    containers.set('nodeport-ips', { kind: 'set', type: 'ipv4_addr', elements: new Map(nodePortIPs.map((address) => [address, ''])) });
  return { containers, chains: new Map<string, Chain>([...hooked(), ...regular(options)]) };
}

/** Mark of packets to be masqueraded, as nft prints it. */
function markOf({ masqueradeBit }: RenderOptions): string {
  return `0x${((1 << masqueradeBit) >>> 0).toString(16).padStart(8, '0')}`;
}

/** The rule's end that asks for masquerading. */
export function masqueradeMark(options: RenderOptions): string {
  return `meta mark set meta mark | ${markOf(options)}`;
}

/** Source ranges must be looked at before addresses are translated; what is left to services' addresses afterwards has nowhere to go. */
function hooked(): [string, Chain][] {
  const chain = (name: string, type: string, hook: string, priority: number, ...rules: string[]): [string, Chain] => [
    name,
    { hook: `type ${type} hook ${hook} priority ${priority}; policy accept;`, rules },
  ];
  const fresh = (target: string): string => `ct state new jump ${target}`;
  const unserved = [fresh('service-endpoints-check'), fresh('cluster-ips-check')];
  return [
    chain('filter-prerouting-pre-dnat', 'filter', 'prerouting', -110, fresh('firewall-check')),
    chain('filter-output-pre-dnat', 'filter', 'output', -110, fresh('firewall-check')),
    chain('nat-prerouting', 'nat', 'prerouting', -100, 'jump services'),
    chain('nat-output', 'nat', 'output', -100, 'jump services'),
    chain('filter-input', 'filter', 'input', 0, fresh('nodeport-endpoints-check'), fresh('service-endpoints-check')),
    chain('filter-forward', 'filter', 'forward', 0, ...unserved),
    chain('filter-output', 'filter', 'output', 0, ...unserved),
    chain('nat-postrouting', 'nat', 'postrouting', 100, 'jump masquerading'),
  ];
}

function regular(options: BaseOptions): [string, Chain][] {
  const lookUp = (map: string): string => `ip daddr . meta l4proto . th dport vmap @${map}`;
  const lookUpPort = (map: string): string => `meta l4proto . th dport vmap @${map}`;
  const toNode = options.nodePortIPs ? 'ip daddr @nodeport-ips' : 'ip daddr != 127.0.0.0/8';
  const local = options.nodePortIPs ? '' : 'fib daddr type local ';
  const chains: Readonly<Record<string, readonly string[]>> = {
    services: [...markClusterIPs(options), lookUp('service-ips'), `${local}${toNode} ${lookUpPort('service-nodeports')}`],
    'service-endpoints-check': [lookUp('no-endpoint-services')],
    'nodeport-endpoints-check': [`${toNode} ${lookUpPort('no-endpoint-nodeports')}`],
    'firewall-check': [lookUp('firewall-ips')],
    'cluster-ips-check': unassigned(options),
    masquerading: masquerading(options),
    'reject-chain': ['reject'],
  };
  return Object.entries(chains).map(([name, rules]) => [name, { rules }]);
}

/** Traffic to cluster IPs from outside the pods' range must come back this way. */
function markClusterIPs(options: RenderOptions): string[] {
  const mark = masqueradeMark(options);
  if (options.masqueradeAll) return [`ip daddr @cluster-ips ${mark} comment "masquerade clusterIP traffic"`];
  if (!options.clusterCIDR) return [];
  const foreign = `ip daddr @cluster-ips ip saddr != ${options.clusterCIDR}`;
  return [`${foreign} ${mark} comment "masquerade clusterIP traffic from outside cluster"`];
}

/** Marked packets, and those of a pod to itself, get this node's address on their way out. */
function masquerading(options: RenderOptions): string[] {
  const mark = markOf(options);
  const { clusterCIDR, masqueradeEgress } = options;
  const leaving = `ip saddr ${clusterCIDR} ip daddr != ${clusterCIDR} masquerade fully-random comment "pod traffic leaving the cluster"`;
  return [
    `meta mark & ${mark} != 0x00000000 meta mark set meta mark ^ ${mark} masquerade fully-random`,
    'ct status dnat ip saddr . ip daddr . meta l4proto . th dport @hairpin-connections masquerade fully-random',
    ...(masqueradeEgress && clusterCIDR ? [leaving] : []),
  ];
}

/** Translated packets no longer bear a service's address; one that still does would follow the default route out of the machine. */
function unassigned({ serviceRanges }: BaseOptions): string[] {
  const ranges = mergedRanges(serviceRanges);
  const ports = 'ip daddr @cluster-ips reject comment "Reject traffic to invalid ports of ClusterIPs"';
  if (ranges.length === 0) return [ports];
  return [ports, `${matching('ip daddr', ranges)} drop comment "Drop traffic to unallocated ClusterIPs"`];
}
