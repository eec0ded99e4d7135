import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Event, PersistentVolume, PersistentVolumeClaim, StorageClass } from '@keelson/types';
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

test('a claim made before there was a default class gets it when there is one', async (t) => {
  const cluster = await createCluster({ nodes: 1 });
  t.after(() => cluster.stop());
  const { api, history } = cluster;
  const { storageClassName: _none, ...open } = claimOf('open', '1Gi').spec;
  await api.create(PersistentVolumeClaim, { metadata: { name: 'open', namespace }, spec: open });
  await api.create(PersistentVolumeClaim, claimOf('closed', '1Gi', { storageClassName: '' }));
  const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
  await api.create(StorageClass, { metadata: { name: 'usual', annotations }, provisioner: 'disks.example.com' });
  const classOf = (name: string): string | undefined => history.get(PersistentVolumeClaim, name, namespace)?.spec.storageClassName;
  await cluster.until('it is of the class', () => classOf('open') === 'usual');
  assert.equal(classOf('closed'), '');
});

test('a volume nobody can delete says so, one of a directory goes with its claim', async (t) => {
  const cluster = await createCluster({ nodes: 1 });
  t.after(() => cluster.stop());
  const { api, history } = cluster;
  const rest = { persistentVolumeReclaimPolicy: 'Delete', storageClassName: 'quick' };
  await api.create(PersistentVolume, volumeOf('stays', '1Gi', { ...rest, hostPath: { path: '/data' } }));
  await api.create(PersistentVolume, volumeOf('goes', '2Gi', rest));
  for (const [name, size] of [
    ['small', '1Gi'],
    ['large', '2Gi'],
  ] as const)
    await api.create(PersistentVolumeClaim, claimOf(name, size, { storageClassName: 'quick' }));
  const bound = (name: string): boolean => history.get(PersistentVolumeClaim, name, namespace)?.status?.phase === 'Bound';
  await cluster.until('both are bound', () => bound('small') && bound('large'));
  for (const name of ['small', 'large']) await api.delete(PersistentVolumeClaim, { name, namespace });
  await cluster.until('one is gone', () => !history.get(PersistentVolume, 'goes'));
  await cluster.until('the other has failed', () => history.get(PersistentVolume, 'stays')?.status?.phase === 'Failed');
  const { status } = await api.get(PersistentVolume, { name: 'stays' });
  assert.equal(status?.message, 'host_path deleter only supports /tmp/.+ but received provided /data');
});
