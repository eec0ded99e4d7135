import { fieldInvalid, path } from '@keelson/machinery';
import { EndpointSlice } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import { ipWarnings } from '../ip-warnings.ts';
import type { KindDefinition } from '../types.ts';
import { endpointSliceErrors } from './endpoint-slice-validation.ts';

const shown = 3;

export const endpointSliceKind: KindDefinition<EndpointSlice> = {
  kind: EndpointSlice,
  generation: true,
  defaults({ ports = [] }) {
    for (const port of ports ?? []) {
      port.name ??= '';
      port.protocol ??= 'TCP';
    }
  },
  validate: endpointSliceErrors,
  validateUpdate: (next, old) =>
    next.addressType === old.addressType ? [] : [fieldInvalid(path('addressType'), next.addressType, 'field is immutable')],
  warnings: addressWarnings,
  columns: [
    nameColumn,
    { name: 'AddressType', type: 'string', cell: ({ addressType }) => addressType },
    {
      name: 'Ports',
      type: 'string',
      cell: ({ ports }) =>
        brief(
          (ports ?? []).map(({ port, name }) => String(port ?? name ?? '*')),
          '<unset>',
        ),
    },
    {
      name: 'Endpoints',
      type: 'string',
      cell: ({ endpoints }) =>
        brief(
          (endpoints ?? []).flatMap(({ addresses }) => addresses),
          '<unset>',
        ),
    },
    ageColumn,
  ],
};

function addressWarnings({ addressType, endpoints }: EndpointSlice): string[] {
  if (addressType === 'FQDN') return [];
  return (endpoints ?? []).flatMap(({ addresses }, index) =>
    addresses.flatMap((ip, place) => ipWarnings(ip, `endpoints[${index}].addresses[${place}]`)),
  );
}

function brief(values: readonly string[], none: string): string {
  if (values.length === 0) return none;
  const rest = values.length - shown;
  return values.slice(0, shown).join(',') + (rest > 0 ? ` + ${rest} more...` : '');
}
