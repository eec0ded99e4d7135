import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EndpointSlice, Endpoints, Service } from '@keelson/types';
import { createCluster } from '../src/index.ts';

const namespace = 'default';

test('Endpoints made by hand are shown as slices for as long as they are there', async (t) => {
  const cluster = await createCluster();
  t.after(() => cluster.stop());
  const { api, history } = cluster;
  await api.create(Service, { metadata: { name: 'own', namespace }, spec: { ports: [{ port: 80 }] } });
  const subsets = [{ addresses: [{ ip: '10.1.2.3' }], ports: [{ name: 'web', port: 80 }] }];
  const made = await api.create(Endpoints, { metadata: { name: 'own', namespace }, subsets });
  const slices = (): EndpointSlice[] =>
    history.list(EndpointSlice).filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === 'own');
  const addresses = (): string =>
    slices()
      .flatMap(({ endpoints }) => endpoints ?? [])
      .flatMap((one) => one.addresses)
      .join();
  await cluster.until('there is a slice', () => addresses() === '10.1.2.3');
  assert.equal(slices()[0]?.metadata.labels?.['endpointslice.kubernetes.io/managed-by'], 'endpointslicemirroring-controller.k8s.io');
  assert.deepEqual(slices()[0]?.ports, [{ name: 'web', port: 80, protocol: 'TCP' }]);
  await api.update(Endpoints, { ...made, subsets: [{ ...subsets[0], addresses: [{ ip: '10.1.2.4' }] }] } as Endpoints);
  await cluster.until('it follows', () => addresses() === '10.1.2.4' && slices().length === 1);
  await api.delete(Endpoints, { name: 'own', namespace });
  await cluster.until('it is gone', () => slices().length === 0);
});
