import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Service } from '@keelson/types';
import { type Fixture, startServer } from '../../testing/fixture.ts';

let server: Fixture;
before(async () => {
  server = await startServer({ serviceCIDR: '10.10.0.0/24', nodePorts: { from: 30_000, to: 30_009 } });
});
after(() => server.close());

const path = '/api/v1/namespaces/default/services';
const created = async (name: string, spec: object = {}): Promise<Service> => {
  const answer = await server.send('POST', path, { metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } });
  assert.equal(answer.status, 201, answer.text);
  return answer.json<Service>();
};

test('what means nothing to an ExternalName goes, headlessness too, and comes back with the type', async () => {
  const external = await created('policy', { type: 'ExternalName', externalName: 'example.com', internalTrafficPolicy: 'Cluster' });
  assert.equal(external.spec.internalTrafficPolicy, undefined);
  const plain = await created('to-external');
  assert.equal(plain.spec.internalTrafficPolicy, 'Cluster');
  const turned = { ...plain, spec: { ...plain.spec, type: 'ExternalName', externalName: 'example.com' } };
  assert.equal((await server.api.update<Service>(Service, turned)).spec.internalTrafficPolicy, undefined);
  const spec = { ports: [{ port: 80 }], clusterIP: 'None' };
  await created('bare', spec);
  const put = async (more: object): Promise<Service> => {
    const answer = await server.send('PUT', `${path}/bare`, { metadata: { name: 'bare' }, spec: { ...spec, ...more } });
    assert.equal(answer.status, 200, answer.text);
    return answer.json<Service>();
  };
  const { clusterIP, clusterIPs } = (await put({ type: 'ExternalName', externalName: 'example.com' })).spec;
  assert.deepEqual([clusterIP, clusterIPs], [undefined, undefined]);
  assert.match((await put({ type: 'ClusterIP', clusterIP: '' })).spec.clusterIP ?? '', /^10\.10\.0\./);
});

test('node ports of a balancer that shall have none go when they are left out, and are known again by name', async () => {
  const ports = [
    { name: 'a', port: 80 },
    { name: 'b', port: 81 },
  ];
  const made = await created('balanced', { type: 'LoadBalancer', ports });
  const [first, second] = made.spec.ports ?? [];
  const put = async (more: object): Promise<(number | undefined)[]> => {
    const body = { metadata: { name: 'balanced' }, spec: { type: 'LoadBalancer', ports, ...more } };
    const answer = await server.send('PUT', `${path}/balanced`, body);
    assert.equal(answer.status, 200, answer.text);
    return (answer.json<Service>().spec.ports ?? []).map(({ nodePort }) => nodePort);
  };
  assert.deepEqual(await put({ ports: [{ name: 'b', port: 82 }, ports[0]] }), [second?.nodePort, first?.nodePort]);
  const without = { allocateLoadBalancerNodePorts: false };
  assert.deepEqual(await put({ ...without, ports: [first, second] }), [first?.nodePort, second?.nodePort]);
  assert.deepEqual(await put({ ...without, ports: [ports[0], second] }), [undefined, second?.nodePort]);
  assert.deepEqual(await put(without), [undefined, undefined]);
});

test('who asks for a service’s health keeps asking at one port', async () => {
  const { spec } = await created('asked', { type: 'LoadBalancer', externalTrafficPolicy: 'Local' });
  const change = { spec: { healthCheckNodePort: spec.healthCheckNodePort === 30_000 ? 30_001 : 30_000 } };
  const answer = await server.send('PATCH', `${path}/asked`, change, { 'content-type': 'application/merge-patch+json' });
  assert.match(answer.json<{ message: string }>().message, /spec\.healthCheckNodePort: Forbidden: field is immutable$/);
  await server.api.delete(Service, { name: 'asked', namespace: 'default' });
});

test('affinity of clients lasts three hours unless told, and needs no more than its type', async () => {
  const { spec } = await created('sticky', { sessionAffinity: 'ClientIP', sessionAffinityConfig: {} });
  assert.deepEqual(spec.sessionAffinityConfig, { clientIP: { timeoutSeconds: 10_800 } });
  const refused = async (wrong: object): Promise<string> => {
    const answer = await server.send('POST', path, { metadata: { name: 'wrong' }, spec: { ports: [{ port: 80 }], ...wrong } });
    return answer.json<{ message: string }>().message.replace('Service "wrong" is invalid: ', '');
  };
  assert.equal(
    await refused({ sessionAffinity: 'Cookie' }),
    'spec.sessionAffinity: Unsupported value: "Cookie": supported values: "ClientIP", "None"',
  );
  assert.match(
    await refused({ ports: [{ port: 80, appProtocol: 'a b' }] }),
    /^spec\.ports\[0\]\.appProtocol: Invalid value: "a b": name part/,
  );
  assert.equal(
    await refused({ loadBalancerSourceRanges: [' 10.0.0.0/8 '] }),
    "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'",
  );
  await server.api.delete(Service, { name: 'sticky', namespace: 'default' });
});

test('the balancer a service had goes from its status with the type', async () => {
  const made = await created('was-balanced', { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false });
  const status = { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } };
  const balanced = (await server.send('PUT', `${path}/was-balanced/status`, { ...made, status })).json<Service>();
  assert.equal(balanced.status?.loadBalancer?.ingress?.length, 1);
  const plain = await server.api.update<Service>(Service, { ...balanced, spec: { ...balanced.spec, type: 'ClusterIP' } });
  assert.deepEqual(plain.status, { loadBalancer: {} });
});

test('an address that not everybody reads alike is refused, and so are names that are no labels', async () => {
  const body = (name: string, spec: object) => ({ metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } });
  const rows: readonly (readonly [object, string])[] = [
    [{ clusterIP: '10.10.0.011' }, 'spec.clusterIPs[0]: Invalid value: "10.10.0.011": must not have leading 0s'],
    [{ externalIPs: ['::ffff:1.2.3.4'] }, 'spec.externalIPs[0]: Invalid value: "::ffff:1.2.3.4": must not be an IPv4-mapped IPv6 address'],
    [
      { type: 'LoadBalancer', loadBalancerSourceRanges: ['10.1.2.3/8'] },
      'spec.LoadBalancerSourceRanges[0]: Invalid value: "10.1.2.3/8": must not have bits set beyond the prefix length',
    ],
  ];
  for (const [spec, problem] of rows) {
    const answer = await server.send('POST', path, body('odd', spec));
    assert.equal(answer.json<{ message: string }>().message, `Service "odd" is invalid: ${problem}`);
  }
  assert.equal((await server.send('POST', path, body('1-is-a-label', {}))).status, 201);
  assert.equal((await server.send('POST', path, body('no.label', {}))).status, 422);
});
