import { type FieldError, fieldInternalError, fieldInvalid, path } from '@keelson/machinery';
import type { Service } from '@keelson/types';
import type { AssignContext } from '../types.ts';
import { addressAt, contains, rangeSize } from './cidr.ts';

/** Draws of a random value before the range is searched in order. */
const draws = 20;

/** The cluster IPs (as they are) and node ports (`TCP/30080`) a service holds. */
export function serviceClaims({ spec }: Service): string[] {
  const claims = (spec.clusterIPs ?? []).filter((ip) => ip !== 'None');
  for (const { nodePort, protocol } of spec.ports ?? []) if (nodePort) claims.push(portClaim(protocol, nodePort));
  if (spec.healthCheckNodePort) claims.push(portClaim('TCP', spec.healthCheckNodePort));
  return claims;
}

function portClaim(protocol: string | undefined, port: number): string {
  return `${protocol ?? 'TCP'}/${port}`;
}

/** Gives a service the addresses and ports it left open, and refuses those that others hold. */
export function assignAddresses(next: Service, old: Service | undefined, context: AssignContext): FieldError[] {
  return [...assignClusterIP(next, old, context), ...assignNodePorts(next, old, context)];
}

function assignClusterIP({ spec }: Service, old: Service | undefined, context: AssignContext): FieldError[] {
  if (spec.type === 'ExternalName') return [];
  const range = context.serviceCIDRs[0] as string;
  if (!spec.clusterIP) {
    const ip = freeAddress(range, context);
    if (!ip) return [fieldInternalError(path('spec', 'clusterIP'), 'failed to allocate a serviceIP: range is full')];
    spec.clusterIP = ip;
  }
  spec.clusterIPs = [spec.clusterIP];
  if (spec.clusterIP === 'None' || spec.clusterIP === old?.spec.clusterIP) return [];
  const refuse = (why: string): FieldError[] => [
    fieldInvalid(path('spec', 'clusterIPs'), spec.clusterIPs, `failed to allocate IP ${spec.clusterIP}: ${why}`),
  ];
  if (!contains(range, spec.clusterIP))
    return refuse(`the provided IP (${spec.clusterIP}) is not in the valid range. The range of valid IPs is ${range}`);
  return context.isTaken(spec.clusterIP) ? refuse('provided IP is already allocated') : [];
}

/** The lower part of the range (16 to 256 addresses) is left to those who name their address, as upstream. */
function freeAddress(range: string, { random, isTaken }: AssignContext): string | undefined {
  const size = rangeSize(range) - 2;
  const reserved = Math.min(Math.max(16, Math.floor(size / 16)), 256, size - 1);
  for (let i = 0; i < draws; i++) {
    const ip = addressAt(range, 1 + reserved + Math.floor(random.next() * (size - reserved)));
    if (!isTaken(ip)) return ip;
  }
  for (let offset = size; offset >= 1; offset--) {
    const ip = addressAt(range, offset);
    if (!isTaken(ip)) return ip;
  }
  return undefined;
}

function assignNodePorts({ spec }: Service, old: Service | undefined, context: AssignContext): FieldError[] {
  if (spec.type !== 'NodePort' && !(spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)) return [];
  const { from, to } = context.nodePorts;
  const errors: FieldError[] = [];
  const before = new Set(old ? serviceClaims(old) : []);
  const own = new Set<string>();
  for (const [index, port] of (spec.ports ?? []).entries()) {
    const at = path('spec', 'ports').index(index).child('nodePort');
    if (!port.nodePort) {
      port.nodePort = freePort(context, own, port.protocol);
      if (port.nodePort === undefined) errors.push(fieldInternalError(at, 'failed to allocate a nodePort: range is full'));
    } else if (!before.has(portClaim(port.protocol, port.nodePort))) {
      const taken = own.has(portClaim(port.protocol, port.nodePort)) || context.isTaken(portClaim(port.protocol, port.nodePort));
      if (port.nodePort < from || port.nodePort > to)
        errors.push(fieldInvalid(at, port.nodePort, `provided port is not in the valid range. The range of valid ports is ${from}-${to}`));
      else if (taken) errors.push(fieldInvalid(at, port.nodePort, 'provided port is already allocated'));
    }
    if (port.nodePort) own.add(portClaim(port.protocol, port.nodePort));
  }
  return errors;
}

function freePort({ nodePorts: { from, to }, random, isTaken }: AssignContext, own: ReadonlySet<string>, protocol: string | undefined) {
  const size = to - from + 1;
  const start = Math.floor(random.next() * size);
  for (let i = 0; i < size; i++) {
    const port = from + ((start + i) % size);
    const claim = portClaim(protocol, port);
    if (!own.has(claim) && !isTaken(claim)) return port;
  }
  return undefined;
}
