import { canary, baseChains as iptablesChains, jumps as iptablesJumps, tables } from '../iptables/base.ts';
import type { Change } from '../iptables/change.ts';
import { portChainPattern } from '../iptables/names.ts';
import type { RenderOptions, SharedRule, Table, Tables } from '../iptables/rules.ts';
import { comment } from '../iptables/service.ts';

/*
 * With IPVS, iptables only decides what is masqueraded and let in. Which packets that concerns is in sets: these rules never change.
 */

const inSet = (set: string, what = 'dst,dst'): string => `-m set --match-set ${set} ${what}`;

/** The chains of the mode, with all their rules. */
export function ipvsChains(options: RenderOptions): Tables {
  const shared = iptablesChains(options);
  const from = (table: Table, chain: string): readonly string[] => shared.get(table)?.get(chain) ?? [];
  const loop = `${comment('Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose')} ${inSet('KUBE-LOOP-BACK', 'dst,dst,src')}`;
  const nat = new Map<string, readonly string[]>([
    ['KUBE-SERVICES', services(options)],
    ['KUBE-NODE-PORT', nodePorts()],
    ['KUBE-LOAD-BALANCER', balancers()],
    ['KUBE-MARK-MASQ', from('nat', 'KUBE-MARK-MASQ')],
    ['KUBE-POSTROUTING', [`${loop} -j MASQUERADE`, ...from('nat', 'KUBE-POSTROUTING')]],
    [canary, []],
  ]);
  const health = comment('Kubernetes health check node port');
  const filter = new Map<string, readonly string[]>([
    ['KUBE-FORWARD', from('filter', 'KUBE-FORWARD')],
    ['KUBE-NODE-PORT', [`${health} ${inSet('KUBE-HEALTH-CHECK-NODE-PORT', 'dst')} -j ACCEPT`]],
    ['KUBE-PROXY-FIREWALL', [firewallJump]],
    ['KUBE-SOURCE-RANGES-FIREWALL', sourceRanges()],
    ['KUBE-IPVS-FILTER', addressFilter()],
    ['KUBE-PROXY-UNASSIGNED', from('filter', 'KUBE-PROXY-UNASSIGNED').map((rule) => rule.replace(' -j ', ` ${notOurs} -j `))],
    [canary, []],
  ]);
  return new Map([
    ['mangle', new Map([[canary, []]])],
    ['nat', nat],
    ['filter', filter],
  ]);
}

const notOurs = '-m set ! --match-set KUBE-IPVS-IPS dst';
const firewallJump = `${comment('Kubernetes service load balancer ip + port for load balancer with sourceRange')} ${inSet('KUBE-LOAD-BALANCER-FW')} -j KUBE-SOURCE-RANGES-FIREWALL`;

function services({ clusterCIDR, masqueradeAll }: RenderOptions): string[] {
  const clusterIP = comment('Kubernetes service cluster ip + port for masquerade purpose');
  const sender = masqueradeAll || !clusterCIDR ? '' : `! -s ${clusterCIDR} `;
  // Without the pods' range, at least what a node sends from a service's own address finds its way back.
  const which = inSet('KUBE-CLUSTER-IP', masqueradeAll || clusterCIDR ? 'dst,dst' : 'src,dst');
  return [
    `${comment('Kubernetes service lb portal')} ${inSet('KUBE-LOAD-BALANCER')} -j KUBE-LOAD-BALANCER`,
    `${sender}${clusterIP} ${which} -j KUBE-MARK-MASQ`,
    `${comment('Kubernetes service external ip + port for masquerade and filter purpose')} ${inSet('KUBE-EXTERNAL-IP')} -j KUBE-MARK-MASQ`,
    '-m addrtype --dst-type LOCAL -j KUBE-NODE-PORT',
    `${inSet('KUBE-CLUSTER-IP')} -j ACCEPT`,
    `${inSet('KUBE-LOAD-BALANCER')} -j ACCEPT`,
  ];
}

function nodePorts(): string[] {
  return ['TCP', 'UDP', 'SCTP'].flatMap((protocol) => {
    const [suffix, what] = protocol === 'SCTP' ? ['SCTP-HASH', 'dst,dst'] : [protocol, 'dst'];
    const rule = (why: string, set: string, target: string): string =>
      `-p ${protocol.toLowerCase()} ${comment(why)} ${inSet(set, what)} -j ${target}`;
    return [
      rule(`Kubernetes nodeport ${protocol} port with externalTrafficPolicy=local`, `KUBE-NODE-PORT-LOCAL-${suffix}`, 'RETURN'),
      rule(`Kubernetes nodeport ${protocol} port for masquerade purpose`, `KUBE-NODE-PORT-${suffix}`, 'KUBE-MARK-MASQ'),
    ];
  });
}

function balancers(): string[] {
  const local = comment('Kubernetes service load balancer ip + port with externalTrafficPolicy=local');
  return [`${local} ${inSet('KUBE-LOAD-BALANCER-LOCAL')} -j RETURN`, '-j KUBE-MARK-MASQ'];
}

function sourceRanges(): string[] {
  const ranges = comment('Kubernetes service load balancer ip + port + source cidr for packet filter purpose');
  const own = comment('Kubernetes service load balancer ip + port + source IP for packet filter purpose');
  return [
    `${ranges} ${inSet('KUBE-LOAD-BALANCER-SOURCE-CIDR', 'dst,dst,src')} -j RETURN`,
    `${own} ${inSet('KUBE-LOAD-BALANCER-SOURCE-IP', 'dst,dst,src')} -j RETURN`,
    '-j DROP',
  ];
}

