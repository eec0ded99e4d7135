import { equal } from '@keelson/machinery';
import type { Service } from '@keelson/types';
import { allocatesNodePorts, needsHealthCheck } from './service-ports.ts';

type Spec = Service['spec'];

/** Brings `clusterIP` and the first of `clusterIPs` together: a client of either field is understood. */
export function settleClusterIP(next: Spec, old: Spec | undefined): void {
  if (!old) {
    if (next.clusterIP && !next.clusterIPs?.length) next.clusterIPs = [next.clusterIP];
    return;
  }
  const listStays = (next.clusterIPs ?? []).join() === (old.clusterIPs ?? []).join();
  if (next.clusterIP === old.clusterIP || !(listStays || !next.clusterIPs?.length)) return;
  next.clusterIPs = next.clusterIP ? [next.clusterIP, ...(next.clusterIPs ?? []).slice(1)] : undefined;
}

/** An update that leaves out what was allocated keeps it, as long as the type still has it. */
export function keepAllocations(next: Spec, old: Spec): void {
  if (hasClusterIP(next) && hasClusterIP(old)) {
    next.clusterIP ||= old.clusterIP;
    if (!next.clusterIPs?.length && next.clusterIP === old.clusterIP) next.clusterIPs = old.clusterIPs;
  }
  if (hasNodePorts(old) && allocatesNodePorts(next)) keepNodePorts(next, old);
  if (needsHealthCheck(next) && needsHealthCheck(old)) next.healthCheckNodePort ||= old.healthCheckNodePort;
}

/** A port is known again by its name, whatever else of it changed; a number that another port has taken over is not given twice. */
function keepNodePorts({ ports = [] }: Spec, { ports: before = [] }: Spec): void {
  const had = new Map(before.map(({ name = '', nodePort }) => [name, nodePort]));
  const kept = new Set(had.values());
  const used = new Set(ports.map(({ nodePort }) => nodePort).filter((number) => kept.has(number)));
  for (const port of ports) {
    const number = had.get(port.name ?? '');
    if (port.nodePort || used.has(number)) continue;
    port.nodePort = number;
    used.add(number);
  }
}

/** Fields that only the former type had, and that the client sends back unchanged, go with it. */
export function dropOfFormerType(next: Spec, old: Spec): void {
  if (hasClusterIP(old) && !hasClusterIP(next)) {
    const unchanged = !next.clusterIPs?.length || equal(next.clusterIPs, old.clusterIPs);
    if (next.clusterIP === old.clusterIP && unchanged) drop(next, 'clusterIP', 'clusterIPs');
    dropUnchanged(next, old, 'ipFamilies', 'ipFamilyPolicy');
  }
  if (hasNodePorts(old) && !hasNodePorts(next)) {
    const had = new Set((old.ports ?? []).map(({ nodePort }) => nodePort));
    for (const port of next.ports ?? []) if (had.has(port.nodePort)) port.nodePort = undefined;
  }
  if (hasExternalTraffic(old) && !hasExternalTraffic(next)) dropUnchanged(next, old, 'externalTrafficPolicy');
  if (needsHealthCheck(old) && !needsHealthCheck(next)) dropUnchanged(next, old, 'healthCheckNodePort');
  if (old.type === 'LoadBalancer' && next.type !== 'LoadBalancer')
    dropUnchanged(next, old, 'allocateLoadBalancerNodePorts', 'loadBalancerClass');
}

function hasClusterIP({ type }: Spec): boolean {
  return type !== 'ExternalName';
}

function hasNodePorts({ type }: Spec): boolean {
  return type === 'NodePort' || type === 'LoadBalancer';
}

/** Whether packets come to it from outside the cluster. */
export function hasExternalTraffic(spec: Spec): boolean {
  return hasNodePorts(spec) || (spec.externalIPs?.length ?? 0) > 0;
}

function dropUnchanged(next: Spec, old: Spec, ...fields: readonly (keyof Spec)[]): void {
  drop(next, ...fields.filter((field) => equal(next[field], old[field])));
}

function drop(spec: Spec, ...fields: readonly (keyof Spec)[]): void {
  for (const field of fields) delete spec[field];
}
