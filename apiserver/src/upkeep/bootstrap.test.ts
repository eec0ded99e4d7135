import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '@keelson/base';
import { createCA } from '@keelson/pki';
import { ClusterRole, ConfigMap, EndpointSlice, Endpoints, Namespace, Service } from '@keelson/types';
import { createMemoryStore } from '../storage/memory/memory.ts';
import { startServer } from '../testing/fixture.ts';

test('a new cluster has its namespaces, its own service and what extensions read', async () => {
  const { certPem: clientCA } = await createCA({ commonName: 'kubernetes', days: 1, clock: systemClock });
  const server = await startServer({ trust: () => ({ clientCA }) });
  const { api } = server;
  assert.deepEqual(
    (await api.list(Namespace)).items.map(({ metadata }) => metadata.name),
    ['default', 'kube-node-lease', 'kube-public', 'kube-system'],
  );
  const key = { name: 'kubernetes', namespace: 'default' };
  const { spec, metadata } = await api.get(Service, key);
  assert.deepEqual(
    [spec?.clusterIP, spec?.ports, metadata.labels],
    ['10.96.0.1', [{ name: 'https', protocol: 'TCP', port: 443, targetPort: 6443 }], { component: 'apiserver', provider: 'kubernetes' }],
  );
  assert.deepEqual((await api.get(Endpoints, key)).subsets, [
    { addresses: [{ ip: '192.0.2.1' }], ports: [{ name: 'https', port: 6443, protocol: 'TCP' }] },
  ]);
  const slice = await api.get(EndpointSlice, key);
  assert.deepEqual(
    [slice.addressType, slice.endpoints?.map(({ addresses }) => addresses), slice.metadata.labels],
    ['IPv4', [['192.0.2.1']], { 'kubernetes.io/service-name': 'kubernetes' }],
  );
  const extensions = await api.get(ConfigMap, { name: 'extension-apiserver-authentication', namespace: 'kube-system' });
  assert.deepEqual(extensions.data, { 'client-ca-file': clientCA });
  await server.close();
});

test('a restart puts back what is missing, keeps what was added, and writes nothing when all is well', async () => {
  const store = createMemoryStore();
  const keep = { ...store, exclusive: true, close: async () => undefined } as unknown as typeof store;
  for (const name of ['get', 'list', 'create', 'update', 'delete', 'watch', 'compact'] as const)
    Object.assign(keep, { [name]: store[name].bind(store) });
  const first = await startServer({ store: keep });
  const view = await first.api.get(ClusterRole, { name: 'view' });
  await first.api.update(ClusterRole, { ...view, rules: [{ verbs: ['dance'], apiGroups: [''], resources: ['pods'] }] });
  await first.api.delete(Service, { name: 'kubernetes', namespace: 'default' });
  const edit = await first.api.get(ClusterRole, { name: 'system:node' });
  await first.api.update(ClusterRole, {
    ...edit,
    rules: [],
    metadata: { ...edit.metadata, annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'false' } },
  });
  await first.close();
  const second = await startServer({ store: keep });
  const rules = (await second.api.get(ClusterRole, { name: 'view' })).rules ?? [];
  assert.ok(rules.length > 1 && rules.some(({ verbs }) => verbs.includes('dance')));
  assert.equal((await second.api.get(Service, { name: 'kubernetes', namespace: 'default' })).spec?.clusterIP, '10.96.0.1');
  assert.deepEqual((await second.api.get(ClusterRole, { name: 'system:node' })).rules, undefined);
  const { revision } = await store.list('/registry/', { countOnly: true });
  await second.close();
  const third = await startServer({ store: keep });
  assert.equal((await store.list('/registry/', { countOnly: true })).revision, revision);
  await third.close();
  await store.close();
});
