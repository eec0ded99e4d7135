import { parseCidr, parseIp, rangeContains } from '@keelson/machinery';
import type { Endpoint, WantedPort, WantedService } from '../model/types.ts';
import { masqueradeMark } from './base.ts';
import { endpointNames, type PortChains, portChains } from './names.ts';
import { matching, mergedRanges } from './ranges.ts';
import type { RenderOptions, ServiceRules } from './types.ts';

const protocolNumbers = { tcp: 6, udp: 17, sctp: 132 } as const;

/** The rules of one service, in upstream's chains and maps. Depends on nothing but its arguments; `nodeIP` is this node's address. */
export function renderService(service: WantedService, options: RenderOptions, nodeIP: string | undefined): ServiceRules {
  const rules = { chains: new Map<string, readonly string[]>(), affinity: new Map<string, number>(), elements: new Map<string, string>() };
  for (const port of service.ports) {
    const routes = routesOf(port);
    for (const [chain, content] of portRules(port, routes, options, nodeIP)) rules.chains.set(chain, content);
    for (const [id, tail] of [...internalElements(port, routes), ...externalElements(port, routes), ...hairpins(port)])
      rules.elements.set(id, tail);
    if (port.affinitySeconds === 0) continue;
    for (const { names, content } of boundEndpoints(port)) {
      rules.chains.set(names.chain, content);
      rules.affinity.set(names.affinity, port.affinitySeconds);
    }
  }
  return rules;
}

/** Where each kind of a port's traffic goes. */
interface Routes {
  readonly names: PortChains;
  /** Chain of traffic under the internal and external policy; undefined when it has no endpoint. */
  readonly internal: string | undefined;
  readonly external: string | undefined;
  /** Some of the traffic from outside is led somewhere: pods and this node reach every endpoint whatever the policy. */
  readonly entered: boolean;
}

function routesOf(port: WantedPort): Routes {
  const names = portChains(port.name, port.protocol);
  const cluster = port.cluster.length > 0 ? names.service : undefined;
  const local = port.local.length > 0 ? names.local : undefined;
  const isExternal = port.nodePort > 0 || port.externalIPs.length > 0 || port.loadBalancerIPs.length > 0;
  return {
    names,
    internal: port.internalLocal ? local : cluster,
    external: port.externalLocal ? local : cluster,
    entered: isExternal && (cluster !== undefined || local !== undefined),
  };
}

function portRules(port: WantedPort, routes: Routes, options: RenderOptions, nodeIP: string | undefined): Map<string, readonly string[]> {
  const chains = new Map<string, readonly string[]>();
  const { names } = routes;
  if (port.cluster.length > 0) chains.set(names.service, spread(port, port.cluster));
  if (port.local.length > 0) chains.set(names.local, spread(port, port.local));
  if (routes.entered) chains.set(names.external, externalRules(port, routes, options));
  if (usesFirewall(port)) chains.set(names.firewall, firewallRules(port, nodeIP));
  return chains;
}

/** Endpoints that are chosen among by one rule each; of more, a map chooses. */
const fewEndpoints = 8;

/**
 * Chooses an endpoint. A map chooses at once, whatever their number, but the kernel compares its name with all other sets' when it is
 * made: 10,000 small services with one each take it half a minute. See docs/decisions/kube-proxy-nftables-backend.md.
 */
function spread(port: WantedPort, endpoints: readonly Endpoint[]): string[] {
  const { length } = endpoints;
  if (port.affinitySeconds > 0) return [...returning(port, endpoints), ...anyBound(port, endpoints)];
  const protocol = `meta l4proto ${protocolNumbers[port.protocol]}`;
  if (length <= fewEndpoints) return endpoints.map(({ ip, port: to }, i) => `${protocol} ${oneIn(length - i)}dnat to ${ip}:${to}`);
  return [
    `${protocol} dnat ip to numgen random mod ${length} map { ${endpoints.map(({ ip, port: to }, i) => `${i} : ${ip} . ${to}`).join(', ')} }`,
  ];
}

function oneIn(left: number): string {
  return left > 1 ? `numgen random mod ${left} 0 ` : '';
}

function returning(port: WantedPort, endpoints: readonly Endpoint[]): string[] {
  const names = endpoints.map((endpoint) => endpointNames(port.name, port.protocol, endpoint));
  return names.map(({ chain, affinity }) => `ip saddr @${affinity} goto ${chain}`);
}

