import { getCondition, parseQuantity, quantityMilliValue } from '@keelson/machinery';
import type { Endpoint, Node } from '@keelson/types';

export const zoneLabel = 'topology.kubernetes.io/zone';
const notForWork = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];

/** How much more than its share of the traffic an endpoint may get. */
const overload = 0.2;

/** Millicores of the ready nodes, by zone. */
export type Zones = ReadonlyMap<string, number>;

/** For which zone each endpoint is, or why that cannot be said. */
export type Spread = { readonly zones: ReadonlyMap<Endpoint, string> } | { readonly fault: string };

/** What of a node counts for `zonesOf`. */
export function zoneShare({ metadata, status }: Node): { readonly zone: string; readonly cpu: number } | undefined {
  if (notForWork.some((label) => Object.hasOwn(metadata.labels ?? {}, label))) return undefined;
  if (getCondition(status?.conditions, 'Ready')?.status !== 'True') return undefined;
  return { zone: metadata.labels?.[zoneLabel] ?? '', cpu: quantityMilliValue(parseQuantity(status?.allocatable?.cpu ?? '0')) };
}

/** Undefined when there are not two zones, or a node does not tell its zone or CPU: then no zone's share can be known. */
export function zonesOf(nodes: readonly Node[]): Zones | undefined {
  const zones = new Map<string, number>();
  for (const node of nodes) {
    const share = zoneShare(node);
    if (!share) continue;
    if (!share.zone || share.cpu === 0) return undefined;
    zones.set(share.zone, (zones.get(share.zone) ?? 0) + share.cpu);
  }
  return zones.size < 2 ? undefined : zones;
}

/**
 * Gives each zone endpoints in proportion to its CPU, as upstream for `service.kubernetes.io/topology-mode: Auto`: an endpoint is for its
 * own zone, and zones that have more than their share lend some to those that have less. The fault is what upstream's event says.
 */
export function spreadOverZones(ready: readonly Endpoint[], zones: Zones | undefined): Spread {
  if (!zones) return { fault: 'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes' };
  const count = `(${ready.length} endpoints, ${zones.size} zones)`;
  if (zones.size > ready.length) return { fault: `Insufficient number of endpoints ${count}` };
  const shares = sharesOf(ready.length, zones);
  if (!shares) return { fault: `Unable to allocate minimum required endpoints to each zone without exceeding overload threshold ${count}` };
  if (ready.some(({ zone }) => !zone)) return { fault: 'One or more endpoints do not have a zone specified' };
  return { zones: lend(ready, shares) };
}

/** How many endpoints each zone should have, with fractions; undefined when some must be overloaded. */
function sharesOf(count: number, zones: Zones): Map<string, number> | undefined {
  const total = [...zones.values()].reduce((sum, cpu) => sum + cpu, 0);
  const shares = new Map<string, number>();
  let left = count;
  for (const [zone, cpu] of zones) {
    const share = (cpu / total) * count;
    const least = Math.ceil(share / (1 + overload));
    shares.set(zone, Math.max(share, least));
    left -= least;
  }
  return left < 0 ? undefined : shares;
}

function lend(ready: readonly Endpoint[], shares: ReadonlyMap<string, number>): Map<Endpoint, string> {
  const own = Map.groupBy(ready, ({ zone = '' }) => zone);
  const surplus = new Map([...shares].map(([zone, share]) => [zone, (own.get(zone)?.length ?? 0) - share]));
  const result = new Map(ready.map((endpoint) => [endpoint, endpoint.zone ?? '']));
  for (;;) {
    const [giver, receiver] = [farthest(surplus, 1), farthest(surplus, -1)];
    const [gives, lacks] = [surplus.get(giver) ?? 0, -(surplus.get(receiver) ?? 0)];
    // Half an endpoint too many is no reason to send packets to another zone.
    if ((gives < 1 && lacks < 1) || gives < 0.5 || lacks < 0.5) return result;
    const lent = own.get(giver)?.pop();
    if (!lent) return result;
    result.set(lent, receiver);
    surplus.set(giver, gives - 1);
    surplus.set(receiver, 1 - lacks);
  }
}

function farthest(surplus: ReadonlyMap<string, number>, sign: 1 | -1): string {
  return [...surplus].reduce((most, one) => (one[1] * sign > most[1] * sign ? one : most), ['', 0] as const)[0];
}
