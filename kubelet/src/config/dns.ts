import type { Pod } from '@keelson/types';
import type { SandboxConfig } from '../cri/types.ts';
import { podSpec } from '../pod/containers.ts';
import { podNamespace } from '../pod/naming.ts';

export interface DnsSettings {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

export interface ClusterDns {
  readonly servers: readonly string[];
  readonly domain: string;
}

/** As many as the C library reads, and as Kubernetes lets through. */
const [mostServers, mostSearches, mostSearchCharacters] = [3, 32, 2048];

/** The pod's resolver settings by `dnsPolicy` and `dnsConfig`; `host` is the node's own resolv.conf. What is past the limits is left out. */
export function podDns(pod: Pod, cluster: ClusterDns, host: DnsSettings): SandboxConfig['dns'] {
  const base = basis(pod, cluster, host);
  const { nameservers = [], searches = [], options = [] } = podSpec(pod).dnsConfig ?? {};
  return {
    servers: unique([...base.servers, ...nameservers]).slice(0, mostServers),
    searches: fitting(unique([...base.searches, ...searches]).slice(0, mostSearches)),
    options: mergeOptions(
      base.options,
      options.map(({ name = '', value }) => (value === undefined ? name : `${name}:${value}`)),
    ),
  };
}

function fitting(searches: readonly string[]): readonly string[] {
  const fits = (count: number): boolean => searches.slice(0, count).join(' ').length <= mostSearchCharacters;
  return searches.filter((_, index) => fits(index + 1));
}

function basis(pod: Pod, cluster: ClusterDns, host: DnsSettings): DnsSettings {
  const { dnsPolicy = 'ClusterFirst', hostNetwork } = podSpec(pod);
  if (dnsPolicy === 'None') return { servers: [], searches: [], options: [] };
  const asHost = dnsPolicy === 'Default' || (dnsPolicy === 'ClusterFirst' && hostNetwork === true) || cluster.servers.length === 0;
  if (asHost) return host;
  const { domain } = cluster;
  const own = domain === '' ? [] : [`${podNamespace(pod)}.svc.${domain}`, `svc.${domain}`, domain];
  return { servers: cluster.servers, searches: unique([...own, ...host.searches]), options: ['ndots:5'] };
}

/** The pod's word on an option replaces the one before it. */
function mergeOptions(base: readonly string[], extra: readonly string[]): readonly string[] {
  const name = (option: string): string => option.split(':')[0] ?? option;
  const replaced = new Set(extra.map(name));
  return [...base.filter((option) => !replaced.has(name(option))), ...extra];
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}

/** Reads resolv.conf(5). */
export function parseResolvConf(text: string): DnsSettings {
  const servers: string[] = [];
  let searches: string[] = [];
  let options: string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'nameserver' && values[0]) servers.push(values[0]);
    if (keyword === 'search') searches = values.map((value) => value.replace(/(.)\.$/, '$1'));
    if (keyword === 'options') options = [...options, ...values];
  }
  return { servers, searches, options };
}
