import { parseCidr, parseIp, rangeContains } from '@keelson/machinery';
import type { Condition, IPAddress, ServiceCIDR } from '@keelson/types';

export const finalizer = 'networking.k8s.io/service-cidr-finalizer';
/** Milliseconds between a deletion and its end, for all allocators to have heard of it. */
export const gracePeriod = 10_000;
/** The label of addresses that are given out by API servers, and its value. */
const [managedBy, allocator] = ['ipaddress.kubernetes.io/managed-by', 'ipallocator.k8s.io'];

/** What is to be done about a range of service addresses. */
export type Plan =
  | { readonly do: 'hold' | 'release' | 'nothing' }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'say'; readonly condition: Omit<Condition, 'lastTransitionTime'> };

export interface Ranges {
  readonly all: readonly ServiceCIDR[];
  readonly addresses: readonly IPAddress[];
}

/** A range is held by a finalizer, is ready, and when it is deleted stays until no address would be in no range without it. */
export function planRange(range: ServiceCIDR, ranges: Ranges, now: number): Plan {
  const { deletionTimestamp, finalizers = [] } = range.metadata;
  const held = finalizers.includes(finalizer);
  if (!deletionTimestamp) {
    if (!held) return { do: 'hold' };
    return say(range, { type: 'Ready', status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' });
  }
  if (!held) return { do: 'nothing' };
  if (isNeeded(range, ranges)) {
    const message = 'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR';
    return say(range, { type: 'Ready', status: 'False', reason: 'Terminating', message });
  }
  const ms = Date.parse(deletionTimestamp) + gracePeriod - now;
  return ms > 0 ? { do: 'wait', ms } : { do: 'release' };
}

function say({ status }: ServiceCIDR, condition: Omit<Condition, 'lastTransitionTime'>): Plan {
  const said = status?.conditions?.find(({ type }) => type === condition.type);
  const same = said?.status === condition.status && (said.reason ?? '') === condition.reason && said.message === condition.message;
  return same ? { do: 'nothing' } : { do: 'say', condition };
}

/** Whether an address that is given out lies in no other range. */
function isNeeded(range: ServiceCIDR, { all, addresses }: Ranges): boolean {
  const others = all.filter(({ metadata }) => metadata.name !== range.metadata.name);
  return addresses.some(({ metadata: { name = '', labels } }) => {
    if (labels?.[managedBy] !== allocator || !holds(range, name)) return false;
    return !others.some((other) => holds(other, name));
  });
}

/** Whether an address lies in one of the ranges of the object. */
export function holds({ spec }: ServiceCIDR, address: string): boolean {
  const ip = parseIp(address);
  return (spec?.cidrs ?? []).some((cidr) => {
    const range = parseCidr(cidr);
    return ip !== undefined && range !== undefined && rangeContains(range, ip);
  });
}
