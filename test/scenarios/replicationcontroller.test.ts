import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pod, ReplicationController } from '@keelson/types';
import { createCluster } from '../src/index.ts';

const namespace = 'default';
const labels = { app: 'old' };

test('a replication controller keeps its pods, takes what fits, and lets go what does not', async (t) => {
  const cluster = await createCluster();
  t.after(() => cluster.stop());
  const { api, history } = cluster;
  const spec = { containers: [{ name: 'main', image: 'app:1' }] };
  await api.create(Pod, { metadata: { name: 'orphan', namespace, labels }, spec } as Pod);
  await api.create(ReplicationController, {
    metadata: { name: 'old', namespace },
    spec: { replicas: 2, selector: labels, template: { metadata: { labels }, spec } },
  } as ReplicationController);
  const owned = (): Pod[] => history.list(Pod).filter(({ metadata }) => metadata.ownerReferences?.[0]?.kind === 'ReplicationController');
  await cluster.until('both are ready', () => history.get(ReplicationController, 'old', namespace)?.status?.readyReplicas === 2);
  assert.ok(owned().some(({ metadata }) => metadata.name === 'orphan'));
  await api.patch(Pod, { name: 'orphan', namespace }, 'application/merge-patch+json', { metadata: { labels: { app: 'free' } } });
  await cluster.until(
    'it is let go and replaced',
    () => owned().length === 2 && !owned().some(({ metadata }) => metadata.name === 'orphan'),
  );
  await api.patch(ReplicationController, { name: 'old', namespace }, 'application/merge-patch+json', { spec: { replicas: 0 } });
  await cluster.until('they are gone', () => owned().length === 0);
});
