/** Upstream's sets, which tell iptables whose packets to masquerade, by the type `ipset` gives them. */
export const setTypes: Readonly<Record<string, string>> = {
  'KUBE-LOOP-BACK': 'hash:ip,port,ip',
  'KUBE-CLUSTER-IP': 'hash:ip,port',
  'KUBE-EXTERNAL-IP': 'hash:ip,port',
  'KUBE-EXTERNAL-IP-LOCAL': 'hash:ip,port',
  'KUBE-LOAD-BALANCER': 'hash:ip,port',
  'KUBE-LOAD-BALANCER-LOCAL': 'hash:ip,port',
  'KUBE-LOAD-BALANCER-FW': 'hash:ip,port',
  'KUBE-LOAD-BALANCER-SOURCE-IP': 'hash:ip,port,ip',
  'KUBE-LOAD-BALANCER-SOURCE-CIDR': 'hash:ip,port,net',
  'KUBE-NODE-PORT-TCP': 'bitmap:port',
  'KUBE-NODE-PORT-LOCAL-TCP': 'bitmap:port',
  'KUBE-NODE-PORT-UDP': 'bitmap:port',
  'KUBE-NODE-PORT-LOCAL-UDP': 'bitmap:port',
  'KUBE-NODE-PORT-SCTP-HASH': 'hash:ip,port',
  'KUBE-NODE-PORT-LOCAL-SCTP-HASH': 'hash:ip,port',
  'KUBE-HEALTH-CHECK-NODE-PORT': 'bitmap:port',
  'KUBE-IPVS-IPS': 'hash:ip',
};

export interface HeldSets {
  /** Names of our sets that are there. */
  readonly names: ReadonlySet<string>;
  /** `SET element`. */
  readonly entries: ReadonlySet<string>;
}

/** Lines for `ipset restore` that make the sets that are missing. */
export function missingSets(names: ReadonlySet<string>): string[] {
  const missing = Object.entries(setTypes).filter(([name]) => !names.has(name));
  return missing.map(
    ([name, type]) => `create ${name} ${type} ${type === 'bitmap:port' ? 'range 0-65535' : 'family inet hashsize 1024 maxelem 65536'}`,
  );
}

/** Reads what `ipset save` prints; sets that are not ours are left out. */
export function parseSets(text: string): HeldSets {
  const names = new Set<string>();
  const entries = new Set<string>();
  for (const line of text.split('\n')) {
    const [verb, name = '', element = ''] = line.trim().split(' ');
    if (!Object.hasOwn(setTypes, name)) continue;
    if (verb === 'create') names.add(name);
    else if (verb === 'add') entries.add(`${name} ${element}`);
  }
  return { names, entries };
}
