import { formatIp, type IpRange, parseCidr, parseIp, rangeContains } from '@keelson/machinery';
import { socket } from '../iptables/names.ts';
import type { Endpoint, WantedPort, WantedService } from '../model/types.ts';
import { type PartsOptions, type ServiceParts, serverKey, type VirtualServer } from './types.ts';

/** What a service is in IPVS, in upstream's sets. Depends on nothing but its arguments. */
export function serviceParts(service: WantedService, options: PartsOptions): ServiceParts {
  const servers = new Map<string, VirtualServer>();
  for (const port of service.ports) for (const [key, server] of serversOf(port, options)) servers.set(key, server);
  const addresses = service.ports.flatMap(({ clusterIP, externalIPs, loadBalancerIPs }) => [clusterIP, ...externalIPs, ...loadBalancerIPs]);
  const entries = [
    ...service.ports.flatMap((port) => entriesOf(port, options)),
    ...addresses.map((address) => `KUBE-IPVS-IPS ${address}`),
    ...(service.health ? [`KUBE-HEALTH-CHECK-NODE-PORT ${service.health.port}`] : []),
  ];
  return { addresses: [...new Set(addresses)], entries: [...new Set(entries)], servers };
}

function* serversOf(port: WantedPort, { scheduler, nodeAddresses }: PartsOptions): Generator<[string, VirtualServer]> {
  const server = (endpoints: readonly Endpoint[]): VirtualServer => ({
    scheduler,
    persistence: port.affinitySeconds,
    servers: [...new Set(endpoints.map(socket))],
  });
  const at = (ip: string, number: number): string => serverKey(port.protocol, socket({ ip, port: number }));
  yield [at(port.clusterIP, port.port), server(port.internalLocal ? port.local : port.cluster)];
  const external = server(externalEndpoints(port));
  for (const ip of [...port.externalIPs, ...port.loadBalancerIPs]) yield [at(ip, port.port), external];
  if (port.nodePort > 0) for (const ip of nodeAddresses) yield [at(ip, port.nodePort), external];
}

/**
 * Under policy Local those of this node. Where it has none, all: this node's own pods use the address too, and IPVS cannot tell them from
 * the outside; answers to the outside go astray, as upstream.
 */
function externalEndpoints(port: WantedPort): readonly Endpoint[] {
  return port.externalLocal && port.local.length > 0 ? port.local : port.cluster;
}

function entriesOf(port: WantedPort, options: PartsOptions): string[] {
  const at = (ip: string): string => `${ip},${port.protocol}:${port.port}`;
  return [
    ...loopEntries(port),
    `KUBE-CLUSTER-IP ${at(port.clusterIP)}`,
    ...port.externalIPs.map((ip) => `KUBE-EXTERNAL-IP${port.externalLocal ? '-LOCAL' : ''} ${at(ip)}`),
    ...port.loadBalancerIPs.flatMap((ip) => balancerEntries(port, ip, at(ip), options)),
    ...(port.nodePort > 0 ? nodePortEntries(port, options) : []),
  ];
}

/** A pod that reaches itself through a service must see the node as its caller. */
function loopEntries({ protocol, cluster, local }: WantedPort): string[] {
  const here = [...cluster, ...local].filter((endpoint) => endpoint.local);
  return here.map(({ ip, port }) => `KUBE-LOOP-BACK ${ip},${protocol}:${port},${ip}`);
}

function balancerEntries(port: WantedPort, ip: string, at: string, { nodeAddresses }: PartsOptions): string[] {
  const entries = [`KUBE-LOAD-BALANCER ${at}`, ...(port.externalLocal ? [`KUBE-LOAD-BALANCER-LOCAL ${at}`] : [])];
  if (port.sourceRanges.length === 0) return entries;
  const ranges = port.sourceRanges.flatMap(
    (range) => parseCidr(range.includes('/') ? range : `${range}/${range.includes(':') ? 128 : 32}`) ?? [],
  );
  // Where the node itself is let in, so are its packets that carry the address they are sent to.
  const includesNode = nodeAddresses.some((address) => ranges.some((range) => contains(range, address)));
  return [
    ...entries,
    `KUBE-LOAD-BALANCER-FW ${at}`,
    ...ranges.flatMap(written).map((range) => `KUBE-LOAD-BALANCER-SOURCE-CIDR ${at},${range}`),
    ...(includesNode ? [`KUBE-LOAD-BALANCER-SOURCE-IP ${at},${ip}`] : []),
  ];
}

function nodePortEntries(port: WantedPort, { nodeAddresses }: PartsOptions): string[] {
  const name = port.protocol.toUpperCase();
  const elements =
    port.protocol === 'sctp' ? nodeAddresses.map((ip) => `-SCTP-HASH ${ip},sctp:${port.nodePort}`) : [`-${name} ${port.nodePort}`];
  return elements.flatMap((element) => [`KUBE-NODE-PORT${element}`, ...(port.externalLocal ? [`KUBE-NODE-PORT-LOCAL${element}`] : [])]);
}

function contains(range: IpRange, address: string): boolean {
  const ip = parseIp(address);
  return ip !== undefined && rangeContains(range, ip);
}

/** As `ipset` prints it. Sets cannot hold the range of all addresses: its halves they can. */
function written({ address: { version }, prefix, first, last }: IpRange): string[] {
  const text = (value: bigint, bits: number): string =>
    `${formatIp({ version, value })}${bits === (version === 4 ? 32 : 128) ? '' : `/${bits}`}`;
  return prefix > 0 ? [text(first, prefix)] : [text(first, 1), text((last + 1n) / 2n, 1)];
}
