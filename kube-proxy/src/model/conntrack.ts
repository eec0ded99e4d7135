import type { WantedPort, WantedService } from './types.ts';

/** Connection-tracking entries to forget. UDP has no end of connection: an entry made for a gone endpoint would keep its clients there. */
export interface StaleFlow {
  /** The address clients send to; absent for a node port. */
  readonly address?: string;
  /** The node port clients send to. */
  readonly nodePort?: number;
  /** Only flows translated to this endpoint; all of them (those translated nowhere) when absent. */
  readonly endpoint?: string;
}

/**
 * Flows that the change from `before` to `after` leaves behind: those to endpoints no longer used, and, where the port had none,
 * those that were sent nowhere.
 */
export function staleFlows(before: WantedService | undefined, after: WantedService | undefined): StaleFlow[] {
  const now = new Map((after?.ports ?? []).map((port) => [`${port.name}/${port.protocol}`, port]));
  const flows: StaleFlow[] = [];
  const seen = new Set<string>();
  for (const old of before?.ports ?? []) {
    if (old.protocol !== 'udp') continue;
    const port = now.get(`${old.name}/udp`);
    seen.add(old.name);
    const kept = new Set(port ? addresses(port) : []);
    for (const endpoint of addresses(old)) if (!kept.has(endpoint)) flows.push(...flowsTo(old, endpoint));
    if (port && kept.size > 0 && addresses(old).size === 0) flows.push(...flowsTo(port, undefined));
  }
  for (const port of now.values())
    if (port.protocol === 'udp' && !seen.has(port.name) && addresses(port).size > 0) flows.push(...flowsTo(port, undefined));
  return flows;
}

function addresses(port: WantedPort): Set<string> {
  return new Set([...port.cluster, ...port.local].map((endpoint) => endpoint.ip));
}

function flowsTo(port: WantedPort, endpoint: string | undefined): StaleFlow[] {
  const to = endpoint === undefined ? {} : { endpoint };
  const flows: StaleFlow[] = [port.clusterIP, ...port.externalIPs, ...port.loadBalancerIPs].map((address) => ({ address, ...to }));
  return port.nodePort > 0 ? [...flows, { nodePort: port.nodePort, ...to }] : flows;
}
