import type { RenderOptions, SharedRule, Table, Tables } from './rules.ts';
import { comment } from './service.ts';

/** Chains that hold rules of many services, by table. */
export const sharedChains: Readonly<Record<Table, readonly string[]>> = {
  nat: ['KUBE-SERVICES', 'KUBE-NODEPORTS'],
  filter: ['KUBE-SERVICES', 'KUBE-EXTERNAL-SERVICES', 'KUBE-NODEPORTS', 'KUBE-PROXY-FIREWALL'],
  mangle: [],
};

/** Empty chains that tell, by being gone, that somebody flushed the tables. */
export const canary = 'KUBE-PROXY-CANARY';

export const tables: readonly Table[] = ['mangle', 'nat', 'filter'];

/** The chains that are there whatever the services. Those of `sharedChains` hold here what must come after the services' rules. */
export function baseChains(options: RenderOptions): Tables {
  const mark = `0x${(1 << options.masqueradeBit).toString(16)}`;
  const loopback = options.localhostNodePorts ? '' : '! -d 127.0.0.0/8 ';
  const nodePorts = comment('kubernetes service nodeports; NOTE: this must be the last rule in this chain');
  const nat = new Map<string, readonly string[]>([
    ['KUBE-SERVICES', [`${loopback}${nodePorts} -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS`]],
    ['KUBE-NODEPORTS', []],
    ['KUBE-MARK-MASQ', [`-j MARK --set-xmark ${mark}/${mark}`]],
    ['KUBE-POSTROUTING', [...egress(options), ...postrouting(mark)]],
    [canary, []],
  ]);
  const filter = new Map<string, readonly string[]>([
    ['KUBE-SERVICES', []],
    ['KUBE-EXTERNAL-SERVICES', []],
    ['KUBE-NODEPORTS', []],
    ['KUBE-PROXY-FIREWALL', []],
    ['KUBE-FORWARD', forward(mark)],
    ['KUBE-PROXY-UNASSIGNED', unassigned(options)],
    [canary, []],
  ]);
  return new Map([
    ['mangle', new Map([[canary, []]])],
    ['nat', nat],
    ['filter', filter],
  ]);
}

/** Packets marked on their way in get this node's address on their way out. */
function postrouting(mark: string): string[] {
  return [
    `-m mark ! --mark ${mark}/${mark} -j RETURN`,
    `-j MARK --set-xmark ${mark}/0x0`,
    `${comment('kubernetes service traffic requiring SNAT')} -j MASQUERADE --random-fully`,
  ];
}

function egress({ masqueradeEgress, clusterCIDR }: RenderOptions): string[] {
  if (!masqueradeEgress || !clusterCIDR) return [];
  return [`-s ${clusterCIDR} ! -d ${clusterCIDR} ${comment('pod traffic leaving the cluster')} -j MASQUERADE --random-fully`];
}

function forward(mark: string): string[] {
  return [
    '-m conntrack --ctstate INVALID -j DROP',
    `${comment('kubernetes forwarding rules')} -m mark --mark ${mark}/${mark} -j ACCEPT`,
    `${comment('kubernetes forwarding conntrack rule')} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
  ];
}

/** Translated packets no longer bear a service address here; one that still does would follow the default route out of the machine. */
function unassigned({ serviceRange }: RenderOptions): string[] {
  if (!serviceRange) return [];
  return [`-d ${serviceRange} ${comment('unassigned service address')} -j REJECT --reject-with icmp-port-unreachable`];
}

const fresh = '-m conntrack --ctstate NEW';

/** Rules in the kernel's own chains that lead into ours, in the order they are to be inserted at the head of their chains. */
export const jumps: readonly SharedRule[] = [
  jump('filter', 'INPUT', 'KUBE-EXTERNAL-SERVICES', 'kubernetes externally-visible service portals', fresh),
  jump('filter', 'FORWARD', 'KUBE-EXTERNAL-SERVICES', 'kubernetes externally-visible service portals', fresh),
  jump('filter', 'INPUT', 'KUBE-NODEPORTS', 'kubernetes health check service ports'),
  jump('filter', 'FORWARD', 'KUBE-PROXY-UNASSIGNED', 'packets to unassigned service addresses'),
  jump('filter', 'OUTPUT', 'KUBE-PROXY-UNASSIGNED', 'packets to unassigned service addresses'),
  jump('filter', 'FORWARD', 'KUBE-SERVICES', 'kubernetes service portals', fresh),
  jump('filter', 'OUTPUT', 'KUBE-SERVICES', 'kubernetes service portals', fresh),
  jump('filter', 'FORWARD', 'KUBE-FORWARD', 'kubernetes forwarding rules'),
  jump('filter', 'INPUT', 'KUBE-PROXY-FIREWALL', 'kubernetes load balancer firewall', fresh),
  jump('filter', 'OUTPUT', 'KUBE-PROXY-FIREWALL', 'kubernetes load balancer firewall', fresh),
  jump('filter', 'FORWARD', 'KUBE-PROXY-FIREWALL', 'kubernetes load balancer firewall', fresh),
  jump('nat', 'OUTPUT', 'KUBE-SERVICES', 'kubernetes service portals'),
  jump('nat', 'PREROUTING', 'KUBE-SERVICES', 'kubernetes service portals'),
  jump('nat', 'POSTROUTING', 'KUBE-POSTROUTING', 'kubernetes postrouting rules'),
];

function jump(table: Table, chain: string, target: string, why: string, match = ''): SharedRule {
  const matches = match === '' ? comment(why) : `${match} ${comment(why)}`;
  return { table, chain, rule: `${matches} -j ${target}` };
}
