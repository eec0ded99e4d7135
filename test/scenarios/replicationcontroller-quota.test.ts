import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pod, ReplicationController, type ReplicationControllerStatus, ResourceQuota } from '@keelson/types';
import { createCluster } from '../src/index.ts';
import { eventsAbout } from '../src/workloads.ts';

const namespace = 'default';
const labels = { app: 'old' };

test('a quota that allows fewer pods is told as a failure, until fewer are wanted', async (t) => {
  const cluster = await createCluster();
  t.after(() => cluster.stop());
  const { api, history } = cluster;
  await api.create(ResourceQuota, { metadata: { name: 'two', namespace }, spec: { hard: { pods: '2' } } } as ResourceQuota);
  await cluster.until('the quota counts', () => history.get(ResourceQuota, 'two')?.status?.hard?.pods === '2');
  const spec = { containers: [{ name: 'main', image: 'app:1' }] };
  await api.create(ReplicationController, {
    metadata: { name: 'old', namespace },
    spec: { replicas: 3, selector: labels, template: { metadata: { labels }, spec } },
  } as ReplicationController);
  const status = (): ReplicationControllerStatus | undefined => history.get(ReplicationController, 'old')?.status;
  const failure = () => status()?.conditions?.find(({ type }) => type === 'ReplicaFailure');
  await cluster.until('it says so', () => failure()?.status === 'True');
  assert.equal(failure()?.reason, 'FailedCreate');
  assert.match(failure()?.message ?? '', /exceeded quota: two/);
  await api.patch(ReplicationController, { name: 'old', namespace }, 'application/merge-patch+json', { spec: { replicas: 2 } });
  await cluster.until('all is well', () => failure() === undefined && status()?.availableReplicas === 2);
  assert.equal(history.list(Pod, namespace).length, 2);
  assert.ok(eventsAbout(cluster, 'old').some((event) => event.startsWith('FailedCreate: Error creating: pods "old-')));
  const writes = cluster.history.transcript.length;
  await cluster.advance(5_000);
  const more = cluster.history.transcript.slice(writes).filter((line) => line.includes('/registry/controllers/'));
  assert.deepEqual(more, [], 'a controller at rest writes nothing');
});
