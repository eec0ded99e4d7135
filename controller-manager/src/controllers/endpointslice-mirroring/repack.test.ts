import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointSubset } from '@keelson/types';
import { repacked } from './repack.ts';

const [one, two] = [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }];
const [http, admin] = [
  { name: 'http', port: 80 },
  { name: 'admin', port: 90 },
];

const table: Record<string, { given: EndpointSubset[]; made: EndpointSubset[] }> = {
  'ports of one address stand together': {
    given: [
      { ports: [http], addresses: [one] },
      { ports: [admin], addresses: [one] },
    ],
    made: [{ ports: [http, admin], addresses: [one], notReadyAddresses: [] }],
  },
  'ports of different addresses stand apart': {
    given: [
      { ports: [http], addresses: [one] },
      { ports: [admin], addresses: [two] },
    ],
    made: [
      { ports: [http], addresses: [one], notReadyAddresses: [] },
      { ports: [admin], addresses: [two], notReadyAddresses: [] },
    ],
  },
  'addresses of one port stand together, unready where somebody says so': {
    given: [
      { ports: [http], addresses: [one, two] },
      { ports: [http], notReadyAddresses: [two] },
    ],
    made: [{ ports: [http], addresses: [one], notReadyAddresses: [two] }],
  },
  'addresses without ports are left': { given: [{ addresses: [one] }], made: [{ ports: [], addresses: [one], notReadyAddresses: [] }] },
};
for (const [name, { given, made }] of Object.entries(table)) test(name, () => assert.deepEqual(repacked(given), made));
