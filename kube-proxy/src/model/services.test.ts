import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EndpointSlice, Service } from '@keelson/types';
import { type EndpointFixture, endpoint, place, type SpecFixture, service, slice, terminating } from '../testdata.ts';
import { wantedService } from './services.ts';
import type { WantedPort } from './types.ts';

function portOf(spec: SpecFixture, endpoints: readonly EndpointFixture[], at = place): WantedPort {
  const port = wantedService(service('web', spec), [slice('web', endpoints)], at)?.ports[0];
  assert.ok(port);
  return port;
}

const ips = (endpoints: readonly { readonly ip: string }[]): string[] => endpoints.map(({ ip }) => ip);
const notReady = { conditions: { ready: false, serving: false, terminating: false } };
const external = { type: 'NodePort', ports: [{ name: 'p', port: 80, nodePort: 30080 }] };

describe('wantedService', () => {
  const skipped: [string, Service][] = [
    ['headless', service('web', { clusterIP: 'None' })],
    ['without an address yet', service('web', { clusterIP: '' })],
    ['ExternalName', service('web', { type: 'ExternalName' })],
    ['of the other family', service('web', { clusterIP: 'fd00::1' })],
    [
      'of another proxy',
      { ...service('web'), metadata: { name: 'web', namespace: 'ns', labels: { 'service.kubernetes.io/service-proxy-name': 'x' } } },
    ],
  ];
  for (const [why, object] of skipped) it(`leaves out a service ${why}`, () => assert.equal(wantedService(object, [], place), undefined));

  it('reads the fields of a port', () => {
    const spec = {
      clusterIP: '10.96.0.5',
      clusterIPs: ['fd00::5', '10.96.0.5'],
      sessionAffinity: 'ClientIP',
      externalIPs: ['192.0.2.7', 'fd00::7'],
      type: 'LoadBalancer',
    };
    const status = { loadBalancer: { ingress: [{ ip: '192.0.2.8' }, { ip: '192.0.2.9', ipMode: 'Proxy' }, { hostname: 'x' }] } };
    const wanted = wantedService(
      service('web', { ...spec, loadBalancerSourceRanges: [' 10.0.0.0/8'] }, status),
      [slice('web', [endpoint(1, 1)])],
      place,
    );
    assert.deepEqual(wanted, {
      key: 'ns/web',
      ports: [
        {
          name: 'ns/web:p',
          protocol: 'tcp',
          clusterIP: '10.96.0.5',
          port: 80,
          nodePort: 0,
          externalIPs: ['192.0.2.7'],
          loadBalancerIPs: ['192.0.2.8'],
          sourceRanges: ['10.0.0.0/8'],
          affinitySeconds: 10_800,
          internalLocal: false,
          externalLocal: false,
          hasEndpoints: true,
          cluster: [{ ip: '10.244.1.1', port: 8080, local: true }],
          local: [],
        },
      ],
    });
  });

  it('takes leading zeros for decimal, and writes none', () => {
    const spec = {
      type: 'LoadBalancer',
      clusterIP: '10.96.0.011',
      externalIPs: ['192.000.002.7'],
      loadBalancerSourceRanges: ['010.0.0.1/8'],
    };
    const status = { loadBalancer: { ingress: [{ ip: '::ffff:192.0.2.8' }] } };
    const last = { ...endpoint(1, 1), addresses: ['010.244.1.010'] };
    const port = wantedService(service('web', spec, status), [slice('web', [last])], place)?.ports[0];
    assert.deepEqual(
      [port?.clusterIP, port?.externalIPs, port?.sourceRanges, port?.loadBalancerIPs, ips(port?.cluster ?? [])],
      ['10.96.0.11', ['192.0.2.7'], ['10.0.0.0/8'], ['192.0.2.8'], ['10.244.1.10']],
    );
  });

  it('counts local ready addresses for the health check', () => {
    const spec = { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 30999 };
    const slices = [slice('web', [endpoint(1, 1), endpoint(1, 2, terminating), endpoint(2, 3)]), slice('web', [endpoint(1, 1)], 9090)];
    assert.deepEqual(wantedService(service('web', spec), slices, place)?.health, { port: 30999, localEndpoints: 1 });
  });
});

