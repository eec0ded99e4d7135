import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Deployment, ReplicaSet } from '@keelson/types';
import type { AnyObject } from '../../types.ts';
import { historyText, revisionsOf, revisionToRestore } from './history.ts';
import { rolloutStatus } from './status.ts';
import { withoutRollouts } from './verbs.ts';

function deployment(status: NonNullable<Deployment['status']>, generation = 1): AnyObject {
  const metadata = { name: 'web', uid: 'd', generation, annotations: { 'deployment.kubernetes.io/revision': '2' } };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { replicas: 3 }, status: { observedGeneration: 1, ...status } };
}

test('how a rollout goes, in words', () => {
  const prefix = 'Waiting for deployment "web" rollout to finish:';
  const table: [AnyObject, string, boolean][] = [
    [deployment({}, 2), 'Waiting for deployment spec update to be observed...', false],
    [deployment({ updatedReplicas: 1, replicas: 3 }), `${prefix} 1 out of 3 new replicas have been updated...`, false],
    [deployment({ updatedReplicas: 3, replicas: 4 }), `${prefix} 1 old replicas are pending termination...`, false],
    [deployment({ updatedReplicas: 3, replicas: 3, availableReplicas: 2 }), `${prefix} 2 of 3 updated replicas are available...`, false],
    [deployment({ updatedReplicas: 3, replicas: 3, availableReplicas: 3 }), 'deployment "web" successfully rolled out', true],
  ];
  for (const [object, message, done] of table) assert.deepEqual(rolloutStatus(object), { message: `${message}\n`, done });
});

test('a rollout that failed, another revision, another kind', () => {
  const conditions = [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }];
  assert.throws(() => rolloutStatus(deployment({ conditions })), { message: 'deployment "web" exceeded its progress deadline' });
  assert.throws(() => rolloutStatus(deployment({}), 1), { message: 'desired revision (1) is different from the running revision (2)' });
  assert.throws(() => rolloutStatus({ kind: 'Pod', metadata: {} }), { message: 'no status viewer has been implemented for Pod' });
});

function replicaSet(revision: string, owner = 'd', cause?: string): ReplicaSet {
  const annotations = { 'deployment.kubernetes.io/revision': revision, ...(cause ? { 'kubernetes.io/change-cause': cause } : {}) };
  const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: owner, controller: true }];
  const template = { metadata: { labels: { revision } }, spec: { containers: [] } };
  return { metadata: { name: `web-${revision}`, annotations, ownerReferences }, spec: { selector: {}, template } };
}

test('history: own revisions by number, and the one to go back to', () => {
  const sets = [replicaSet('10'), replicaSet('2', 'd', 'new image'), replicaSet('9', 'stranger'), replicaSet('1')];
  const revisions = revisionsOf(deployment({}) as unknown as Deployment, sets);
  assert.deepEqual(
    revisions.map(({ number }) => number),
    [1, 2, 10],
  );
  assert.deepEqual(
    revisions.map(({ object: { kind, metadata } }) => `${kind} ${metadata.name}`),
    ['ReplicaSet web-1', 'ReplicaSet web-2', 'ReplicaSet web-10'],
  );
  assert.equal(historyText(revisions), 'REVISION\tCHANGE-CAUSE\n1\t<none>\n2\tnew image\n10\t<none>\n');
  assert.equal(revisionToRestore(revisions, 0).number, 2);
  assert.equal(revisionToRestore(revisions, 1).number, 1);
  assert.throws(() => revisionToRestore(revisions, 5), { message: 'unable to find specified revision 5 in history' });
  assert.throws(() => revisionToRestore(revisions.slice(0, 1), 0, 'web'), { message: 'no rollout history found for deployment "web"' });
});

test('kinds without rollouts are told apart as upstream does: some it knows', () => {
  const told = (group: string, kind: string): string => {
    const found = { mapping: { group, kind } } as Parameters<typeof withoutRollouts>[0];
    return withoutRollouts(found, 'history viewer', 'history').message;
  };
  assert.equal(told('', 'ReplicationController'), 'no history viewer has been implemented for "ReplicationController"');
  assert.equal(told('batch', 'Job'), 'no history viewer has been implemented for "Job.batch"');
  assert.equal(told('', 'ConfigMap'), 'error retrieving history for "ConfigMap", no visitor method exists for { ConfigMap}');
  const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: {} };
  assert.throws(() => rolloutStatus(job), { message: 'no status viewer has been implemented for Job.batch' });
});
