import type { Node, PersistentVolume } from '@keelson/types';
import { claimsOf } from '../volumes/uses.ts';
import { always, eachOpen, type Plugin } from './types.ts';

const name = 'VolumeZone';

/** Labels by which volumes of old say where they are, each beside its older name. */
const topologies = [
  ['topology.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/zone'],
  ['topology.kubernetes.io/region', 'failure-domain.beta.kubernetes.io/region'],
] as const;

/** A volume labelled with a zone or region is used in it. */
export const volumeZone: Plugin = {
  name,
  scope: 'cluster',
  requeueOn: {
    NodeAdd: always,
    NodeLabel: always,
    ClaimChange: ({ pod }, { key }) => claimsOf(pod).some((claim) => claim.key === key),
    VolumeChange: (_, { object, before }) => !before || JSON.stringify(placesOf(object)) !== JSON.stringify(placesOf(before)),
    StorageClassChange: (_, { before }) => !before,
  },
  filter({ table, reasons, volumes }) {
    const placed = (volumes?.bound ?? []).filter((volume) => volume !== undefined).flatMap(placesOf);
    if (placed.length === 0) return undefined;
    const code = reasons.code(name, false, 'node(s) had no available volume zone');
    return eachOpen((row) => {
      const node = table.nodes[row];
      return node && placed.every((place) => isAt(node, place)) ? 0 : code;
    });
  },
};

interface Place {
  readonly names: readonly string[];
  readonly values: readonly string[];
}

/** A volume may be in several zones, written with two underscores in between. */
function placesOf({ metadata }: PersistentVolume): Place[] {
  return topologies.flatMap((names) => {
    const value = names.map((label) => metadata.labels?.[label]).find((label) => label !== undefined);
    return value === undefined ? [] : [{ names, values: value.split('__') }];
  });
}

/** A node that has no such labels at all says nothing of where it is. */
function isAt({ metadata }: Node, { names, values }: Place): boolean {
  const labels = metadata.labels ?? {};
  if (!topologies.flat().some((label) => labels[label] !== undefined)) return true;
  return names.some((label) => values.includes(labels[label] ?? ''));
}
