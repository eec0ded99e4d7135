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
    spec: { resources: {}, storageClassName: '', volumeName: 'v' },
  });
  assert.deepEqual(shaped('core.v1.ConfigMap', { data: { a: null, b: '' } }), { data: { a: '', b: '' } });
});

test('zeroes go as Go’s omitempty lets them go; those it points to, must have, or always writes stay', () => {
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
    ['core.v1.PersistentVolumeClaimSpec', { storageClassName: '', volumeName: '' }, { storageClassName: '', resources: {} }],
    ['discovery.v1.EndpointPort', { name: '', protocol: '' }, { name: '', protocol: '' }],
    ['core.v1.EndpointPort', { port: 1, name: '' }, { port: 1 }],
    ['networking.v1.IngressSpec', { ingressClassName: '', rules: [{ host: '' }] }, { ingressClassName: '', rules: [{}] }],
    ['core.v1.TypedLocalObjectReference', { apiGroup: '', kind: '', name: '' }, { apiGroup: '', kind: '', name: '' }],
    ['core.v1.Toleration', { key: '', operator: 'Exists', value: '', effect: '' }, { operator: 'Exists' }],
    ['admissionregistration.v1.RuleWithOperations', { scope: '' }, { scope: '' }],
    ['admissionregistration.v1.WebhookClientConfig', { caBundle: '', url: '' }, { url: '' }],
    ['core.v1.PodSpec', { containers: [], hostNetwork: false, priority: 0 }, { containers: [], priority: 0 }],
    ['apps.v1.StatefulSetStatus', { replicas: 0, availableReplicas: 0, readyReplicas: 0 }, { replicas: 0, availableReplicas: 0 }],
    ['scheduling.v1.PriorityClass', { value: 0, globalDefault: false }, { value: 0 }],
    ['rbac.v1.Subject', { kind: 'User', name: 'a', apiGroup: '', namespace: '' }, { kind: 'User', name: 'a' }],
  ];
  for (const [type, given, expected] of cases) assert.deepEqual(shaped(type, given), expected, type);
});

test('what Go’s types have without being given is there', () => {
  const cases: readonly (readonly [string, object, object])[] = [
    ['batch.v1.JobTemplateSpec', {}, { metadata: {}, spec: { template: { metadata: {}, spec: { containers: [] } } } }],
    ['core.v1.ContainerStatus', { name: 'c' }, { state: {}, lastState: {} }],
    ['apps.v1.StatefulSetStatus', {}, { replicas: 0, availableReplicas: 0 }],
    [
      'policy.v1.PodDisruptionBudget',
      { status: {} },
      { status: { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 } },
    ],
    ['policy.v1.PodDisruptionBudgetStatus', { disruptedPods: { p: null } }, { disruptedPods: { p: null } }],
    ['networking.v1.NetworkPolicySpec', {}, { podSelector: {} }],
  ];
  for (const [type, given, expected] of cases) assert.partialDeepStrictEqual(shaped(type, given), expected, type);
});

test('what has to be given and is pointed to is nothing when it is not given', () => {
  assert.deepEqual(shaped('apps.v1.StatefulSetSpec', {}), { serviceName: '', template: { metadata: {}, spec: { containers: [] } } });
  assert.deepEqual(shaped('networking.v1.HTTPIngressPath', { backend: {} }), { backend: {} });
  const hook = { name: 'a', admissionReviewVersions: [], clientConfig: {} };
  assert.deepEqual(shaped('admissionregistration.v1.ValidatingWebhook', { ...hook, sideEffects: null }), hook);
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

test('schemas of elements are schemas, and what is unknown in them goes unsaid', () => {
  const definition = (member: object): object => ({
    spec: { versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', ...member } } }] },
  });
  const apply = (object: object): readonly unknown[] => shapes.apply('apiextensions.v1.CustomResourceDefinition', object);
  const items = { type: 'string', strange: 1, enum: null };
  const kept = { items, additionalProperties: { strange: 1, type: 'string' }, dependencies: { a: ['b'] } };
  assert.deepEqual(apply(definition(kept)), []);
  assert.deepEqual([kept.items, kept.additionalProperties], [{ type: 'string' }, { type: 'string' }]);
  for (const member of [
    { items: { 'x-kubernetes-validations': true } },
    { additionalProperties: { properties: 'x' } },
    { items: [{ type: 1 }] },
  ])
    assert.throws(() => apply(definition(member)), Misfit, JSON.stringify(member));
  assert.throws(() => apply(definition({ additionalProperties: 'yes' })), { message: 'boolean or JSON schema expected' });
});
