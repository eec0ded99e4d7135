import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadSchemas } from '@keelson/types/schemas';
import { Misfit, Shapes } from './shapes.ts';

const shapes = new Shapes(await loadSchemas());

function shaped(type: string, value: object): object {
  shapes.apply(type, value);
  return value;
}

test('what Go leaves out when it is empty is left out; what it points to, or must have, stays', () => {
  const container = { name: 'c', image: 'x', env: [], resources: { limits: {}, requests: { cpu: '1000m' } }, securityContext: {} };
  const pod = { metadata: { name: 'p', labels: {}, annotations: {} }, spec: { containers: [container], nodeSelector: {}, volumes: [] } };
  assert.deepEqual(shaped('core.v1.Pod', pod), {
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'c', image: 'x', resources: { requests: { cpu: '1' } }, securityContext: {} }] },
  });
  assert.deepEqual(shaped('core.v1.Pod', { metadata: {}, spec: null }), { metadata: {}, spec: { containers: [] } });
  assert.deepEqual(shaped('core.v1.PersistentVolumeClaim', { spec: { storageClassName: '', volumeName: 'v' } }), {
    spec: { storageClassName: '', volumeName: 'v' },
  });
  assert.deepEqual(shaped('core.v1.ConfigMap', { data: { a: null, b: '' } }), { data: { a: '', b: '' } });
});

test('empty texts go as Go’s omitempty lets them go; those it points to, must have, or always writes stay', () => {
  const cases: readonly (readonly [string, object, object])[] = [
    ['core.v1.Service', { spec: { type: '', clusterIP: '', loadBalancerClass: '' } }, { spec: { loadBalancerClass: '' } }],
    ['core.v1.ServicePort', { port: 1, name: '', protocol: '', appProtocol: '' }, { port: 1, appProtocol: '' }],
    ['core.v1.EnvVar', { name: '', value: '' }, { name: '' }],
    [
      'core.v1.ConfigMap',
      { metadata: { name: 'a', namespace: '', generateName: '' }, data: { a: '' } },
      { metadata: { name: 'a' }, data: { a: '' } },
    ],
    ['core.v1.PersistentVolumeSpec', { storageClassName: '', volumeMode: '' }, { volumeMode: '' }],
    ['core.v1.PersistentVolumeClaimSpec', { storageClassName: '', volumeName: '' }, { storageClassName: '' }],
    ['discovery.v1.EndpointPort', { name: '', protocol: '' }, { name: '', protocol: '' }],
    ['core.v1.EndpointPort', { port: 1, name: '' }, { port: 1 }],
    ['networking.v1.IngressSpec', { ingressClassName: '', rules: [{ host: '' }] }, { ingressClassName: '', rules: [{}] }],
    ['core.v1.TypedLocalObjectReference', { apiGroup: '', kind: '', name: '' }, { apiGroup: '', kind: '', name: '' }],
    ['core.v1.Toleration', { key: '', operator: 'Exists', value: '', effect: '' }, { operator: 'Exists' }],
    ['admissionregistration.v1.RuleWithOperations', { scope: '' }, { scope: '' }],
    ['admissionregistration.v1.WebhookClientConfig', { caBundle: '', url: '' }, { url: '' }],
    ['rbac.v1.Subject', { kind: 'User', name: 'a', apiGroup: '', namespace: '' }, { kind: 'User', name: 'a' }],
  ];
  for (const [type, given, expected] of cases) assert.deepEqual(shaped(type, given), expected, type);
});

test('what does not fit is told with its place', () => {
  const place = (type: string, value: object): unknown => {
    try {
      shapes.apply(type, value);
    } catch (error) {
      assert.ok(error instanceof Misfit);
      return error.path;
    }
    return undefined;
  };
  assert.deepEqual(place('core.v1.Pod', { spec: { containers: [{ name: 1 }] } }), ['spec', 'containers', 0, 'name']);
  assert.deepEqual(place('core.v1.ConfigMap', { data: { k: 1 } }), ['data', 'k']);
  assert.deepEqual(place('core.v1.Pod', { spec: [] }), ['spec']);
  assert.deepEqual(place('apps.v1.Deployment', { spec: { replicas: 2 ** 31 } }), ['spec', 'replicas']);
  assert.equal(place('apps.v1.Deployment', { spec: { replicas: 2 ** 31 - 1 } }), undefined);
});