function anyBound(port: WantedPort, endpoints: readonly Endpoint[]): string[] {
  const chains = endpoints.map((endpoint) => endpointNames(port.name, port.protocol, endpoint).chain);
  if (chains.length <= fewEndpoints) return chains.map((chain, i) => `${oneIn(chains.length - i)}goto ${chain}`);
  return [`numgen random mod ${chains.length} vmap { ${chains.map((chain, i) => `${i} : goto ${chain}`).join(', ')} }`];
}

function boundEndpoints(port: WantedPort) {
  return [...port.cluster, ...port.local].map((endpoint) => {
    const names = endpointNames(port.name, port.protocol, endpoint);
    const translate = `meta l4proto ${protocolNumbers[port.protocol]} dnat to ${endpoint.ip}:${endpoint.port}`;
    return { names, content: [`update @${names.affinity} { ip saddr }`, translate] };
  });
}

/** Under policy Local, pods and this node itself still reach every endpoint: the load balancer's job is only to spare a hop. */
function externalRules(port: WantedPort, { names, external }: Routes, options: RenderOptions): string[] {
  const mark = masqueradeMark(options);
  const rules: string[] = [];
  if (!port.externalLocal) {
    rules.push(mark);
  } else if (port.cluster.length > 0) {
    if (options.clusterCIDR) rules.push(`ip saddr ${options.clusterCIDR} goto ${names.service} comment "short-circuit pod traffic"`);
    rules.push(`fib saddr type local ${mark} comment "masquerade local traffic"`);
    rules.push(`fib saddr type local goto ${names.service} comment "short-circuit local traffic"`);
  }
  if (external) rules.push(`goto ${external}`);
  return rules;
}

function usesFirewall(port: WantedPort): boolean {
  return port.loadBalancerIPs.length > 0 && port.sourceRanges.length > 0;
}

/** A node that may use the load balancer may do so from the balancer's own address too, where that is set up on the node. */
function firewallRules(port: WantedPort, nodeIP: string | undefined): string[] {
  const node = nodeIP === undefined ? undefined : parseIp(nodeIP);
  const nodeMay =
    node !== undefined && port.sourceRanges.flatMap((cidr) => parseCidr(cidr) ?? []).some((range) => rangeContains(range, node));
  const ranges = mergedRanges([...port.sourceRanges, ...(nodeMay ? port.loadBalancerIPs : [])]);
  return ranges.length === 0 || ranges[0] === '0.0.0.0/0' ? [] : [`${matching('ip saddr !=', ranges)} drop`];
}

type Elements = [id: string, tail: string][];

function internalElements(port: WantedPort, { internal }: Routes): Elements {
  const to = socketKey(port, port.clusterIP);
  return [
    [`cluster-ips ${port.clusterIP}`, ''],
    internal ? [`service-ips ${to}`, ` : goto ${internal}`] : [`no-endpoint-services ${to}`, refusal(port)],
  ];
}

/** Traffic from outside that this node has no endpoint for: refused when nobody has one, dropped when policy sends it elsewhere. */
function externalElements(port: WantedPort, { names, external, entered }: Routes): Elements {
  const elements: Elements = [];
  for (const ip of [...port.externalIPs, ...port.loadBalancerIPs]) {
    if (entered) elements.push([`service-ips ${socketKey(port, ip)}`, ` : goto ${names.external}`]);
    if (!external) elements.push([`no-endpoint-services ${socketKey(port, ip)}`, refusal(port)]);
  }
  if (usesFirewall(port))
    for (const ip of port.loadBalancerIPs) elements.push([`firewall-ips ${socketKey(port, ip)}`, ` : goto ${names.firewall}`]);
  if (port.nodePort === 0) return elements;
  const key = `${protocolNumbers[port.protocol]} . ${port.nodePort}`;
  if (entered) elements.push([`service-nodeports ${key}`, ` : goto ${names.external}`]);
  if (!external) elements.push([`no-endpoint-nodeports ${key}`, refusal(port)]);
  return elements;
}

/** Only a pod of this node can meet itself here. */
function hairpins(port: WantedPort): Elements {
  const own = [...port.cluster, ...port.local].filter(({ local }) => local);
  return own.map(({ ip, port: to }) => [`hairpin-connections ${ip} . ${ip} . ${protocolNumbers[port.protocol]} . ${to}`, '']);
}

function socketKey(port: WantedPort, ip: string): string {
  return `${ip} . ${protocolNumbers[port.protocol]} . ${port.port}`;
}

function refusal(port: WantedPort): string {
  return ` comment "${port.name}" : ${port.hasEndpoints ? 'drop' : 'goto reject-chain'}`;
}
