import { type FieldError, fieldInvalid, fieldRequired, fieldUnsupported, path } from '@keelson/machinery';
import { EndpointSlice } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import type { KindDefinition } from '../types.ts';

const shown = 3;
const addressTypes = ['FQDN', 'IPv4', 'IPv6'];

export const endpointSliceKind: KindDefinition<EndpointSlice> = {
  kind: EndpointSlice,
  generation: true,
  defaults({ ports = [] }) {
    for (const port of ports ?? []) {
      port.name ??= '';
      port.protocol ??= 'TCP';
    }
  },
  validate({ addressType, endpoints }) {
    const errors: FieldError[] = [];
    if (!addressType) errors.push(fieldRequired(path('addressType')));
    else if (!addressTypes.includes(addressType)) errors.push(fieldUnsupported(path('addressType'), addressType, addressTypes));
    for (const [index, { addresses }] of (endpoints ?? []).entries()) {
      const at = path('endpoints').index(index).child('addresses');
      if (!addresses?.length) errors.push(fieldRequired(at, 'must contain at least 1 address'));
    }
    return errors;
  },
  validateUpdate: (next, old) =>
    next.addressType === old.addressType ? [] : [fieldInvalid(path('addressType'), next.addressType, 'field is immutable')],
  columns: [
    nameColumn,
    { name: 'AddressType', type: 'string', cell: ({ addressType }) => addressType },
    {
      name: 'Ports',
      type: 'string',
      cell: ({ ports }) =>
        brief(
          (ports ?? []).map(({ port }) => (port === undefined || port === null ? '*' : String(port))),
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

function brief(values: readonly string[], none: string): string {
  if (values.length === 0) return none;
  const rest = values.length - shown;
  return values.slice(0, shown).join(',') + (rest > 0 ? ` + ${rest} more...` : '');
}
