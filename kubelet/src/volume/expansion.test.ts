import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Api } from '@keelson/client';
import type { PersistentVolume, PersistentVolumeClaim } from '@keelson/types';
import { testPod } from '../pod/testpod.ts';
import { type Claimed, resolveClaim } from './claims.ts';
import type { Drivers } from './drivers.ts';
import { expandVolumes, growthOf } from './expansion.ts';

const claim = {
  metadata: { name: 'c', namespace: 'default', uid: 'u' },
  spec: { volumeName: 'pv' },
  status: {
    phase: 'Bound',
    capacity: { storage: '1Gi' },
    conditions: [
      { type: 'FileSystemResizePending', status: 'True' },
      { type: 'Other', status: 'True' },
    ],
    allocatedResourceStatuses: { storage: 'NodeResizePending' },
  },
} as unknown as PersistentVolumeClaim;

const volume = (storage: string): PersistentVolume =>
  ({
    metadata: { name: 'pv' },
    spec: { capacity: { storage }, claimRef: { uid: 'u' }, accessModes: ['ReadWriteOnce'], csi: { driver: 'd', volumeHandle: 'h' } },
  }) as unknown as PersistentVolume;

test('a volume has grown when it is larger than its claim says', () => {
  assert.equal(growthOf(claim, volume('1Gi')), undefined);
  assert.equal(growthOf(claim, volume('512Mi')), undefined);
  assert.deepEqual(growthOf(claim, volume('1500Mi')), { bytes: 1500 * 2 ** 20, storage: '1500Mi' });
  assert.equal(growthOf({ ...claim, status: { phase: 'Bound' } }, volume('2Gi')), undefined);
});

async function expanded(found: PersistentVolume, expand: Drivers['expand'], readOnly = false) {
  const told: string[] = [];
  const pod = testPod({ volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c', readOnly } }] });
  const [one] = pod.spec?.volumes ?? [];
  assert.ok(one);
  const claimed: Claimed = new Map([['v', resolveClaim(pod, one, { claim, volume: found })]]);
  const api = {
    patch: async (_kind: unknown, key: object, _type: string, patch: object) => void told.push(JSON.stringify([key, patch])),
  } as unknown as Pick<Api, 'patch'>;
  const deps = {
    api,
    drivers: { expand },
    paths: { root: '/k', logs: '/l' },
    event: (_pod: unknown, type: string, reason: string, message: string) => void told.push(`${type} ${reason}: ${message}`),
  };
  await expandVolumes(deps, pod, claimed, new Map([['c', { claim, volume: found }]]));
  return told;
}

test('its driver is told, then the claim', async () => {
  const asked: unknown[] = [];
  const told = await expanded(volume('2Gi'), async ({ handle }, target, bytes) => void asked.push(handle, target, bytes));
  assert.deepEqual(asked, ['h', '/k/pods/u1/volumes/kubernetes.io~csi/pv/mount', 2 * 2 ** 30]);
  const status = {
    capacity: { storage: '2Gi' },
    conditions: [{ type: 'Other', status: 'True' }],
    allocatedResourceStatuses: { storage: null },
  };
  assert.deepEqual(told, [
    JSON.stringify([{ namespace: 'default', name: 'c' }, { status }]),
    'Normal FileSystemResizeSuccessful: MountVolume.NodeExpandVolume succeeded for volume "pv" ',
  ]);
});

test('a driver that fails is told of, and nothing is done for who only reads', async () => {
  const fails = async (): Promise<void> => {
    throw new Error('no');
  };
  assert.deepEqual(await expanded(volume('2Gi'), fails), [
    'Warning FileSystemResizeFailed: NodeExpandVolume.NodeExpandVolume failed for volume "pv" : no',
  ]);
  assert.deepEqual(await expanded(volume('2Gi'), fails, true), []);
});
