import type { OptionSpecs } from '@keelson/component';

/** kube-proxy's flags under upstream's names, with the few that are ours marked so. */
export const options = {
  kubeconfig: text('', 'kubeconfig with the API server and the credentials to use', 'FILE'),
  'hostname-override': text('', "name of this node's Node object; the machine's name when empty", 'NAME'),
  'proxy-mode': text('iptables', 'how packets are led: iptables, ipvs or nftables', 'MODE'),
  'fall-back-to-iptables': flag('where this machine cannot do what --proxy-mode takes, say so and go on with iptables. Not in upstream'),
  'cluster-cidr': text(
    '',
    "range of the pods' addresses, one for each IP family; traffic to services from outside it is masqueraded",
    'CIDR',
  ),
  'service-cluster-ip-range': text(
    '',
    'range of service addresses; packets to those that nobody has are rejected, with nftables dropped. Without it nftables looks at ServiceCIDRs. Not in upstream',
    'CIDR',
  ),
  'masquerade-all': flag('masquerade all traffic to cluster IPs'),
  'masquerade-egress': flag("masquerade pods' traffic that leaves --cluster-cidr, so that pods reach the outside. Not in upstream"),
  'iptables-masquerade-bit': number(14, 'bit of the packet mark that asks for masquerading, 0 to 31'),
  'iptables-localhost-nodeports': flag(
    'answer node ports on 127.0.0.0/8; sets net.ipv4.conf.all.route_localnet. On by default in upstream',
  ),
  'iptables-binary': text('auto', 'which iptables: auto, nft, legacy or iptables. Not in upstream', 'FLAVOUR'),
  'iptables-sync-period': duration('30s', 'how often to look whether the rules still stand; the longest wait after a failure'),
  'iptables-min-sync-period': duration(
    '100ms',
    'least time between two changes of rules. 1s in upstream, where a change costs all services',
  ),
  'ipvs-scheduler': text('rr', 'how IPVS chooses among endpoints: rr, lc, sh, …', 'NAME'),
  'ipvs-strict-arp': flag(
    'answer ARP for addresses of the interface only that was asked; sets net.ipv4.conf.all.arp_ignore and arp_announce',
  ),
  'ipvs-exclude-cidrs': {
    type: 'list',
    default: [] as readonly string[],
    help: 'ranges of virtual servers that are not ours to delete',
    placeholder: 'CIDR,CIDR',
  },
  'ipvs-sync-period': duration('30s', 'as --iptables-sync-period, with --proxy-mode=ipvs'),
  'ipvs-min-sync-period': duration('100ms', 'as --iptables-min-sync-period, with --proxy-mode=ipvs. 1s in upstream'),
  'ipvs-tcp-timeout': duration('0s', 'idle timeout of TCP connections in IPVS; 0 leaves it alone'),
  'ipvs-tcpfin-timeout': duration('0s', 'timeout of TCP connections in IPVS after a FIN; 0 leaves it alone'),
  'ipvs-udp-timeout': duration('0s', 'timeout of UDP flows in IPVS; 0 leaves it alone'),
  'nftables-masquerade-all': flag('as --masquerade-all, with --proxy-mode=nftables. In upstream in the configuration file only'),
  'nftables-masquerade-bit': number(
    14,
    'as --iptables-masquerade-bit, with --proxy-mode=nftables. In upstream in the configuration file only',
  ),
  'nftables-sync-period': duration(
    '30s',
    'as --iptables-sync-period, with --proxy-mode=nftables. In upstream in the configuration file only',
  ),
  'nftables-min-sync-period': duration(
    '100ms',
    'as --iptables-min-sync-period, with --proxy-mode=nftables. 1s in upstream, and in the configuration file only',
  ),
  'nodeport-addresses': {
    type: 'list',
    default: [] as readonly string[],
    help: "with --proxy-mode=nftables, which of the node's addresses answer node ports: ranges, or primary for the node's own, which is the default. Other modes answer on all",
    placeholder: 'CIDR,CIDR',
  },
  'conntrack-max-per-core': number(0, 'connections to track per core; 0 leaves net.netfilter.nf_conntrack_max alone. 32768 in upstream'),
  'conntrack-min': number(131_072, 'least connections to track, when --conntrack-max-per-core is set'),
  'conntrack-tcp-timeout-established': duration(
    '24h',
    'idle timeout of TCP connections in this network namespace; 0 leaves the sysctl alone',
  ),
  'conntrack-tcp-timeout-close-wait': duration(
    '1h',
    'timeout of half-closed TCP connections in this network namespace; 0 leaves the sysctl alone',
  ),
  'healthz-bind-address': text('0.0.0.0:10256', 'where /healthz, /livez and /readyz are served; nowhere when empty', 'IP:PORT'),
  'metrics-bind-address': text('127.0.0.1:10249', 'where /metrics is served; nowhere when empty', 'IP:PORT'),
  'tls-cert-file': text(
    '',
    'certificate to serve metrics with over TLS, to callers the API server lets in; without one they are served on loopback only. Not in upstream',
    'FILE',
  ),
  'tls-private-key-file': text('', 'key of --tls-cert-file. Not in upstream', 'FILE'),
  'client-ca-file': text('', 'authority of client certificates that may read metrics. Not in upstream', 'FILE'),
  cleanup: flag('delete all rules of kube-proxy and exit'),
  'init-only': flag('change the kernel settings that other flags ask for and exit'),
} as const satisfies OptionSpecs;

function text(value: string, help: string, placeholder: string) {
  return { type: 'string', default: value, help, placeholder } as const;
}

function duration(value: string, help: string) {
  return { type: 'duration', default: value, help, placeholder: 'DURATION' } as const;
}

function number(value: number, help: string) {
  return { type: 'number', default: value, help } as const;
}

function flag(help: string) {
  return { type: 'boolean', default: false, help } as const;
}

/** `host:port`, IPv6 in brackets. @throws when it is none, naming the flag. */
export function bindAddress(name: string, value: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(value) ?? [];
  if (port === undefined) throw new Error(`invalid argument "${value}" for "--${name}" flag: want IP:PORT`);
  return { host: bracketed ?? (plain || '0.0.0.0'), port: Number(port) };
}
