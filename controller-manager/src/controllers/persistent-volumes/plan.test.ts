import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pod } from '@keelson/testing';
import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec, StorageClass } from '@keelson/types';
import { type ClaimPlan, planClaim } from './plan.ts';

function volume(name: string, spec: PersistentVolume['spec'] = {}): PersistentVolume {
  return { metadata: { name }, spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], storageClassName: '', ...spec } };
}

function claim(spec: PersistentVolumeClaimSpec = {}): PersistentVolumeClaim {
  const resources = { requests: { storage: '1Gi' } };
  return { metadata: { name: 'c', namespace: 'ns', uid: 'u' }, spec: { accessModes: ['ReadWriteOnce'], resources, ...spec } };
}

function storageClass(name: string, parts: Partial<StorageClass> = {}, year?: number): StorageClass {
  const annotations = year ? { 'storageclass.kubernetes.io/is-default-class': 'true' } : {};
  return { metadata: { name, annotations, creationTimestamp: `${year ?? 2020}-01-01T00:00:00Z` }, provisioner: 'p', ...parts };
}

const plan = (of: PersistentVolumeClaim, volumes: PersistentVolume[] = [], classes: StorageClass[] = [], pods: string[] = []): ClaimPlan =>
  planClaim({ claim: of, volumes, classes, waiting: () => pods.map((name) => pod({ name })) });

const said = (of: ClaimPlan): string | undefined => (of.type === 'wait' && of.told ? Object.values(of.told).join(' ') : undefined);

test('a claim that leaves its class open gets the newest default, unless a volume without a class serves it', () => {
  const classes = [storageClass('old', {}, 2024), storageClass('new', {}, 2025), storageClass('other')];
  assert.deepEqual(plan(claim(), [], classes), { type: 'class', name: 'new' });
  assert.equal(plan(claim({ storageClassName: '' }), [], classes).type, 'wait');
  assert.equal(plan(claim(), [volume('v')], classes).type, 'bind');
});

const named = (spec: PersistentVolumeClaimSpec = {}): PersistentVolumeClaim => claim({ volumeName: 'v', storageClassName: '', ...spec });
const cannot = 'Warning VolumeMismatch Cannot bind to requested volume "v":';
for (const [name, of, there, words] of [
  ['too small', named({ resources: { requests: { storage: '2Gi' } } }), volume('v'), `${cannot} requested PV is too small`],
  ['of another class', named(), volume('v', { storageClassName: 'x' }), `${cannot} storageClassName does not match`],
  ['of another mode', named(), volume('v', { volumeMode: 'Block' }), `${cannot} incompatible volumeMode`],
  ['used otherwise', named(), volume('v', { accessModes: ['ReadWriteMany'] }), `${cannot} incompatible accessMode`],
  [
    'somebody else’s',
    named(),
    volume('v', { claimRef: { namespace: 'ns', name: 'other', uid: 'o' } }),
    'Warning FailedBinding volume "v" already bound to a different claim.',
  ],
  ['not there', named(), volume('other'), undefined],
] as const)
  test(`a claim that names a volume that is ${name} waits`, () => {
    const made = plan(of, [there]);
    assert.equal(made.type, 'wait');
    assert.equal(said(made), words);
  });

test('a volume that is reserved for a claim is bound whatever its class', () => {
  const reserved = volume('v', { storageClassName: 'x', claimRef: { namespace: 'ns', name: 'c' } });
  assert.equal(plan(named(), [reserved]).type, 'bind');
  assert.equal(plan(claim({ storageClassName: '' }), [reserved]).type, 'bind');
});

test('what a claim waits for', () => {
  const late = [storageClass('late', { volumeBindingMode: 'WaitForFirstConsumer' })];
  const of = claim({ storageClassName: 'late' });
  assert.equal(said(plan(of, [], late)), 'Normal WaitForFirstConsumer waiting for first consumer to be created before binding');
  assert.equal(said(plan(of, [], late, ['a'])), 'Normal WaitForPodScheduled waiting for pod a to be scheduled');
  assert.equal(said(plan(of, [], late, ['a', 'b'])), 'Normal WaitForPodScheduled waiting for pods a,b to be scheduled');
  assert.equal(said(plan(of)), 'Warning ProvisioningFailed storageclass.storage.k8s.io "late" not found');
  const byHand = [storageClass('late', { provisioner: 'kubernetes.io/no-provisioner' })];
  assert.equal(said(plan(of, [], byHand)), 'Warning ProvisioningFailed no volume plugin matched name: kubernetes.io/no-provisioner');
});
