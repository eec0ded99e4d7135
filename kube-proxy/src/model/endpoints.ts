import { canonicalIp } from '@keelson/machinery';
import type { EndpointSlice } from '@keelson/types';
import type { Endpoint, Place, Protocol } from './types.ts';

/** An endpoint of a slice as the model sees it: conditions with their defaults applied. */
export interface Candidate extends Endpoint {
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly zones: readonly string[];
  readonly nodes: readonly string[];
}

/**
 * The endpoints of all `slices` that carry the port `portName`/`protocol`, once per address and port, sorted so that the rules
 * made from them do not depend on the order of slices. While an endpoint moves between slices it stands in two: the ready one counts.
 */
export function candidates(slices: readonly EndpointSlice[], portName: string, protocol: Protocol, place: Place): Candidate[] {
  const byAddress = new Map<string, Candidate>();
  for (const slice of slices) {
    if (slice.addressType !== place.family) continue;
    for (const port of slice.ports ?? []) {
      if ((port.name ?? '') !== portName || (port.protocol ?? 'TCP').toLowerCase() !== protocol || !port.port) continue;
      for (const endpoint of slice.endpoints ?? []) {
        const ip = canonicalIp(endpoint.addresses[0] ?? '');
        if (!ip) continue;
        const ready = endpoint.conditions?.ready ?? true;
        const key = `${ip}:${port.port}`;
        if (byAddress.get(key)?.ready) continue;
        byAddress.set(key, {
          ip,
          port: port.port,
          local: endpoint.nodeName === place.nodeName,
          ready,
          serving: endpoint.conditions?.serving ?? ready,
          terminating: endpoint.conditions?.terminating ?? false,
          zones: (endpoint.hints?.forZones ?? []).map((zone) => zone.name),
          nodes: (endpoint.hints?.forNodes ?? []).map((node) => node.name),
        });
      }
    }
  }
  return [...byAddress.entries()].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, candidate]) => candidate);
}

export interface Policy {
  readonly internalLocal: boolean;
  readonly externalLocal: boolean;
  /** The port has a node port, external IPs or load balancer IPs. */
  readonly external: boolean;
}

export interface Choice {
  readonly hasEndpoints: boolean;
  readonly cluster: readonly Endpoint[];
  readonly local: readonly Endpoint[];
}

/**
 * Which candidates each traffic policy uses. Ready ones; where none is ready, those still serving while they terminate, so that a
 * rolling update or a node's drain drops nothing. Topology hints narrow policy Cluster only, as upstream.
 */
export function choose(all: readonly Candidate[], policy: Policy, place: Place): Choice {
  const usesCluster = !policy.internalLocal || policy.external;
  const usesLocal = policy.internalLocal || (policy.externalLocal && policy.external);
  const ready = all.filter((endpoint) => endpoint.ready);
  return {
    hasEndpoints: all.some((endpoint) => endpoint.ready || draining(endpoint)),
    cluster: usesCluster ? orDraining(near(ready, place), all).map(plain) : [],
    local: usesLocal
      ? orDraining(
          ready.filter((endpoint) => endpoint.local),
          all.filter((endpoint) => endpoint.local),
        ).map(plain)
      : [],
  };
}

function draining(endpoint: Candidate): boolean {
  return endpoint.serving && endpoint.terminating;
}

function orDraining(ready: readonly Candidate[], all: readonly Candidate[]): readonly Candidate[] {
  return ready.length > 0 ? ready : all.filter(draining);
}

function plain({ ip, port, local }: Candidate): Endpoint {
  return { ip, port, local };
}

/** Hints count only when every ready endpoint has them and one of them names this node or zone: a stale hint must not cut traffic off. */
function near(ready: readonly Candidate[], place: Place): readonly Candidate[] {
  const byNode = ready.filter((endpoint) => endpoint.nodes.includes(place.nodeName));
  if (byNode.length > 0 && ready.every((endpoint) => endpoint.nodes.length > 0)) return byNode;
  const { zone } = place;
  if (zone === undefined) return ready;
  const byZone = ready.filter((endpoint) => endpoint.zones.includes(zone));
  return byZone.length > 0 && ready.every((endpoint) => endpoint.zones.length > 0) ? byZone : ready;
}
