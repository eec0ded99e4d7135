import type { Endpoint, WantedPort, WantedService } from '../model/types.ts';
import { endpointChain, type PortChains, portChains, socket } from './names.ts';
import type { RenderOptions, ServiceRules, SharedRule } from './rules.ts';

/** The rules of one service, in upstream's chains. Depends on nothing but its arguments. */
export function renderService(service: WantedService, options: RenderOptions): ServiceRules {
  const chains = new Map<string, readonly string[]>();
  const shared: SharedRule[] = [];
  for (const port of service.ports) {
    for (const [chain, rules] of renderChains(port, options)) chains.set(chain, rules);
    shared.push(...dispatch(port));
    if (service.health) shared.push(healthRule(port.name, service.health.port));
  }
  return { chains, shared };
}

/** What a port's packets meet: which of its chains exist and where each kind of traffic goes. */
interface Routes {
  readonly names: PortChains;
  /** Chain of traffic under the internal and external policy; undefined when it has no endpoint. */
  readonly internal: string | undefined;
  readonly external: string | undefined;
  readonly isExternal: boolean;
}

function routes(port: WantedPort): Routes {
  const names = portChains(port.name, port.protocol);
  const cluster = port.cluster.length > 0 ? names.svc : undefined;
  const local = port.local.length > 0 ? names.svl : undefined;
  return {
    names,
    internal: port.internalLocal ? local : cluster,
    external: port.externalLocal ? local : cluster,
    isExternal: port.nodePort > 0 || port.externalIPs.length > 0 || port.loadBalancerIPs.length > 0,
  };
}

function renderChains(port: WantedPort, options: RenderOptions): Map<string, readonly string[]> {
  const chains = new Map<string, readonly string[]>();
  const { names, internal, isExternal } = routes(port);
  const externalUsed = isExternal && (port.cluster.length > 0 || port.local.length > 0);
  if (port.cluster.length > 0)
    chains.set(names.svc, [...(internal === names.svc ? masquerade(port, options) : []), ...spread(port, port.cluster)]);
  if (port.local.length > 0)
    chains.set(names.svl, [...(internal === names.svl ? masquerade(port, options) : []), ...spread(port, port.local)]);
  if (externalUsed) chains.set(names.ext, externalChain(port, options));
  if (externalUsed && usesFirewall(port)) chains.set(names.fw, firewallChain(port, names));
  for (const endpoint of [...port.cluster, ...port.local])
    chains.set(endpointChain(port.name, port.protocol, endpoint), endpointRules(port, endpoint));
  return chains;
}

/** Traffic to the cluster IP from outside the pods' range must come back this way. */
function masquerade(port: WantedPort, options: RenderOptions): string[] {
  const from = options.masqueradeAll ? '' : options.clusterCIDR ? `! -s ${options.clusterCIDR} ` : undefined;
  if (from === undefined) return [];
  return [`${from}${to(port.clusterIP)} ${packet(port, `${port.name} cluster IP`)} --dport ${port.port} -j KUBE-MARK-MASQ`];
}

function spread(port: WantedPort, endpoints: readonly Endpoint[]): string[] {
  const sticky = port.affinitySeconds > 0 ? endpoints.map((endpoint) => stickyRule(port, endpoint)) : [];
  return [...sticky, ...endpoints.map((endpoint, i) => choiceRule(port, endpoint, endpoints.length - i))];
}

function stickyRule(port: WantedPort, endpoint: Endpoint): string {
  const chain = endpointChain(port.name, port.protocol, endpoint);
  const seen = `-m recent --rcheck --seconds ${port.affinitySeconds} --reap --name ${chain} ${recentTail}`;
  return `${comment(`${port.name} -> ${socket(endpoint)}`)} ${seen} -j ${chain}`;
}

const recentTail = '--mask 255.255.255.255 --rsource';

/** One in `left` of the packets that come this far; all of them at the last endpoint. */
function choiceRule(port: WantedPort, endpoint: Endpoint, left: number): string {
  const chance = left > 1 ? ` -m statistic --mode random --probability ${probability(1 / left)}` : '';
  return `${comment(`${port.name} -> ${socket(endpoint)}`)}${chance} -j ${endpointChain(port.name, port.protocol, endpoint)}`;
}

/** The kernel keeps probabilities in 31 bits and prints them with eleven digits. */
function probability(value: number): string {
  return (Math.round(value * 2 ** 31) / 2 ** 31).toFixed(11);
}

function endpointRules(port: WantedPort, endpoint: Endpoint): string[] {
  const remember =
    port.affinitySeconds > 0 ? ` -m recent --set --name ${endpointChain(port.name, port.protocol, endpoint)} ${recentTail}` : '';
  return [
    `-s ${host(endpoint.ip)} ${comment(port.name)} -j KUBE-MARK-MASQ`,
    `-p ${port.protocol} ${comment(port.name)}${remember} -m ${port.protocol} -j DNAT --to-destination ${socket(endpoint)}`,
  ];
}