/** Services' addresses are this node's: on ports that no service has, they must not lead to what the node itself listens on. */
function addressFilter(): string[] {
  const sets = ['KUBE-LOAD-BALANCER', 'KUBE-CLUSTER-IP', 'KUBE-EXTERNAL-IP', 'KUBE-EXTERNAL-IP-LOCAL'];
  return [
    ...sets.map((set) => `${inSet(set)} -j RETURN`),
    `${inSet('KUBE-HEALTH-CHECK-NODE-PORT', 'dst')} -j RETURN`,
    `-m conntrack --ctstate NEW ${inSet('KUBE-IPVS-IPS', 'dst')} -j REJECT --reject-with icmp-port-unreachable`,
  ];
}

function jump(table: Table, chain: string, target: string, why: string): SharedRule {
  return { table, chain, rule: `${comment(why)} -j ${target}` };
}

/** Rules in the kernel's own chains that lead into ours, in the order they are to be inserted at the head of their chains. */
export const ipvsJumps: readonly SharedRule[] = [
  jump('filter', 'FORWARD', 'KUBE-PROXY-UNASSIGNED', 'packets to unassigned service addresses'),
  jump('filter', 'OUTPUT', 'KUBE-PROXY-UNASSIGNED', 'packets to unassigned service addresses'),
  jump('filter', 'INPUT', 'KUBE-IPVS-FILTER', 'kubernetes ipvs access filter'),
  jump('filter', 'INPUT', 'KUBE-PROXY-FIREWALL', 'kube-proxy firewall rules'),
  jump('filter', 'FORWARD', 'KUBE-PROXY-FIREWALL', 'kube-proxy firewall rules'),
  jump('filter', 'INPUT', 'KUBE-NODE-PORT', 'kubernetes health check rules'),
  jump('filter', 'FORWARD', 'KUBE-FORWARD', 'kubernetes forwarding rules'),
  jump('nat', 'OUTPUT', 'KUBE-SERVICES', 'kubernetes service portals'),
  jump('nat', 'PREROUTING', 'KUBE-SERVICES', 'kubernetes service portals'),
  jump('nat', 'POSTROUTING', 'KUBE-POSTROUTING', 'kubernetes postrouting rules'),
];

/** What brings tables as found to exactly these chains; those of the other mode go. */
export function chainsChange(kernel: Tables, options: RenderOptions): Change {
  const wanted = ipvsChains(options);
  const write = tables.flatMap((table) =>
    [...(wanted.get(table) ?? [])]
      .filter(([chain, rules]) => kernel.get(table)?.get(chain)?.join('\n') !== rules.join('\n') || !kernel.get(table)?.has(chain))
      .map(([chain, rules]) => ({ table, chain, rules })),
  );
  const remove = chainsOf(kernel).filter(({ table, chain }) => isOurs(table, chain) && !wanted.get(table)?.has(chain));
  const held = ourJumps(kernel);
  const keys = new Set(held.map(keyOf));
  const kept = new Set(ipvsJumps.map(keyOf));
  return { write, insert: ipvsJumps.filter((rule) => !keys.has(keyOf(rule))), drop: held.filter((rule) => !kept.has(keyOf(rule))), remove };
}

/** Takes every chain of the mode, and every rule that leads to one, out of tables as found. */
export function chainsCleanup(kernel: Tables): Change {
  return { write: [], insert: [], drop: ourJumps(kernel), remove: chainsOf(kernel).filter(({ table, chain }) => isOurs(table, chain)) };
}

/** Whether these tables were left behind by this mode. */
export function hasIpvsChains(kernel: Tables): boolean {
  return kernel.get('nat')?.has('KUBE-LOAD-BALANCER') === true;
}

const anyOptions: RenderOptions = { masqueradeAll: false, masqueradeEgress: false, masqueradeBit: 14, localhostNodePorts: false };
const known = [ipvsChains(anyOptions), iptablesChains(anyOptions)];

function isOurs(table: Table, chain: string): boolean {
  return portChainPattern.test(chain) || known.some((one) => one.get(table)?.has(chain));
}

function chainsOf(kernel: Tables): { readonly table: Table; readonly chain: string }[] {
  return [...kernel].flatMap(([table, chains]) => [...chains.keys()].map((chain) => ({ table, chain })));
}

/** Rules in the kernel's own chains that lead to ours. */
function ourJumps(kernel: Tables): SharedRule[] {
  const targets = new Set([...ipvsJumps, ...iptablesJumps].map(({ rule }) => targetOf(rule)));
  return chainsOf(kernel)
    .filter(({ chain }) => !chain.startsWith('KUBE-'))
    .flatMap(({ table, chain }) => (kernel.get(table)?.get(chain) ?? []).map((rule) => ({ table, chain, rule })))
    .filter(({ rule }) => targets.has(targetOf(rule)));
}

function targetOf(rule: string): string {
  return /-j (\S+)$/.exec(rule)?.[1] ?? '';
}

function keyOf({ table, chain, rule }: SharedRule): string {
  return `${table} ${chain} ${rule}`;
}