describe('endpoints of a port', () => {
  const hinted = (node: number, last: number, zone: string, toNode?: string): EndpointFixture =>
    endpoint(node, last, { hints: { forZones: [{ name: zone }], ...(toNode ? { forNodes: [{ name: toNode }] } : {}) } });
  const local = { internalTrafficPolicy: 'Local' };
  const table: {
    name: string;
    spec?: SpecFixture;
    endpoints: EndpointFixture[];
    zone?: string | undefined;
    cluster?: string[];
    local?: string[];
    any?: boolean;
  }[] = [
    {
      name: 'ready ones only',
      endpoints: [endpoint(1, 1), endpoint(2, 2, terminating), endpoint(2, 3, notReady)],
      cluster: ['10.244.1.1'],
    },
    {
      name: 'terminating but serving when none is ready',
      endpoints: [endpoint(1, 1, terminating), endpoint(2, 2, notReady)],
      cluster: ['10.244.1.1'],
    },
    { name: 'none', endpoints: [endpoint(1, 1, notReady)], any: false },
    { name: 'unknown conditions count as ready', endpoints: [endpoint(1, 1, { conditions: {} })], cluster: ['10.244.1.1'] },
    { name: 'internal Local', spec: local, endpoints: [endpoint(1, 1), endpoint(2, 2)], local: ['10.244.1.1'] },
    {
      name: 'internal Local falls back to local terminating',
      spec: local,
      endpoints: [endpoint(1, 1, terminating), endpoint(2, 2)],
      local: ['10.244.1.1'],
    },
    { name: 'internal Local with endpoints elsewhere', spec: local, endpoints: [endpoint(2, 2)] },
    {
      name: 'external Local keeps Cluster for pods',
      spec: { ...external, externalTrafficPolicy: 'Local' },
      endpoints: [endpoint(1, 1), endpoint(2, 2)],
      cluster: ['10.244.1.1', '10.244.2.2'],
      local: ['10.244.1.1'],
    },
    {
      name: 'external Local is nothing to a ClusterIP service',
      spec: { externalTrafficPolicy: 'Local' },
      endpoints: [endpoint(1, 1)],
      cluster: ['10.244.1.1'],
    },
    { name: 'zone hints', endpoints: [hinted(1, 1, 'a'), hinted(2, 2, 'b')], cluster: ['10.244.1.1'] },
    {
      name: 'zone hints with no zone here',
      endpoints: [hinted(1, 1, 'a'), hinted(2, 2, 'b')],
      zone: undefined,
      cluster: ['10.244.1.1', '10.244.2.2'],
    },
    { name: 'zone hints for nobody here', endpoints: [hinted(1, 1, 'b'), hinted(2, 2, 'b')], cluster: ['10.244.1.1', '10.244.2.2'] },
    { name: 'one endpoint without hints', endpoints: [hinted(1, 1, 'a'), endpoint(2, 2)], cluster: ['10.244.1.1', '10.244.2.2'] },
    { name: 'node hints before zone hints', endpoints: [hinted(1, 1, 'a', 'n1'), hinted(2, 2, 'a', 'n2')], cluster: ['10.244.1.1'] },
  ];
  for (const { name, spec = {}, endpoints, cluster = [], local: here = [], any = true, ...rest } of table) {
    it(name, () => {
      const port = portOf(spec, endpoints, 'zone' in rest ? { ...place, zone: rest.zone } : place);
      assert.deepEqual({ cluster: ips(port.cluster), local: ips(port.local), any: port.hasEndpoints }, { cluster, local: here, any });
    });
  }

  it('takes an endpoint that moves between slices once, as ready if any says so, and only the port of its name', () => {
    const slices: EndpointSlice[] = [
      slice('web', [endpoint(1, 1, notReady)]),
      slice('web', [endpoint(1, 1), endpoint(1, 2)]),
      { ...slice('web', [endpoint(1, 3)]), ports: [{ name: 'other', port: 8080 }] },
    ];
    assert.deepEqual(ips(wantedService(service('web'), slices, place)?.ports[0]?.cluster ?? []), ['10.244.1.1', '10.244.1.2']);
  });
});
