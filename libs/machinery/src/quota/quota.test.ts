import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResourceQuota } from '@keelson/types';
import { formatQuantity } from '../quantity.ts';
import { quotaApplies } from './quota.ts';
import { usageOf } from './usage.ts';

const claims = { group: '', resource: 'persistentvolumeclaims' };

function about(operator: string, values: readonly string[], claim: object): boolean {
  const scopeSelector = { matchExpressions: [{ scopeName: 'VolumeAttributesClass', operator, values }] };
  return quotaApplies({ metadata: {}, spec: { scopeSelector } } as unknown as ResourceQuota, claims, claim);
}

test('claims are of the classes they ask for, have, or are to have', () => {
  const gold = { spec: { volumeAttributesClassName: 'gold' } };
  const turning = { spec: { volumeAttributesClassName: 'silver' }, status: { currentVolumeAttributesClassName: 'gold' } };
  const waiting = { spec: {}, status: { modifyVolumeStatus: { status: 'Pending', targetVolumeAttributesClassName: 'gold' } } };
  for (const claim of [gold, turning, waiting]) assert.ok(about('In', ['gold', 'other'], claim));
  assert.ok(!about('In', ['silver'], gold));
  assert.deepEqual([about('NotIn', ['gold'], gold), about('NotIn', ['gold'], turning), about('NotIn', ['gold'], {})], [false, true, true]);
  assert.deepEqual([about('Exists', [], gold), about('Exists', [], { spec: {} })], [true, false]);
  assert.deepEqual([about('DoesNotExist', [], gold), about('DoesNotExist', [], { spec: {} })], [false, true]);
});

test('scopes of pods are not about claims, nor those of claims about pods', () => {
  const spec = { scopes: ['BestEffort'] };
  assert.ok(!quotaApplies({ metadata: {}, spec } as unknown as ResourceQuota, claims, { spec: {} }));
  const classes = { scopeSelector: { matchExpressions: [{ scopeName: 'VolumeAttributesClass', operator: 'DoesNotExist' }] } };
  const pod = { spec: { containers: [] } };
  assert.ok(!quotaApplies({ metadata: {}, spec: classes } as unknown as ResourceQuota, { group: '', resource: 'pods' }, pod));
});

test('claims of devices use what they may take of each class', () => {
  const used = (...requests: object[]): object => {
    const usage = usageOf({ group: 'resource.k8s.io', resource: 'resourceclaims' }, { spec: { devices: { requests } } }, 0);
    return Object.fromEntries(
      Object.entries(usage).map(([name, amount]) => [name.replace('.deviceclass.resource.k8s.io/devices', ''), formatQuantity(amount)]),
    );
  };
  const count = 'count/resourceclaims.resource.k8s.io';
  const exactly = (deviceClassName: string, more: object) => ({ exactly: { deviceClassName, ...more } });
  assert.deepEqual(used(), { [count]: '1' });
  assert.deepEqual(used(exactly('gold', { allocationMode: 'ExactCount', count: 2 }), exactly('gold', { allocationMode: 'All' })), {
    ...{ [count]: '1', gold: '34' },
  });
  const either = [
    { deviceClassName: 'gold', count: 2 },
    { deviceClassName: 'gold', count: 5 },
    { deviceClassName: 'silver', count: 1 },
  ];
  assert.deepEqual(used({ firstAvailable: either }, exactly('silver', { count: 1 })), { [count]: '1', gold: '5', silver: '2' });
});
