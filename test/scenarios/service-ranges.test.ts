import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Service, ServiceCIDR } from '@keelson/types';
import { createCluster } from '../src/index.ts';

const namespace = 'default';

test('a range that services have addresses of goes when the last of them is gone', async (t) => {
  const cluster = await createCluster({ nodes: 0 });
  t.after(() => cluster.stop());
  const { api, history } = cluster;
  const ready = (name: string) => history.get(ServiceCIDR, name)?.status?.conditions?.find(({ type }) => type === 'Ready');
  await api.create(ServiceCIDR, { metadata: { name: 'more' }, spec: { cidrs: ['10.200.0.0/24'] } });
  await cluster.until('it is ready', () => ready('more')?.status === 'True');
  const spec = { clusterIP: '10.200.0.5', ports: [{ port: 80 }] };
  await api.create(Service, { metadata: { name: 'web', namespace }, spec });
  await api.delete(ServiceCIDR, { name: 'more' });
  await cluster.until('it says why it stays', () => ready('more')?.reason === 'Terminating');
  await assert.rejects(
    api.create(Service, { metadata: { name: 'late', namespace }, spec: { ...spec, clusterIP: '10.200.0.6' } }),
    /does not match/,
  );
  await api.delete(Service, { name: 'web', namespace });
  await cluster.until('it is gone', () => history.get(ServiceCIDR, 'more') === undefined);
});
