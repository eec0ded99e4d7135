import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Service, type Status } from '@keelson/types';
import { type Fixture, startServer } from '../../testing/fixture.ts';

const namespace = 'default';
const path = '/api/v1/namespaces/default/services';
const selector = { app: 'a' };

/** What a server makes of services: their policy, families and the families of their addresses; or its message. */
function settling(server: () => Fixture) {
  let count = 0;
  return async (spec: object): Promise<string> => {
    const body = { metadata: { name: `s${count++}` }, spec: { ports: [{ port: 80 }], ...spec } };
    const answer = await server().send('POST', path, body);
    if (answer.status !== 201) return answer.json<Status>().message?.replace(/^Service "\w+" is invalid: /, '') ?? '';
    const { ipFamilyPolicy, ipFamilies = [], clusterIPs = [] } = answer.json<Service>().spec;
    return [ipFamilyPolicy, ipFamilies.join('+'), clusterIPs.map((ip) => (ip === 'None' ? ip : ip.includes(':') ? 6 : 4)).join('+')].join(
      ' ',
    );
  };
}

describe('a cluster with one family of addresses', () => {
  let server: Fixture;
  const settled = settling(() => server);
  before(async () => {
    server = await startServer({ serviceCIDR: '10.10.0.0/24' });
  });
  after(() => server.close());

  test('has services with that family, unless they ask for what it has not', async () => {
    assert.equal(await settled({ selector }), 'SingleStack IPv4 4');
    assert.equal(await settled({ selector, ipFamilyPolicy: 'PreferDualStack' }), 'PreferDualStack IPv4 4');
    assert.equal(await settled({ selector, clusterIP: 'None' }), 'SingleStack IPv4 None');
    assert.equal(await settled({ clusterIP: 'None' }), 'RequireDualStack IPv4+IPv6 None', 'headless without a selector');
    assert.match(
      await settled({ ipFamilyPolicy: 'RequireDualStack', selector }),
      /this cluster is not configured for dual-stack services$/,
    );
    assert.match(await settled({ ipFamilies: ['IPv6'], selector }), /^spec\.ipFamilies\[0\]: Invalid value: "IPv6": not configured/);
    assert.match(await settled({ clusterIP: 'fd00::1', selector }), /^spec\.clusterIPs\[0\]: .*IPv6 is not configured on this cluster$/);
  });

  test('refuses what contradicts itself', async () => {
    const cases: [object, RegExp][] = [
      [{ ipFamilies: ['IPv4', 'IPv4'] }, /^spec\.ipFamilies\[1\]: Duplicate value: "IPv4"/],
      [{ ipFamilies: ['IPv5'] }, /^spec\.ipFamilies\[0\]: Unsupported value: "IPv5": supported values: "IPv4", "IPv6"/],
      [{ ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'SingleStack' }, /when multiple IP families are specified$/],
      [{ clusterIP: '10.10.0.9', clusterIPs: ['10.10.0.8'] }, /first value must match `clusterIP`$/],
      [{ clusterIPs: ['10.10.0.8'] }, /must be empty when `clusterIP` is not specified$/],
      [{ clusterIP: '10.10.0.8', clusterIPs: ['10.10.0.8', '10.10.0.9'] }, /may specify no more than one IP for each IP family$/],
      [{ clusterIP: '10.10.0.255' }, /the provided IP \(10\.10\.0\.255\) is not in the valid range/],
      [
        { type: 'ExternalName', externalName: 'a.b', ipFamilies: ['IPv4'] },
        /^spec\.ipFamilies: Forbidden: may not be set for ExternalName/,
      ],
    ];
    for (const [spec, expected] of cases) assert.match(await settled({ selector, ...spec }), expected);
  });
});

describe('a cluster with both families', () => {
  let server: Fixture;
  const settled = settling(() => server);
  before(async () => {
    server = await startServer({ serviceCIDR: '10.10.0.0/24,fd00:10::/112' });
  });
  after(() => server.close());

  test('gives one address or two', async () => {
    assert.equal(await settled({ selector }), 'SingleStack IPv4 4');
    assert.equal(await settled({ selector, ipFamilies: ['IPv6'] }), 'SingleStack IPv6 6');
    assert.equal(await settled({ selector, ipFamilyPolicy: 'PreferDualStack' }), 'PreferDualStack IPv4+IPv6 4+6');
    assert.equal(await settled({ selector, ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6'] }), 'RequireDualStack IPv6+IPv4 6+4');
    const both = { clusterIP: 'fd00:10::77', clusterIPs: ['fd00:10::77', '10.10.0.77'], ipFamilyPolicy: 'PreferDualStack' };
    assert.equal(await settled({ selector, ...both }), 'PreferDualStack IPv6+IPv4 6+4');
    assert.match(await settled({ selector, ...both }), /failed to allocate IP fd00:10::77: provided IP is already allocated/);
  });

  test('a service gains a second address and gives it back, never the first', async () => {
    const { api } = server;
    const patch = (spec: object): Promise<Service> =>
      api.patch(Service, { name: 'grows', namespace }, 'application/merge-patch+json', { spec });
    const one = await api.create(Service, { metadata: { name: 'grows', namespace }, spec: { selector, ports: [{ port: 80 }] } });
    const first = one.spec.clusterIP ?? '';
    const two = await patch({ ipFamilyPolicy: 'RequireDualStack' });
    assert.deepEqual([two.spec.ipFamilies, two.spec.clusterIPs?.length, two.spec.clusterIPs?.[0]], [['IPv4', 'IPv6'], 2, first]);
    await assert.rejects(patch({ clusterIPs: [first] }), /must be 'SingleStack' to release the secondary cluster IP/);
    await assert.rejects(patch({ ipFamilies: ['IPv6', 'IPv4'] }), /may not change once set/);
    const again = await patch({ ipFamilyPolicy: 'SingleStack' });
    assert.deepEqual([again.spec.ipFamilies, again.spec.clusterIPs], [['IPv4'], [first]]);
  });

  test('what only one type has goes with it', async () => {
    const { api } = server;
    const spec = { type: 'LoadBalancer', externalTrafficPolicy: 'Local', selector, ports: [{ port: 80 }] };
    const balanced = await api.create(Service, { metadata: { name: 'lb', namespace }, spec });
    assert.ok((balanced.spec.healthCheckNodePort ?? 0) >= 30_000);
    const external = await api.update(Service, { ...balanced, spec: { ...balanced.spec, type: 'ExternalName', externalName: 'a.b' } });
    const { clusterIP, ipFamilies, healthCheckNodePort, externalTrafficPolicy, allocateLoadBalancerNodePorts, ports } = external.spec;
    const left = {
      clusterIP,
      ipFamilies,
      healthCheckNodePort,
      externalTrafficPolicy,
      allocateLoadBalancerNodePorts,
      port: ports?.[0]?.nodePort,
    };
    assert.deepEqual(
      Object.values(left).filter((value) => value !== undefined),
      [],
    );
  });
});
