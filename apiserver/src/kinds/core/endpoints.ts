import { type EndpointSubset, Endpoints } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import { ipWarnings } from '../ip-warnings.ts';
import type { KindDefinition } from '../types.ts';
import { endpointsErrors } from './endpoints-validation.ts';

/** Addresses shown before `+ n more...`. */
const shown = 3;

export const endpointsKind: KindDefinition<Endpoints> = {
  kind: Endpoints,
  prefix: '/registry/services/endpoints/',
  deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  createOnUpdate: true,
  defaults({ subsets = [] }) {
    for (const { ports = [] } of subsets) for (const port of ports) port.protocol ??= 'TCP';
  },
  validate: endpointsErrors,
  warnings: addressWarnings,
  columns: [nameColumn, { name: 'Endpoints', type: 'string', cell: ({ subsets }) => format(subsets ?? []) }, ageColumn],
};

function addressWarnings({ metadata, subsets }: Endpoints): string[] {
  // What our own controller writes is in order.
  if (metadata.labels?.['endpoints.kubernetes.io/managed-by'] === 'endpoint-controller') return [];
  return (subsets ?? []).flatMap((subset, index) =>
    (['addresses', 'notReadyAddresses'] as const).flatMap((member) =>
      (subset[member] ?? []).flatMap(({ ip }, place) => ipWarnings(ip, `subsets[${index}].${member}[${place}].ip`)),
    ),
  );
}

function format(subsets: readonly EndpointSubset[]): string {
  if (subsets.length === 0) return '<none>';
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0 ? addresses.map(({ ip }) => ip) : ports.flatMap(({ port }) => addresses.map(({ ip }) => `${ip}:${port}`)),
  );
  const rest = all.length - shown;
  return all.slice(0, shown).join(',') + (rest > 0 ? ` + ${rest} more...` : '');
}
