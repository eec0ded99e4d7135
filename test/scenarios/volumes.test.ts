import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Event, PersistentVolume, PersistentVolumeClaim } from '@keelson/types';
import { createCluster } from '../src/index.ts';

const namespace = 'default';

function volumeOf(name: string, storage: string, spec: object = {}): PersistentVolume {
  const source = { hostPath: { path: `/tmp/${name}` } };
  return {
    metadata: { name },
    spec: { capacity: { storage }, accessModes: ['ReadWriteOnce'], storageClassName: 'slow', ...source, ...spec },
  } as PersistentVolume;
}

function claimOf(name: string, storage: string, spec: object = {}): PersistentVolumeClaim {
  const resources = { requests: { storage } };
  return {
    metadata: { name, namespace },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'slow', resources, ...spec },
  } as PersistentVolumeClaim;
}

test('a claim gets the smallest volume that is large enough, and gives it back', async (t) => {
  const cluster = await createCluster();
  t.after(() => cluster.stop());
  const { api, history } = cluster;
  const phase = (name: string): string | undefined => history.get(PersistentVolume, name)?.status?.phase;
  for (const [name, size] of [
    ['large', '10Gi'],
    ['right', '2Gi'],
    ['small', '1Gi'],
  ] as const)
    await api.create(PersistentVolume, volumeOf(name, size));
  await cluster.until('they are free', () => ['large', 'right', 'small'].every((name) => phase(name) === 'Available'));
  await api.create(PersistentVolumeClaim, claimOf('data', '2Gi'));
  await cluster.until('both say they are bound', () => phase('right') === 'Bound');
  const claim = await api.get(PersistentVolumeClaim, { name: 'data', namespace });
  assert.deepEqual([claim.spec.volumeName, claim.status?.phase, claim.status?.capacity], ['right', 'Bound', { storage: '2Gi' }]);
  await api.delete(PersistentVolumeClaim, { name: 'data', namespace });
  await cluster.until('the claim is gone', () => !history.get(PersistentVolumeClaim, 'data', namespace));
  await cluster.until('the volume keeps its data', () => phase('right') === 'Released');
  await api.delete(PersistentVolume, { name: 'right' });
  await cluster.until('the volume is gone', () => !history.get(PersistentVolume, 'right'));
});

test('a claim nobody can satisfy says so, and is satisfied by what comes later', async (t) => {
  const cluster = await createCluster();
  t.after(() => cluster.stop());
  const { api, history } = cluster;
  await api.create(PersistentVolumeClaim, claimOf('data', '2Gi', { storageClassName: '' }));
  await cluster.until('it is told', async () => {
    const { items } = await api.list(Event, { namespace });
    return items.some(({ message = '' }) => message === 'no persistent volumes available for this claim and no storage class is set');
  });
  await api.create(PersistentVolume, volumeOf('late', '2Gi', { storageClassName: '' }));
  await cluster.until('it is bound', () => history.get(PersistentVolumeClaim, 'data', namespace)?.status?.phase === 'Bound');
});
