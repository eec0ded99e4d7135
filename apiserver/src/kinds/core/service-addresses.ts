import { type FieldError, fieldInternalError, fieldInvalid, invalid, path } from '@keelson/machinery';
import { Service } from '@keelson/types';
import type { Reservation, ReserveContext } from '../types.ts';
import { addressAt, contains, rangeSize } from './cidr.ts';

/**
 * Cluster IPs and node ports handed out by this server. Between a claim and the write showing up in the cache a value is kept here;
 * everything else is read from the services themselves, so there is nothing to repair. Several API servers over one etcd could hand out
 * one value twice: that needs the IPAddress objects of a later issue.
 */
const pending = new Set<string>();

/** Draws of a random value before the range is searched in order. */
const draws = 20;

export function reserveAddresses(next: Service | undefined, old: Service | undefined, context: ReserveContext): Reservation | undefined {
  if (!next) return undefined;
  const claims: string[] = [];
  const errors: FieldError[] = [];
  const used = usedBy(context, next.metadata.uid);
  assignClusterIP(next, old, context, used, claims, errors);
  assignNodePorts(next, context, used, claims, errors);
  const release = (): void => {
    for (const claim of claims) pending.delete(claim);
  };
  if (errors.length > 0) {
    release();
    throw invalid({ group: '', kind: 'Service' }, next.metadata.name ?? '', errors);
  }
  return { release, commit: () => void context.clock.after(5_000, release) };
}

/** Everything in use, by services other than `uid`. */
function usedBy({ all }: ReserveContext, uid: string | undefined): Set<string> {
  const used = new Set(pending);
  for (const { metadata, spec } of all(Service)) {
    if (metadata.uid === uid) continue;
    for (const ip of spec.clusterIPs ?? []) used.add(ip);
    for (const { nodePort, protocol } of spec.ports ?? []) if (nodePort) used.add(`${protocol}/${nodePort}`);
    if (spec.healthCheckNodePort) used.add(`TCP/${spec.healthCheckNodePort}`);
  }
  return used;
}

function claim(value: string, used: Set<string>, claims: string[], dryRun: boolean): void {
  used.add(value);
  if (dryRun) return;
  pending.add(value);
  claims.push(value);
}

function assignClusterIP(
  next: Service,
  old: Service | undefined,
  context: ReserveContext,
  used: Set<string>,
  claims: string[],
  errors: FieldError[],
): void {
  const { spec } = next;
  if (spec.type === 'ExternalName') return;
  const range = context.serviceCIDRs[0] as string;
  if (spec.clusterIP === 'None') {
    spec.clusterIPs = ['None'];
  } else if (spec.clusterIP && spec.clusterIP !== old?.spec.clusterIP) {
    const at = path('spec', 'clusterIPs').index(0);
    const failed = 'failed to allocate IP ';
    if (!contains(range, spec.clusterIP))
      errors.push(
        fieldInvalid(
          at,
          [spec.clusterIP],
          `${failed}${spec.clusterIP}: the provided IP (${spec.clusterIP}) is not in the valid range. The range of valid IPs is ${range}`,
        ),
      );
    else if (used.has(spec.clusterIP))
      errors.push(fieldInvalid(at, [spec.clusterIP], `${failed}${spec.clusterIP}: provided IP is already allocated`));
    else claim(spec.clusterIP, used, claims, context.dryRun);
    spec.clusterIPs = [spec.clusterIP];
  } else if (!spec.clusterIP) {
    const ip = freeAddress(range, context, used);
    if (!ip) errors.push(fieldInternalError(path('spec', 'clusterIP'), 'failed to allocate a serviceIP: range is full'));
    else claim(ip, used, claims, context.dryRun);
    spec.clusterIP = ip;
    spec.clusterIPs = ip ? [ip] : undefined;
  } else spec.clusterIPs ??= [spec.clusterIP];
}

/** The lower part of the range (16 to 256 addresses) is left to those who name their address, as upstream. */
function freeAddress(range: string, { random }: ReserveContext, used: ReadonlySet<string>): string | undefined {
  const size = rangeSize(range) - 2;
  const reserved = Math.min(Math.max(16, Math.floor(size / 16)), 256, size - 1);
  for (let i = 0; i < draws; i++) {
    const ip = addressAt(range, 1 + reserved + Math.floor(random.next() * (size - reserved)));
    if (!used.has(ip)) return ip;
  }
  for (let offset = size; offset >= 1; offset--) {
    const ip = addressAt(range, offset);
    if (!used.has(ip)) return ip;
  }
  return undefined;
}

function assignNodePorts(next: Service, context: ReserveContext, used: Set<string>, claims: string[], errors: FieldError[]): void {
  const { spec } = next;
  if (spec.type !== 'NodePort' && !(spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)) return;
  const { from, to } = context.nodePorts;
  for (const [index, port] of (spec.ports ?? []).entries()) {
    const at = path('spec', 'ports').index(index).child('nodePort');
    if (port.nodePort) {
      const key = `${port.protocol}/${port.nodePort}`;
      if (port.nodePort < from || port.nodePort > to)
        errors.push(fieldInvalid(at, port.nodePort, `provided port is not in the valid range. The range of valid ports is ${from}-${to}`));
      else if (used.has(key)) errors.push(fieldInvalid(at, port.nodePort, 'provided port is already allocated'));
      else claim(key, used, claims, context.dryRun);
      continue;
    }
    const free = freePort(context, used, port.protocol ?? 'TCP');
    if (free === undefined) errors.push(fieldInternalError(at, 'failed to allocate a nodePort: range is full'));
    else claim(`${port.protocol}/${free}`, used, claims, context.dryRun);
    port.nodePort = free;
  }
}

function freePort({ nodePorts: { from, to }, random }: ReserveContext, used: ReadonlySet<string>, protocol: string): number | undefined {
  const start = Math.floor(random.next() * (to - from + 1));
  for (let i = 0; i <= to - from; i++) {
    const port = from + ((start + i) % (to - from + 1));
    if (!used.has(`${protocol}/${port}`)) return port;
  }
  return undefined;
}
