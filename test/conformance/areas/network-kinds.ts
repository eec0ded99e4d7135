import assert from 'node:assert/strict';
import type { EndpointSlice, Ingress, IngressClass, IPAddress, ServiceCIDR } from '@keelson/types';
import { operations } from '../operations.ts';
import { across, discovered, withAnnotations, within } from '../resource.ts';
import type { Specs } from '../specs.ts';

const v1 = 'networking.k8s.io/v1';
const ranges = '[sig-network] ServiceCIDR and IPAddress API';

export const networkKinds: Specs = {
  async '[sig-network] Ingress API should support creating Ingress API operations'(c) {
    await discovered(c, 'networking.k8s.io', 'v1', ['ingresses', 'ingresses/status']);
    const places = { resource: within<Ingress>(c, v1, 'ingresses'), everywhere: across<Ingress>(c, v1, 'ingresses') };
    const { resource } = places;
    const backend = { service: { name: 'default-backend', port: { number: 80 } } };
    const path = { path: '/foo', pathType: 'Prefix', backend: { service: { name: 'test-backend', port: { number: 8080 } } } };
    const spec = { defaultBackend: backend, rules: [{ host: 'foo.bar.com', http: { paths: [path] } }] };
    const make = (labels: Record<string, string>) => ({ metadata: { generateName: 'e2e-example-ing', labels }, spec });
    await operations(c, places, make, async ({ metadata }) => {
      const name = metadata.name ?? '';
      const status = { loadBalancer: { ingress: [{ ip: '169.1.1.1' }] } };
      const patched = await resource.patch(`${name}/status`, { metadata: { annotations: { patchedstatus: 'true' } }, status }, 'merge');
      assert.deepEqual(patched.status, status);
      assert.equal(patched.metadata.annotations?.patchedstatus, 'true');
      const other = { loadBalancer: { ingress: [{ ip: '169.1.1.2' }] } };
      assert.deepEqual((await resource.update(name, (present) => ({ ...present, status: other }), '/status')).status, other);
      const gotten = await resource.get(`${name}/status`);
      assert.equal(gotten.metadata.uid, metadata.uid);
      assert.deepEqual(gotten.status, other);
    });
  },

  async '[sig-network] IngressClass API should support creating IngressClass API operations'(c) {
    await discovered(c, 'networking.k8s.io', 'v1', ['ingressclasses']);
    const spec = { controller: 'example.com/controller' };
    const make = (labels: Record<string, string>) => ({ metadata: { generateName: 'e2e-example-ingressclass', labels }, spec });
    await operations(c, { resource: across<IngressClass>(c, v1, 'ingressclasses') }, make);
  },

  async '[sig-network] EndpointSlice should support creating EndpointSlice API operations'(c) {
    const version = 'discovery.k8s.io/v1';
    await discovered(c, 'discovery.k8s.io', 'v1', ['endpointslices']);
    const places = {
      resource: within<EndpointSlice>(c, version, 'endpointslices'),
      everywhere: across<EndpointSlice>(c, version, 'endpointslices'),
    };
    await operations(c, places, (labels) => ({
      metadata: { generateName: 'e2e-example-ing', labels },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['1.2.3.4', '5.6.7.8'] }],
    }));
  },

  async [`${ranges} should support ServiceCIDR API operations`](c) {
    await discovered(c, 'networking.k8s.io', 'v1', ['servicecidrs', 'servicecidrs/status']);
    const resource = across<ServiceCIDR>(c, v1, 'servicecidrs');
    const { metadata } = await resource.get('kubernetes');
    const status = await resource.get('kubernetes/status');
    assert.deepEqual([status.kind, status.apiVersion, status.metadata.uid], ['ServiceCIDR', v1, metadata.uid]);
    assert.ok((await resource.items()).length > 0);
    (await resource.follow()).stop();
  },

  async [`${ranges} should support IPAddress API operations`](c) {
    await discovered(c, 'networking.k8s.io', 'v1', ['ipaddresses']);
    const resource = across<IPAddress>(c, v1, 'ipaddresses');
    const parentRef = { group: 'mygroup', resource: 'myresources', namespace: 'foo', name: 'bar' };
    const name = '255.255.255.255';
    const made = await resource.lend({ metadata: { name, labels: { type: 'broadcast' } }, spec: { parentRef } });
    await resource.lend({ metadata: { name: 'fe80::42:1dff:fe84:f9e2', labels: { type: 'link-local' } }, spec: { parentRef } });
    const patched = await resource.patch(name, { metadata: { annotations: { patched: 'true' } } }, 'merge');
    assert.equal(patched.metadata.annotations?.patched, 'true');
    assert.ok(Number(patched.metadata.resourceVersion) > Number(made.metadata.resourceVersion));
    const updated = await resource.update(name, (present) => withAnnotations(present, { updated: 'true' }));
    assert.equal(updated.metadata.annotations?.updated, 'true');
    await resource.get(name);
    assert.equal((await resource.items('type=broadcast')).length, 1);
    (await resource.follow({ labelSelector: 'type=broadcast' })).stop();
    await resource.remove(name);
    await resource.removeAll('type=link-local');
    assert.equal((await resource.items('type=link-local')).length, 0);
  },
};
