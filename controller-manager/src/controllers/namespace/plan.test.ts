import assert from 'node:assert/strict';
import { test } from 'node:test';
import { created, namespace } from '@keelson/testing';
import { isEmptied, planConditions } from './plan.ts';

const now = Date.parse(created);
const clean = { discoveryFailures: [], failures: [], remaining: new Map(), held: new Map() };

test('conditions tell what is left and why', () => {
  const emptying = {
    ...clean,
    remaining: new Map([
      ['pods.', 2],
      ['deployments.apps', 1],
    ]),
    held: new Map([['example.com/stay', 1]]),
  };
  assert.equal(isEmptied(emptying), false);
  const conditions = planConditions(namespace({ phase: 'Terminating' }), emptying, now);
  assert.deepEqual(
    conditions?.map(({ type, status, reason, message }) => [type, status, reason, message]),
    [
      ['NamespaceDeletionDiscoveryFailure', 'False', 'ResourcesDiscovered', 'All resources successfully discovered'],
      ['NamespaceDeletionGroupVersionParsingFailure', 'False', 'ParsedGroupVersions', 'All legacy kube types successfully parsed'],
      ['NamespaceDeletionContentFailure', 'False', 'ContentDeleted', 'All content successfully deleted, may be waiting on finalization'],
      [
        'NamespaceContentRemaining',
        'True',
        'SomeResourcesRemain',
        'Some resources are remaining: deployments.apps has 1 resource instances, pods. has 2 resource instances',
      ],
      [
        'NamespaceFinalizersRemaining',
        'True',
        'SomeFinalizersRemain',
        'Some content in the namespace has finalizers remaining: example.com/stay in 1 resource instances',
      ],
    ],
  );
  const told = { ...namespace(), status: { phase: 'Terminating', conditions: conditions ?? [] } };
  assert.equal(planConditions(told, emptying, now + 5000), undefined);
  assert.equal(planConditions(told, clean, now)?.find(({ type }) => type === 'NamespaceContentRemaining')?.reason, 'ContentRemoved');
});

test('an empty namespace is emptied', () => {
  assert.equal(isEmptied(clean), true);
  assert.equal(isEmptied({ ...clean, discoveryFailures: ['metrics.k8s.io/v1'] }), false);
});
