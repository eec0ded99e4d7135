import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Api } from '@keelson/client';
import { eventually } from '@keelson/testing';
import { Event, Namespace, PersistentVolumeClaim, Pod, ResourceQuota, StatefulSet } from '@keelson/types';
import { type ControllerCluster, startControllers } from './controllers-cluster.ts';

const labels = { app: 'db' };
const claim = {
  metadata: { name: 'data' },
  spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'slow', resources: { requests: { storage: '1Gi' } } },
};
const deadline = { deadlineMs: 15_000 };

let cluster: ControllerCluster;
let api: Api;

before(async () => {
  cluster = await startControllers();
  api = cluster.api;
});

after(() => cluster.stop());

async function start(namespace: string, spec: object = {}): Promise<void> {
  await api.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'db:1' }] } };
  await api.create(StatefulSet, {
    metadata: { name: 'db', namespace },
    spec: { serviceName: 'db', replicas: 2, selector: { matchLabels: labels }, template, volumeClaimTemplates: [claim], ...spec },
  } as StatefulSet);
}

function scale(namespace: string, replicas: number): Promise<StatefulSet> {
  return api.patch(StatefulSet, { name: 'db', namespace }, 'application/merge-patch+json', { spec: { replicas } });
}

async function claims(namespace: string): Promise<Map<string | undefined, string | undefined>> {
  const { items } = await api.list(PersistentVolumeClaim, { namespace });
  return new Map(items.map(({ metadata }) => [metadata.name, metadata.uid]));
}

async function ready(namespace: string, ...names: string[]): Promise<void> {
  await eventually(
    async () => {
      const { items } = await api.list(Pod, { namespace });
      const { status } = await api.get(StatefulSet, { name: 'db', namespace });
      return String(items.map(({ metadata }) => metadata.name).sort()) === String(names) && status?.availableReplicas === names.length;
    },
    { message: `${names} are ready`, ...deadline },
  );
}

test('claims outlive their pods, and are found again', async () => {
  await start('kept');
  await ready('kept', 'db-0', 'db-1');
  const made = await claims('kept');
  await scale('kept', 1);
  await ready('kept', 'db-0');
  await scale('kept', 2);
  await ready('kept', 'db-0', 'db-1');
  assert.deepEqual(await claims('kept'), made);
  assert.deepEqual([...made.keys()].sort(), ['data-db-0', 'data-db-1']);
  await eventually(async () => {
    const { items } = await api.list(Event, { namespace: 'kept' });
    return items.some(({ message }) => message === 'create Claim data-db-0 Pod db-0 in StatefulSet db success');
  });
});

test('claims go with pods that are too many, and with the set, where it says so', async () => {
  await start('gone', { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' } });
  await ready('gone', 'db-0', 'db-1');
  const made = await claims('gone');
  await scale('gone', 1);
  await ready('gone', 'db-0');
  await scale('gone', 2);
  await ready('gone', 'db-0', 'db-1');
  const after = await claims('gone');
  assert.equal(after.get('data-db-0'), made.get('data-db-0'));
  assert.notEqual(after.get('data-db-1'), made.get('data-db-1'));
  await api.delete(StatefulSet, { name: 'db', namespace: 'gone' }, { propagationPolicy: 'Background' });
  await eventually(
    async () => (await claims('gone')).size === 0 && (await api.list(Pod, { namespace: 'gone' })).items.length === 0,
    deadline,
  );
});

test('what keeps a pod from its claims is said of every one of them', async () => {
  const namespace = 'refused';
  await api.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await api.create(ResourceQuota, { metadata: { name: 'none', namespace }, spec: { hard: { persistentvolumeclaims: '0' } } });
  await eventually(async () => (await api.get(ResourceQuota, { name: 'none', namespace })).status?.hard, deadline);
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'db:1' }] } };
  const volumeClaimTemplates = [claim, { ...claim, metadata: { name: 'logs' } }];
  await api.create(StatefulSet, {
    metadata: { name: 'db', namespace },
    spec: { serviceName: 'db', replicas: 1, selector: { matchLabels: labels }, template, volumeClaimTemplates },
  } as StatefulSet);
  const refused = (name: string) =>
    `persistentvolumeclaims "${name}" is forbidden: exceeded quota: none, ` +
    'requested: persistentvolumeclaims=1, used: persistentvolumeclaims=0, limited: persistentvolumeclaims=0';
  const said = new Set([
    `create Claim data-db-0 for Pod db-0 in StatefulSet db failed error: ${refused('data-db-0')}`,
    `create Claim logs-db-0 for Pod db-0 in StatefulSet db failed error: ${refused('logs-db-0')}`,
    'create Pod db-0 in StatefulSet db failed error: ' +
      `[failed to create PVC data-db-0: ${refused('data-db-0')}, failed to create PVC logs-db-0: ${refused('logs-db-0')}]`,
  ]);
  let heard = new Set<string | undefined>();
  await eventually(
    async () => {
      const { items } = await api.list(Event, { namespace });
      heard = new Set(items.filter(({ reason }) => reason === 'FailedCreate').map(({ message }) => message));
      return heard.size >= 3;
    },
    { message: 'three refusals', ...deadline },
  );
  assert.deepEqual([...heard].sort(), [...said].sort());
});
