import type { Endpoint, Service } from '@keelson/types';
import { type Spread, spreadOverZones, type Zones } from './zones.ts';

/** Of two names for one thing, the older goes before. */
const modeAnnotations = ['service.kubernetes.io/topology-aware-hints', 'service.kubernetes.io/topology-mode'];

/** Values of `spec.trafficDistribution`; the first is the older name of the second. */
const near = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];

/** Whether endpoints are for zones in proportion to what each can do; this goes before `spec.trafficDistribution`. */
export function isSpread({ metadata }: Service): boolean {
  const name = modeAnnotations.find((one) => Object.hasOwn(metadata.annotations ?? {}, one));
  return ['Auto', 'auto'].includes(metadata.annotations?.[name ?? ''] ?? '');
}

/** What spreading them came to; nothing for a Service that does not ask for it. */
export interface Spreading {
  readonly addressType: string;
  /** Undefined when it was done. */
  readonly fault?: string | undefined;
}

/** Says for whom endpoints are. Those that are not ready are for nobody, and need no hint. Changes `endpoints`. */
export function giveHints(
  service: Service,
  addressType: string,
  endpoints: readonly Endpoint[],
  zones: () => Zones | undefined,
): Spreading | undefined {
  const ready = endpoints.filter(({ conditions }) => conditions?.ready);
  if (isSpread(service)) return spreading(addressType, spreadOverZones(ready, zones()));
  const { trafficDistribution = '' } = service.spec;
  for (const endpoint of ready) {
    const hints = distributed(endpoint, trafficDistribution);
    if (hints) endpoint.hints = hints;
  }
  return undefined;
}

function spreading(addressType: string, spread: Spread): Spreading {
  if ('fault' in spread) return { addressType, fault: spread.fault };
  for (const [endpoint, name] of spread.zones) endpoint.hints = { forZones: [{ name }] };
  return { addressType };
}

/** Who wants the same node is content with the same zone where the node has none. */
function distributed({ zone, nodeName }: Endpoint, trafficDistribution: string): Endpoint['hints'] {
  const toNode = trafficDistribution === 'PreferSameNode' && nodeName;
  const toZone = near.includes(trafficDistribution) && zone;
  if (!toNode && !toZone) return undefined;
  return { ...(toZone ? { forZones: [{ name: zone }] } : {}), ...(toNode ? { forNodes: [{ name: nodeName }] } : {}) };
}
