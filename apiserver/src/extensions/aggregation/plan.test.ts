import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointSlice, Service } from '@keelson/types';
import { obstacle, passed, withAvailable } from './conditions.ts';
import { forwardedHeaders, identityHeaders, returnedHeaders } from './headers.ts';
import { localServices } from './local.ts';
import { placeByAddress, placeByEndpoint } from './place.ts';

const reference = { namespace: 'kube-system', name: 'metrics', port: 443 };
const metadata = { name: 'metrics', namespace: 'kube-system' };
const service: Service = { metadata, spec: { type: 'ClusterIP', clusterIP: '10.96.0.9', ports: [{ name: 'https', port: 443 }] } };
const slice = (addresses: string[], ready: boolean, portName = 'https'): EndpointSlice => ({
  metadata,
  addressType: 'IPv4',
  endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready } })),
  ports: [{ name: portName, port: 10_250 }],
});

test('a service is reached by its address, or by one of its ready endpoints', () => {
  assert.deepEqual(placeByAddress(service, reference), { type: 'at', host: '10.96.0.9', port: 443 });
  const slices = [slice(['10.0.0.1'], false), slice(['10.0.0.2', '10.0.0.3'], true), slice(['10.0.0.4'], true, 'other')];
  for (const [chance, host] of [
    [0, '10.0.0.2'],
    [0.99, '10.0.0.3'],
  ] as const)
    assert.deepEqual(placeByEndpoint(service, slices, reference, chance), { type: 'at', host, port: 10_250 });
  const outside: Service = { metadata, spec: { type: 'ExternalName', externalName: 'metrics.example.com' } };
  assert.deepEqual(placeByEndpoint(outside, [], reference, 0), { type: 'at', host: 'metrics.example.com', port: 443 });
  const headless: Service = { metadata, spec: { ...service.spec, clusterIP: 'None' } };
  assert.deepEqual(placeByAddress(headless, reference), { type: 'none', message: 'cannot route to service with ClusterIP "None"' });
  assert.equal(placeByAddress(undefined, reference).type, 'none');
  assert.equal(placeByEndpoint(service, [], reference, 0).type, 'none');
});

test('what objects tell of a server, in the words of its condition', () => {
  const reason = (...args: Parameters<typeof obstacle>): string | undefined => obstacle(...args)?.reason;
  assert.equal(reason(reference, undefined, []), 'ServiceNotFound');
  assert.equal(reason({ ...reference, port: 8443 }, service, []), 'ServicePortError');
  assert.equal(reason(reference, service, []), 'EndpointsNotFound');
  assert.equal(reason(reference, service, [slice(['10.0.0.1'], false)]), 'MissingEndpoints');
  assert.equal(reason(reference, service, [slice(['10.0.0.1'], true)]), undefined);
});

test('the condition’s time moves with its status only', () => {
  const [early, late] = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'];
  const first = withAvailable([{ type: 'Other', status: 'True' }], passed, early);
  assert.deepEqual(first[1], { type: 'Available', ...passed, lastTransitionTime: early });
  assert.equal(withAvailable(first, passed, late), first);
  const worse = withAvailable(first, { status: 'False', reason: 'MissingEndpoints', message: 'a' }, late);
  assert.equal(worse[1]?.lastTransitionTime, late);
  const other = withAvailable(worse, { status: 'False', reason: 'FailedDiscoveryCheck', message: 'b' }, early);
  assert.deepEqual([other[1]?.reason, other[1]?.lastTransitionTime], ['FailedDiscoveryCheck', late]);
});

test('headers: credentials stay here, what is between neighbours stays between them, names are UTF-8', () => {
  const user = { name: 'jürgen', uid: '7', groups: ['a'], extra: { 'acme.com/Scope x': ['1', '2'] } };
  const sent = forwardedHeaders(
    {
      host: 'here',
      authorization: 'Bearer t',
      'x-remote-group': 'system:masters',
      'impersonate-user': 'root',
      connection: 'Keep-Alive, X-Mine',
      'x-mine': '1',
      te: 'trailers',
      accept: '*/*',
      'x-forwarded-for': '192.0.2.1',
      'transfer-encoding': 'chunked',
    },
    user,
    '192.0.2.2',
  );
  assert.deepEqual(sent, {
    accept: '*/*',
    'x-forwarded-for': '192.0.2.1, 192.0.2.2',
    'transfer-encoding': 'chunked',
    ...identityHeaders(user),
  });
  assert.deepEqual(identityHeaders(user), {
    'x-remote-user': Buffer.from('jürgen').toString('latin1'),
    'x-remote-uid': '7',
    'x-remote-group': ['a'],
    'x-remote-extra-acme.com%2FScope%20x': ['1', '2'],
  });
  assert.deepEqual(returnedHeaders({ connection: 'close', 'keep-alive': '5', 'set-cookie': ['a', 'b'] }), { 'set-cookie': ['a', 'b'] });
});

test('group versions served here, with the priorities Kubernetes gives them', () => {
  const specs = localServices([
    { group: '', version: 'v1' },
    { group: 'autoscaling', version: 'v1' },
    { group: 'autoscaling', version: 'v2' },
    { group: 'apiregistration.k8s.io', version: 'v1' },
    { group: 'example.com', version: 'v1beta1' },
  ]);
  assert.deepEqual(
    [...specs].map(([name, { groupPriorityMinimum, versionPriority }]) => [name, groupPriorityMinimum, versionPriority]),
    [
      ['v1.', 18_000, 1],
      ['v1.autoscaling', 17_500, 15],
      ['v2.autoscaling', 17_500, 30],
      ['v1beta1.example.com', 1000, 100],
    ],
  );
});
