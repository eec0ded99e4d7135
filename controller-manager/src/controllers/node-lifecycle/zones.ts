import type { Node } from '@keelson/types';
import { readiness } from './plan.ts';

/** How fast nodes may be told to lose their pods. Rates in nodes a second. */
export interface EvictionOptions {
  readonly evictionRate: number;
  /** In a large zone of which too much is lost; a small one waits. */
  readonly secondaryEvictionRate: number;
  /** The part of a zone's nodes, from 0 to 1, from which on it counts as disrupted. */
  readonly unhealthyZoneThreshold: number;
  /** Nodes of a zone above which it is large. */
  readonly largeClusterSizeThreshold: number;
}

export type ZoneState = 'Normal' | 'PartialDisruption' | 'FullDisruption';

const excluded = 'node.kubernetes.io/exclude-disruption';

/** Nodes of one zone of one region fail together. */
export function zoneOf({ metadata: { labels = {} } }: Node): string {
  return `${labels['topology.kubernetes.io/region'] ?? ''}:${labels['topology.kubernetes.io/zone'] ?? ''}`;
}

/** What is wrong with a zone rather than with its nodes. Two nodes that are lost are two nodes. */
export function zoneState(nodes: readonly Node[], threshold: number): ZoneState {
  const lost = nodes.filter((node) => readiness(node) !== 'True').length;
  if (lost > 0 && lost === nodes.length) return 'FullDisruption';
  return lost > 2 && lost / nodes.length >= threshold ? 'PartialDisruption' : 'Normal';
}

/** Nodes a second of `zone`; undefined when nothing is ready anywhere, as then it is rather this side that is cut off. */
export function evictionRateIn(zone: string, all: readonly Node[], options: EvictionOptions): number | undefined {
  const counted = all.filter(({ metadata }) => metadata.labels?.[excluded] === undefined);
  if (!all.some((node) => readiness(node) === 'True')) return undefined;
  const mine = counted.filter((node) => zoneOf(node) === zone);
  if (zoneState(mine, options.unhealthyZoneThreshold) !== 'PartialDisruption') return options.evictionRate;
  return mine.length > options.largeClusterSizeThreshold ? options.secondaryEvictionRate : 0;
}
