import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IPAddress, ServiceCIDR } from '@keelson/types';
import { finalizer, planRange } from './plan.ts';

const deleted = '2030-01-01T00:00:00Z';
const range = (name: string, cidr: string, more: object = {}): ServiceCIDR => ({
  metadata: { name, finalizers: [finalizer], ...more },
  spec: { cidrs: [cidr] },
});
const address = (name: string, managed = 'ipallocator.k8s.io'): IPAddress => ({
  metadata: { name, labels: { 'ipaddress.kubernetes.io/managed-by': managed } },
  spec: { parentRef: { resource: 'services', name: 'x' } },
});
const planned = (one: ServiceCIDR, others: readonly ServiceCIDR[], addresses: readonly IPAddress[], late = 0) =>
  planRange(one, { all: [one, ...others], addresses }, Date.parse(deleted) + late);

test('a new range is held, then said to be ready, once', () => {
  assert.deepEqual(planned(range('a', '10.0.0.0/24', { finalizers: [] }), [], []), { do: 'hold' });
  const held = range('a', '10.0.0.0/24');
  const plan = planned(held, [], []);
  assert.equal(plan.do === 'say' && plan.condition.status, 'True');
  const condition = plan.do === 'say' ? { ...plan.condition, lastTransitionTime: deleted } : undefined;
  assert.deepEqual(planned({ ...held, status: { conditions: condition ? [condition] : [] } }, [], []), { do: 'nothing' });
});

test('a deleted range stays as long as an address has no other', () => {
  const going = range('a', '10.0.0.0/24', { deletionTimestamp: deleted });
  const blocked = planned(going, [], [address('10.0.0.7')], 60_000);
  assert.equal(blocked.do === 'say' && blocked.condition.reason, 'Terminating');
  assert.deepEqual(planned(going, [range('b', '10.0.0.0/16')], [address('10.0.0.7')], 60_000), { do: 'release' });
  assert.deepEqual(planned(going, [], [address('10.1.0.7'), address('10.0.0.8', 'somebody')], 60_000), { do: 'release' });
  assert.deepEqual(planned(going, [], [], 4000), { do: 'wait', ms: 6000 });
});