/** Under policy Local, pods and this node itself still reach every endpoint: the load balancer's job is only to spare a hop. */
function externalChain(port: WantedPort, options: RenderOptions): string[] {
  const { names, external } = routes(port);
  const what = `${port.name} external destinations`;
  const rules: string[] = [];
  if (!port.externalLocal) {
    rules.push(`${comment(`masquerade traffic for ${what}`)} -j KUBE-MARK-MASQ`);
  } else if (port.cluster.length > 0) {
    if (options.clusterCIDR) rules.push(`-s ${options.clusterCIDR} ${comment(`pod traffic for ${what}`)} -j ${names.svc}`);
    rules.push(`${comment(`masquerade LOCAL traffic for ${what}`)} -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ`);
    rules.push(`${comment(`route LOCAL traffic for ${what}`)} -m addrtype --src-type LOCAL -j ${names.svc}`);
  }
  if (external) rules.push(`-j ${external}`);
  return rules;
}

function usesFirewall(port: WantedPort): boolean {
  return port.loadBalancerIPs.length > 0 && port.sourceRanges.length > 0;
}

function firewallChain(port: WantedPort, names: PortChains): string[] {
  const why = comment(`${port.name} loadbalancer IP`);
  const ranges = port.sourceRanges.map((range) => (range.includes('/') ? range : host(range)));
  return [
    ...ranges.map((range) => `-s ${range} ${why} -j ${names.ext}`),
    comment(`other traffic to ${port.name} will be dropped by KUBE-PROXY-FIREWALL`),
  ];
}

function dispatch(port: WantedPort): SharedRule[] {
  const { names, internal } = routes(port);
  const rules: SharedRule[] = [];
  const clusterIP = `${to(port.clusterIP)} ${packet(port, internal ? `${port.name} cluster IP` : `${port.name} ${lack(port)}`)} --dport ${port.port}`;
  if (internal) rules.push({ table: 'nat', chain: 'KUBE-SERVICES', rule: `${clusterIP} -j ${internal}` });
  else rules.push({ table: 'filter', chain: 'KUBE-SERVICES', rule: `${clusterIP} ${refusal(port)}` });
  if (port.cluster.length > 0 || port.local.length > 0) rules.push(...externalDispatch(port, names));
  rules.push(...externalRefusals(port));
  return rules;
}

function externalDispatch(port: WantedPort, names: PortChains): SharedRule[] {
  const nat = (chain: string, rule: string): SharedRule => ({ table: 'nat', chain, rule });
  const rules = port.externalIPs.map((ip) =>
    nat('KUBE-SERVICES', `${to(ip)} ${packet(port, `${port.name} external IP`)} --dport ${port.port} -j ${names.ext}`),
  );
  const firewall = usesFirewall(port);
  for (const ip of port.loadBalancerIPs) {
    rules.push(
      nat(
        'KUBE-SERVICES',
        `${to(ip)} ${packet(port, `${port.name} loadbalancer IP`)} --dport ${port.port} -j ${firewall ? names.fw : names.ext}`,
      ),
    );
    if (!firewall) continue;
    const why = `${port.name} traffic not accepted by ${names.fw}`;
    rules.push({ table: 'filter', chain: 'KUBE-PROXY-FIREWALL', rule: `${to(ip)} ${packet(port, why)} --dport ${port.port} -j DROP` });
  }
  if (port.nodePort > 0) rules.push(nat('KUBE-NODEPORTS', `${packet(port, port.name)} --dport ${port.nodePort} -j ${names.ext}`));
  return rules;
}

/** Traffic from outside that this node has no endpoint for: refused when nobody has one, dropped when policy sends it elsewhere. */
function externalRefusals(port: WantedPort): SharedRule[] {
  if (routes(port).external) return [];
  const rule = (match: string): SharedRule => ({ table: 'filter', chain: 'KUBE-EXTERNAL-SERVICES', rule: `${match} ${refusal(port)}` });
  const why = `${port.name} ${lack(port)}`;
  const rules = [...port.externalIPs, ...port.loadBalancerIPs].map((ip) => rule(`${to(ip)} ${packet(port, why)} --dport ${port.port}`));
  if (port.nodePort > 0)
    rules.push(rule(`-p ${port.protocol} ${comment(why)} -m addrtype --dst-type LOCAL -m ${port.protocol} --dport ${port.nodePort}`));
  return rules;
}

function lack(port: WantedPort): string {
  return port.hasEndpoints ? 'has no local endpoints' : 'has no endpoints';
}

function refusal(port: WantedPort): string {
  return port.hasEndpoints ? '-j DROP' : '-j REJECT --reject-with icmp-port-unreachable';
}

function healthRule(name: string, port: number): SharedRule {
  return {
    table: 'filter',
    chain: 'KUBE-NODEPORTS',
    rule: `-p tcp ${comment(`${name} health check node port`)} -m tcp --dport ${port} -j ACCEPT`,
  };
}

function packet(port: WantedPort, why: string): string {
  return `-p ${port.protocol} ${comment(why)} -m ${port.protocol}`;
}

function to(ip: string): string {
  return `-d ${host(ip)}`;
}

function host(ip: string): string {
  return ip.includes(':') ? `${ip}/128` : `${ip}/32`;
}

/** `iptables-save` quotes all but plain words. */
export function comment(text: string): string {
  return `-m comment --comment ${/^[A-Za-z0-9_-]+$/.test(text) ? text : `"${text}"`}`;
}
