import assert from 'node:assert/strict';
import { test } from 'node:test';
import { controlledBy } from '@keelson/testing';
import type { OwnerReference, PersistentVolumeClaim, Pod, StatefulSet } from '@keelson/types';
import { planStatefulSet } from './plan.ts';
import { claimsFor } from './pods.ts';
import { isStale, retained } from './retention.ts';
import { member, statefulSet, told, view } from './testdata.ts';

const template: PersistentVolumeClaim = { metadata: { name: 'data', labels: { tier: 'x' } }, spec: { accessModes: ['ReadWriteOnce'] } };

function setOf(replicas = 1, whenDeleted = 'Retain', whenScaled = 'Retain'): StatefulSet {
  const persistentVolumeClaimRetentionPolicy = { whenDeleted, whenScaled };
  return statefulSet({ replicas, volumeClaimTemplates: [template], persistentVolumeClaimRetentionPolicy });
}

function claimOf(set: StatefulSet, ordinal: number, ...ownerReferences: OwnerReference[]): PersistentVolumeClaim {
  const [claim] = claimsFor(set, ordinal);
  assert.ok(claim);
  return { ...claim, metadata: { ...claim.metadata, ownerReferences } };
}

test('a pod is made with its claims, which it uses as volumes instead of those of the same name', () => {
  const set = setOf();
  const [step] = planStatefulSet(view(set, [])).steps;
  assert.ok(step?.type === 'create');
  assert.deepEqual(step.claims[0]?.metadata, { name: 'data-db-0', namespace: 'default', labels: { tier: 'x', app: 'db' } });
  assert.deepEqual(step.pod.spec.volumes, [{ name: 'data', persistentVolumeClaim: { claimName: 'data-db-0' } }]);
  const { hostname, subdomain } = step.pod.spec;
  assert.deepEqual([step.pod.metadata.generateName, hostname, subdomain], ['db-', 'db-0', 'db']);
  assert.deepEqual(step.pod.metadata.labels, {
    app: 'db',
    'controller-revision-hash': 'db-new',
    'statefulset.kubernetes.io/pod-name': 'db-0',
    'apps.kubernetes.io/pod-index': '0',
  });
});

test('a pending pod gets claims it lacks', () => {
  const set = setOf();
  assert.deepEqual(told(planStatefulSet(view(set, [member(set, 0, 'pending')])).steps), ['claims db-0']);
  assert.deepEqual(told(planStatefulSet(view(set, [member(set, 0, 'pending')], [claimOf(set, 0)])).steps), []);
});

const owner = (set: StatefulSet): OwnerReference => controlledBy(set);
const ofPod = (pod: Pod): OwnerReference => controlledBy({ ...pod, apiVersion: 'v1', kind: 'Pod' });
const policies: readonly (readonly [string, string, string, string])[] = [
  ['Retain', 'Retain', '', ''],
  ['Delete', 'Retain', 'StatefulSet', 'StatefulSet'],
  ['Retain', 'Delete', '', 'Pod'],
  ['Delete', 'Delete', 'StatefulSet', 'Pod'],
];
for (const [whenDeleted, whenScaled, wanted, condemned] of policies) {
  test(`claims deleted with the set: ${whenDeleted}, with the pod: ${whenScaled}`, () => {
    const set = setOf(1, whenDeleted, whenScaled);
    for (const [ordinal, keeper] of [wanted, condemned].entries()) {
      const pod = member(set, ordinal);
      for (const before of [[], [owner(set)], [ofPod(pod)]]) {
        const claim = claimOf(set, ordinal, ...before);
        const after = retained(set, pod, claim) ?? claim;
        assert.deepEqual(
          after.metadata.ownerReferences?.map(({ kind }) => kind).join(),
          keeper,
          `pod ${ordinal}, before ${before[0]?.kind}`,
        );
        assert.equal(retained(set, pod, after), undefined);
      }
    }
  });
}

test('a claim that somebody else controls is left alone', () => {
  const set = setOf(1, 'Delete');
  const other = { ...owner(set), uid: 'other' };
  assert.equal(retained(set, member(set, 0), claimOf(set, 0, other)), undefined);
  const { metadata } = retained(set, member(set, 0), claimOf(set, 0, { ...other, controller: false })) ?? claimOf(set, 0);
  assert.deepEqual(
    metadata.ownerReferences?.map(({ uid }) => uid),
    ['other', 'set'],
  );
});

test('claims are given their owners while pods run, and before those beyond what is wanted go', () => {
  const set = setOf(1, 'Delete', 'Delete');
  const pods = [member(set, 0), member(set, 1)];
  const claims = [claimOf(set, 0), claimOf(set, 1, owner(set))];
  assert.deepEqual(told(planStatefulSet(view(set, pods, claims)).steps), ['retain data-db-0', 'retain data-db-1', 'delete db-1']);
});

test('a pod waits until the claim of its predecessor, which goes with it, is gone', () => {
  const set = setOf(1, 'Retain', 'Delete');
  const former = { ...ofPod(member(set, 0)), uid: 'former' };
  assert.equal(isStale(set, member(set, 0), claimOf(set, 0, former)), true);
  assert.deepEqual(planStatefulSet(view(set, [], [claimOf(set, 0, former)])), { steps: [], waitsForClaim: true });
  assert.equal(isStale(setOf(1), member(set, 0), claimOf(set, 0, former)), false);
});
