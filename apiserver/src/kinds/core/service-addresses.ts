import { canonicalIp, type FieldError, fieldInvalid, internalError, path } from '@keelson/machinery';
import { IPAddress, type Service } from '@keelson/types';
import type { AssignContext, Markers } from '../types.ts';
import { addressAt, contains, familyOf, rangeSize } from './cidr.ts';
import { settleFamilies } from './service-families.ts';
import { assignNodePorts, portClaims } from './service-ports.ts';

/** Draws of a random value before the range is searched in order. */
const draws = 20;

/** The cluster IPs and node ports (as `nodePort/30080`) a service holds. */
export function serviceClaims({ spec }: Service): string[] {
  return [...addressesOf(spec), ...portClaims(spec)];
}

/** Gives a service the families, addresses and ports it left open, and refuses those that others hold. */
export function assignAddresses(next: Service, old: Service | undefined, context: AssignContext): FieldError[] {
  const errors = settleFamilies(next, old, context.families);
  if (errors.length > 0) return errors;
  return [...assignClusterIPs(next, old, context), ...assignNodePorts(next, old, context)];
}

/** Each in its one form: two ways to write an address are one address. */
function addressesOf({ clusterIPs }: Service['spec']): string[] {
  return (clusterIPs ?? []).filter((ip) => ip !== 'None').map(canonicalIp);
}

/** One address of each of its families. @throws StatusError InternalError when a range is full, as upstream. */
function assignClusterIPs({ spec }: Service, old: Service | undefined, context: AssignContext): FieldError[] {
  if (spec.type === 'ExternalName' || spec.clusterIPs?.[0] === 'None') return [];
  const had = new Set(addressesOf(old?.spec ?? {}));
  const ips = [...(spec.clusterIPs ?? [])];
  const errors: FieldError[] = [];
  for (const [index, family] of (spec.ipFamilies ?? []).entries()) {
    const ranges = context.ranges.filter((range) => familyOf(range) === family);
    const asked = ips[index];
    if (asked) errors.push(...(had.has(canonicalIp(asked)) ? [] : refusal(canonicalIp(asked), ips, ranges, context)));
    else ips[index] = free(ranges, context);
  }
  spec.clusterIPs = ips;
  spec.clusterIP = ips[0];
  return errors;
}

function refusal(ip: string, ips: readonly string[], ranges: readonly string[], { isTaken }: AssignContext): FieldError[] {
  const refuse = (why: string): FieldError[] => [fieldInvalid(path('spec', 'clusterIPs'), ips, `failed to allocate IP ${ip}: ${why}`)];
  const range = ranges.find((one) => contains(one, ip));
  if (!range) return refuse('the provided network does not match the current range');
  if (ip === addressAt(range, 0) || (familyOf(ip) === 'IPv4' && ip === addressAt(range, rangeSize(range) - 1)))
    return refuse(`the provided IP (${ip}) is not in the valid range. The range of valid IPs is ${range}`);
  return isTaken(ip) ? refuse('provided IP is already allocated') : [];
}

function free(ranges: readonly string[], context: AssignContext): string {
  for (const range of ranges) {
    const ip = freeIn(range, context);
    if (ip) return ip;
  }
  throw internalError('failed to allocate a serviceIP: range is full');
}

/** The lower part of the range (16 to 256 addresses) is left to those who name their address, as upstream. */
function freeIn(range: string, { random, isTaken }: AssignContext): string | undefined {
  const size = rangeSize(range) - (familyOf(range) === 'IPv4' ? 2 : 1);
  const reserved = size <= 16 ? 0 : Math.min(Math.max(16, Math.floor(size / 16)), 256);
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

const managedBy = 'ipaddress.kubernetes.io/managed-by';
const allocator = 'ipallocator.k8s.io';

/** Every cluster IP has an IPAddress object of its name, by which all API servers know that it is taken. */
export const addressMarkers: Markers<Service> = {
  kind: IPAddress,
  names: ({ spec }) => addressesOf(spec),
  make: (name, { metadata }) => ({
    metadata: { name, labels: { 'ipaddress.kubernetes.io/ip-family': familyOf(name), [managedBy]: allocator } },
    spec: { parentRef: { group: '', resource: 'services', namespace: metadata.namespace, name: metadata.name } },
  }),
  owner(marker) {
    const { metadata, spec } = marker as IPAddress;
    const { group, resource, namespace, name } = spec.parentRef;
    if (metadata.labels?.[managedBy] !== allocator || group || resource !== 'services') return undefined;
    return { namespace: namespace ?? '', name };
  },
};
