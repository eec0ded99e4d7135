import { hash } from '../iptables/names.ts';
import type { Endpoint, Protocol } from '../model/types.ts';

/** Names of chains and sets as kube-proxy makes them in nftables mode, so that operators, tools and a replaced kube-proxy recognise them. */

/** nftables' own limit of 256, less the longest prefix. */
const longestBase = 240;

/** The hash tells apart what else would differ in one digit, and what was cut. */
function base(name: string): string {
  const text = `${hash(name).slice(0, 8)}-${name}`;
  return text.length > longestBase ? `${text.slice(0, longestBase - 3)}...` : text;
}

function portPath(name: string, protocol: Protocol): string {
  const [service = '', port = ''] = name.split(':');
  return `${service}/${protocol}/${port}`;
}

export interface PortChains {
  /** Endpoints under policy Cluster. */
  readonly service: string;
  /** Endpoints under policy Local. */
  readonly local: string;
  /** Traffic from outside. */
  readonly external: string;
  /** Load balancer source ranges. */
  readonly firewall: string;
}

/** Chains of the port `name` (`namespace/name:port`). */
export function portChains(name: string, protocol: Protocol): PortChains {
  const of = base(portPath(name, protocol));
  return { service: `service-${of}`, local: `local-${of}`, external: `external-${of}`, firewall: `firewall-${of}` };
}

/** What an endpoint of a port with session affinity has: its chain, and the set of the clients that are bound to it. */
export function endpointNames(
  name: string,
  protocol: Protocol,
  { ip, port }: Endpoint,
): { readonly chain: string; readonly affinity: string } {
  const of = base(`${portPath(name, protocol)}__${ip.replaceAll(':', '.')}/${port}`);
  return { chain: `endpoint-${of}`, affinity: `affinity-${of}` };
}
