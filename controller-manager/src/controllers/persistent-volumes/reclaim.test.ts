import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PersistentVolume, PersistentVolumeClaim } from '@keelson/types';
import { planVolume, type VolumePlan } from './reclaim.ts';

const claimRef = { namespace: 'ns', name: 'data', uid: 'c1' };
const hostPath = { path: '/tmp/data' };

function volume(spec: PersistentVolume['spec'], annotations: Record<string, string> = {}): PersistentVolume {
  return { metadata: { name: 'v', annotations }, spec: { claimRef, hostPath, persistentVolumeReclaimPolicy: 'Delete', ...spec } };
}

function claim(volumeName?: string, uid = 'c1'): PersistentVolumeClaim {
  return { metadata: { namespace: 'ns', name: 'data', uid }, spec: volumeName ? { volumeName } : {} };
}

const release = (reclaim: object): object => ({ type: 'release', reclaim });
const kept = release({ type: 'keep' });
const failed = (reason: string, message: string): object => release({ type: 'fail', reason, message });
const noDeleter = (why: string): object =>
  failed('VolumeFailedDelete', `error getting deleter volume plugin for volume "v": ${why} volume plugin matched`);
const byUs = { 'pv.kubernetes.io/bound-by-controller': 'yes' };
const made = { 'pv.kubernetes.io/provisioned-by': 'csi.example.com' };

const table: [name: string, volume: PersistentVolume, claim: PersistentVolumeClaim | undefined, wanted: object][] = [
  ['free', volume({ claimRef: undefined }), undefined, { type: 'phase', phase: 'Available' }],
  ['reserved', volume({ claimRef: { ...claimRef, uid: undefined } }), claim(), { type: 'phase', phase: 'Available' }],
  ['half bound', volume({}), claim(), { type: 'leave' }],
  ['bound', volume({}), claim('v'), { type: 'phase', phase: 'Bound' }],
  ['of a claim that was made again', volume({}), claim('v', 'c2'), release({ type: 'delete', path: '/tmp/data' })],
  ['made for a claim that has another', volume({}, made), claim('other'), kept],
  ['retained', volume({ persistentVolumeReclaimPolicy: 'Retain' }), undefined, kept],
  ['to be deleted', volume({}), undefined, release({ type: 'delete', path: '/tmp/data' })],
  [
    'to be deleted elsewhere',
    volume({ hostPath: { path: '/data' } }),
    undefined,
    failed('VolumeFailedDelete', 'host_path deleter only supports /tmp/.+ but received provided /data'),
  ],
  ['made by a driver', volume({ hostPath: undefined, csi: { driver: 'd', volumeHandle: 'h' } }, made), undefined, kept],
  ['of a driver', volume({ hostPath: undefined, csi: { driver: 'd', volumeHandle: 'h' } }), undefined, noDeleter('no')],
  ['on a disk', volume({ hostPath: undefined, local: { path: '/mnt' } }), undefined, noDeleter('no deletable')],
  ['of a plugin that moved', volume({ hostPath: undefined, gcePersistentDisk: { pdName: 'd' } }), undefined, kept],
  [
    'not to be recycled',
    volume({ hostPath: undefined, local: { path: '/mnt' }, persistentVolumeReclaimPolicy: 'Recycle' }),
    undefined,
    failed('VolumeFailedRecycle', 'No recycler plugin found for the volume!'),
  ],
];

for (const [name, given, held, wanted] of table) test(`a volume ${name}`, () => assert.deepEqual(planVolume(given, held), wanted));

test('a volume whose claim found another is free again, or reserved where somebody reserved it', () => {
  const specOf = (plan: VolumePlan): PersistentVolume['spec'] | undefined => (plan.type === 'unbind' ? plan.volume.spec : undefined);
  assert.deepEqual(specOf(planVolume(volume({}, byUs), claim('other'))), { hostPath, persistentVolumeReclaimPolicy: 'Delete' });
  assert.deepEqual(specOf(planVolume(volume({}), claim('other')))?.claimRef, { ...claimRef, uid: undefined });
});
