import assert from 'node:assert/strict';
import { systemClock, timestamp } from '@keelson/base';
import type { EndpointSlice, Endpoints, Service } from '@keelson/types';
import { pausePod, podsOf, runPod } from '../pods.ts';
import { across, discovered, seen, until, within } from '../resource.ts';
import type { Specs } from '../specs.ts';

const area = '[sig-network] Services';
const http = [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 80 }];

export const services: Specs = {
  async '[sig-network] API Server should provide secure master service'(c) {
    const { spec } = await within<Service>(c, 'v1', 'services', 'default').get('kubernetes');
    assert.deepEqual(
      spec?.ports?.map(({ name, port }) => [name, port]),
      [['https', 443]],
    );
  },

  async '[sig-network] API Server should have Endpoints and EndpointSlices pointing to API Server'(c) {
    const endpoints = await within<Endpoints>(c, 'v1', 'endpoints', 'default').get('kubernetes');
    const slices = await within<EndpointSlice>(c, 'discovery.k8s.io/v1', 'endpointslices', 'default').items(
      'kubernetes.io/service-name=kubernetes',
    );
    const subsets = endpoints.subsets ?? [];
    assert.equal(subsets.length, 1);
    assert.equal(slices.length, 1);
    assert.equal(slices[0]?.addressType, 'IPv4');
    const addresses = subsets.flatMap((subset) => subset.addresses ?? []).map(({ ip }) => ip);
    assert.ok(addresses.length > 0);
    assert.deepEqual(
      slices.flatMap((slice) => slice.endpoints ?? []).flatMap((endpoint) => endpoint.addresses),
      addresses,
    );
    const ports = (some: readonly { name?: string | undefined; port?: number | undefined }[] = []) =>
      some.map(({ name, port }) => [name, port]);
    assert.deepEqual(ports(slices[0]?.ports), ports(subsets[0]?.ports));
  },

  async [`${area} should find a service from listing all namespaces`](c) {
    const listed = await across<Service>(c, 'v1', 'services').items();
    assert.ok(listed.some(({ metadata }) => metadata.name === 'kubernetes' && metadata.namespace === 'default'));
  },

  async [`${area} should delete a collection of services`](c) {
    const resource = within<Service>(c, 'v1', 'services');
    const mark = c.unique('e2e');
    for (const [number, type] of ['ClusterIP', 'ClusterIP', 'NodePort'].entries()) {
      const labels = { 'e2e-test-service': mark, ...(number === 2 ? {} : { collection: 'true' }) };
      await resource.create({ metadata: { name: `e2e-svc-${number}`, labels }, spec: { type, ports: http } });
    }
    assert.equal((await resource.items(`e2e-test-service=${mark}`)).length, 3);
    await resource.removeAll(`e2e-test-service=${mark},collection=true`);
    await resource.count(`e2e-test-service=${mark}`, 1);
    await resource.remove('e2e-svc-2');
  },

  async [`${area} should complete a service status lifecycle`](c) {
    const resource = within<Service>(c, 'v1', 'services');
    const labels = { 'test-service-static': c.unique('true') };
    const labelSelector = `test-service-static=${labels['test-service-static']}`;
    const name = c.unique('test-service');
    const following = await resource.follow({ labelSelector });
    const spec = { type: 'LoadBalancer', loadBalancerClass: 'example.com/internal-vip', ports: http };
    const made = await resource.create({ metadata: { name, labels }, spec });
    await seen(following, ({ type }) => type === 'ADDED');
    const everywhere = across<Service>(c, 'v1', 'services');
    assert.equal((await everywhere.items(labelSelector)).length, 1);
    assert.equal((await resource.get(`${name}/status`)).metadata.uid, made.metadata.uid);
    const annotations = { patchedstatus: 'true' };
    const status = { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } };
    const patched = await resource.patch(`${name}/status`, { metadata: { annotations }, status }, 'merge');
    assert.equal(patched.status?.loadBalancer?.ingress?.[0]?.ip, '203.0.113.1');
    await seen(following, ({ object }) => object.metadata.annotations?.patchedstatus === 'true');
    const condition = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from e2e test' };
    const withCondition = (present: Service) => {
      const conditions = [...(present.status?.conditions ?? []), { ...condition, lastTransitionTime: timestamp(systemClock) }];
      return { ...present, status: { ...present.status, conditions } } as Service;
    };
    const updated = await resource.update(name, withCondition, '/status');
    assert.deepEqual(
      updated.status?.conditions?.map(({ type, reason }) => [type, reason]),
      [['StatusUpdate', 'E2E']],
    );
    await seen(following, ({ object }) => object.status?.conditions?.some(({ type }) => type === 'StatusUpdate'));
    await resource.patch(name, { metadata: { labels: { 'test-service': 'patched' } } });
    await seen(following, ({ object }) => object.metadata.labels?.['test-service'] === 'patched');
    await resource.remove(name);
    await seen(following, ({ type }) => type === 'DELETED');
  },

  async '[sig-network] Service endpoints latency should not be very high'(c) {
    await runPod(podsOf(c), pausePod('svc-latency-rc', {}, { labels: { name: 'svc-latency-rc' } }));
    const resource = within<Service>(c, 'v1', 'services');
    const endpoints = within<Endpoints>(c, 'v1', 'endpoints');
    const following = await endpoints.follow();
    const latencies = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const spec = { selector: { name: 'svc-latency-rc' }, ports: [{ protocol: 'TCP', port: 80 }] };
        const { metadata } = await resource.create({ metadata: { generateName: 'latency-svc-' }, spec });
        const started = performance.now();
        await seen(following, ({ object }) => object.metadata.name === metadata.name && (object.subsets?.length ?? 0) > 0);
        return performance.now() - started;
      }),
    );
    const middle = latencies.toSorted((a, b) => a - b)[latencies.length / 2] ?? Number.POSITIVE_INFINITY;
    assert.ok(middle < 20_000 && Math.max(...latencies) < 50_000, `${latencies}`);
  },

  async '[sig-network] Endpoints should test the lifecycle of an Endpoint'(c) {
    const resource = within<Endpoints>(c, 'v1', 'endpoints');
    const name = 'testservice';
    const labels = { 'test-endpoint-static': c.unique('true') };
    const selector = `test-endpoint-static=${labels['test-endpoint-static']}`;
    const following = await resource.follow({ labelSelector: selector });
    const subset = (ip: string, port: number) => ({ addresses: [{ ip }], ports: [{ name: 'http', port, protocol: 'TCP' }] });
    const made = await resource.create({ metadata: { name, labels }, subsets: [subset('10.0.0.24', 80)] });
    await seen(following, ({ type }) => type === 'ADDED');
    assert.equal((await across<Endpoints>(c, 'v1', 'endpoints').items(selector)).length, 1);
    await resource.replace({ ...made, metadata: { ...made.metadata, labels: { ...labels, 'test-service': 'updated' } } });
    await seen(following, ({ type, object }) => type === 'MODIFIED' && object.metadata.labels?.['test-service'] === 'updated');
    assert.equal((await resource.get(name)).metadata.labels?.['test-service'], 'updated');
    await resource.patch(name, { metadata: { labels: { 'test-service': 'patched' } }, subsets: [subset('10.0.0.25', 8080)] });
    await seen(following, ({ type, object }) => type === 'MODIFIED' && object.metadata.labels?.['test-service'] === 'patched');
    const patched = await resource.get(name);
    assert.equal(patched.metadata.labels?.['test-service'], 'patched');
    assert.deepEqual(patched.subsets, [subset('10.0.0.25', 8080)]);
    await resource.removeAll(selector);
    await seen(following, ({ type }) => type === 'DELETED');
    assert.equal(await resource.exists(name), false);
  },

  async '[sig-network] EndpointSliceMirroring should mirror a custom Endpoints resource through create update and delete'(c) {
    await discovered(c, 'discovery.k8s.io', 'v1', ['endpointslices']);
    const name = 'example-custom-endpoints';
    await within(c, 'v1', 'services').create({ metadata: { name }, spec: { ports: [{ name: 'example', port: 80, protocol: 'TCP' }] } });
    const endpoints = within<Endpoints>(c, 'v1', 'endpoints');
    const slices = within<EndpointSlice>(c, 'discovery.k8s.io/v1', 'endpointslices');
    const body = (ip: string) => ({ metadata: { name }, subsets: [{ ports: [{ port: 80 }], addresses: [{ ip }] }] });
    const mirrored = async (...addresses: string[]): Promise<void> => {
      const present = async () => {
        const found = await slices.items(`kubernetes.io/service-name=${name}`);
        const ips = found.flatMap((slice) => slice.endpoints ?? []).flatMap((endpoint) => endpoint.addresses);
        const ports = found.flatMap((slice) => slice.ports ?? []).map(({ port }) => port);
        return ips.join() === addresses.join() && ports.join() === addresses.map(() => '80').join() && found.length === addresses.length;
      };
      await until(present, `slices of ${addresses}`);
    };
    await endpoints.create(body('10.1.2.3'));
    await mirrored('10.1.2.3');
    await endpoints.replace(body('10.2.3.4') as Endpoints);
    await mirrored('10.2.3.4');
    await endpoints.remove(name);
    await mirrored();
  },
};
