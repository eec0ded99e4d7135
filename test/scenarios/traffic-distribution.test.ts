import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EndpointSlice, Event, Node, Pod, Service } from '@keelson/types';
import { createCluster } from '../src/index.ts';

const namespace = 'default';
const zone = (name: string) => ({ labels: { 'topology.kubernetes.io/zone': name } });
const merge = 'application/merge-patch+json';

test('endpoints are for whom their service wants them to be', async (t) => {
  const cluster = await createCluster({ nodes: [zone('a'), zone('b')] });
  t.after(() => cluster.stop());
  const { api, history } = cluster;
  const service = { name: 'web', namespace };
  const hints = (): string =>
    history
      .list(EndpointSlice)
      .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === 'web')
      .flatMap(({ endpoints }) => endpoints ?? [])
      .map(({ hints: of }) => [...(of?.forZones ?? []), ...(of?.forNodes ?? [])].map(({ name }) => name).join('+') || 'all')
      .sort()
      .join();
  const labels = { app: 'web' };
  const spec = { selector: labels, ports: [{ port: 80 }], trafficDistribution: 'PreferSameZone' };
  await api.create(Service, { metadata: service, spec });
  for (const [index, nodeName] of ['node-1', 'node-1', 'node-1', 'node-2'].entries()) {
    const metadata = { name: `p${index}`, namespace, labels };
    await api.create(Pod, { metadata, spec: { nodeName, containers: [{ name: 'c', image: 'i' }] } });
  }
  await cluster.until('they are for their zones', () => hints() === 'a,a,a,b');
  await api.patch(Service, service, merge, { spec: { trafficDistribution: 'PreferSameNode' } });
  await cluster.until('they are for their nodes', () => hints() === 'a+node-1,a+node-1,a+node-1,b+node-2');
  await api.patch(Service, service, merge, { metadata: { annotations: { 'service.kubernetes.io/topology-mode': 'Auto' } } });
  await cluster.until('zones share them', () => hints() === 'a,a,b,b');
  await api.patch(Node, { name: 'node-2' }, merge, { metadata: { labels: { 'topology.kubernetes.io/zone': null } } });
  await cluster.until('they cannot be shared', () => hints() === 'all,all,all,all');
  await api.patch(Service, service, merge, { spec: { trafficDistribution: null }, metadata: { annotations: null } });
  const reasons = async (): Promise<string> => {
    const { items } = await api.list(Event, { namespace });
    return items
      .filter(({ involvedObject }) => involvedObject.name === 'web')
      .map(({ reason }) => reason)
      .join();
  };
  await cluster.until('it is told', async () => (await reasons()).split(',').length === 3);
  assert.equal(await reasons(), 'TopologyAwareHintsEnabled,TopologyAwareHintsDisabled,TopologyAwareHintsDisabled');
});
