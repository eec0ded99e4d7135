import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { KubeObject } from '@keelson/client';
import { eventually } from '@keelson/testing';
import {
  ConfigMap,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '@keelson/types';
import { systemUser } from '../../auth/types.ts';
import { create } from '../../registry/write.ts';
import { type Fixture, startServer } from '../../testing/fixture.ts';

let server: Fixture;
before(async () => {
  server = await startServer();
});
after(() => server.close());
const policyKinds = [
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
] as readonly unknown[] as readonly (typeof ValidatingAdmissionPolicy)[];
afterEach(async () => {
  for (const kind of policyKinds) await server.api.deleteCollection(kind, {});
});

const namespace = 'default';
const rule = (group: string, version: string, resource: string): object => ({
  resourceRules: [{ apiGroups: [group], apiVersions: [version], operations: ['CREATE', 'UPDATE'], resources: [resource] }],
});
const configMaps = rule('', 'v1', 'configmaps');
let count = 0;

async function policy(spec: object, binding: object = {}, name = 'policy'): Promise<void> {
  await server.api.create(ValidatingAdmissionPolicy, {
    metadata: { name },
    spec: { matchConstraints: configMaps, ...spec },
  } as ValidatingAdmissionPolicy);
  await server.api.create(ValidatingAdmissionPolicyBinding, {
    metadata: { name: `${name}-binding` },
    spec: { policyName: name, validationActions: ['Deny'], ...binding },
  } as ValidatingAdmissionPolicyBinding);
}

function save(data: Record<string, string> = {}, as: Fixture['api'] = server.api): Promise<ConfigMap> {
  return as.create(ConfigMap, { metadata: { name: `map-${count++}`, namespace }, data });
}

/** A write as the registry sees it, and what came of it besides. */
async function written(data: Record<string, string>): Promise<{ annotations: Map<string, string>; warnings: string[]; refused: string }> {
  const annotations = new Map<string, string>();
  const warnings: string[] = [];
  const { registry } = server.server;
  const object = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: `map-${count++}`, namespace }, data } as KubeObject;
  const annotate = (key: string, value: string): void => void annotations.set(key, value);
  const request = { namespace, user: systemUser, dryRun: false, subresource: '', warnings, annotate };
  const refused = await create(registry, registry.of(ConfigMap), object as never, request).then(
    () => '',
    (error: Error) => error.message,
  );
  return { annotations, warnings, refused };
}

test('a binding says what becomes of a violation', async () => {
  const spec = {
    variables: [{ name: 'a', expression: "object.data.?a.orValue('')" }],
    validations: [{ expression: "variables.a == 'x'", message: 'a must be x' }],
    auditAnnotations: [
      { key: 'a', valueExpression: "'a is ' + variables.a" },
      { key: 'none', valueExpression: 'null' },
    ],
  };
  await policy(spec, { validationActions: ['Warn', 'Audit'] });
  const lead = "ValidatingAdmissionPolicy 'policy' with binding 'policy-binding'";
  const { annotations, warnings, refused } = await written({ a: 'y' });
  assert.deepEqual([warnings, refused], [[`Validation failed for ${lead}: a must be x`], '']);
  assert.deepEqual([...annotations.keys()].sort(), ['policy/a', 'validation.policy.admission.k8s.io/validation_failure']);
  assert.equal(annotations.get('policy/a'), 'a is y');
  assert.deepEqual(JSON.parse(annotations.get('validation.policy.admission.k8s.io/validation_failure') ?? ''), [
    { message: 'a must be x', policy: 'policy', binding: 'policy-binding', expressionIndex: 0, validationActions: ['Warn', 'Audit'] },
  ]);
  assert.equal((await written({ a: 'x' })).annotations.get('validation.policy.admission.k8s.io/validation_failure'), undefined);
});

test('an expression may ask who may do what', async () => {
  const check = "authorizer.group('').resource('secrets').namespace('default')";
  await policy({
    validations: [
      { expression: `${check}.check('get').allowed()`, messageExpression: `'not you: ' + request.userInfo.username` },
      { expression: "authorizer.path('/healthz').check('get').reason() != 'x' && !authorizer.path('/x').check('get').errored()" },
      { expression: "authorizer.requestResource.check('create').allowed()" },
      { expression: "!authorizer.serviceAccount('default', 'nobody').group('apps').resource('deployments').check('delete').allowed()" },
    ],
  });
  await save();
  await server.send('POST', '/apis/rbac.authorization.k8s.io/v1/clusterroles', {
    metadata: { name: 'maps' },
    rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['create'] }],
  });
  await server.send('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: 'maps' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'maps' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'jane' }],
  });
  await assert.rejects(save({}, server.as('jane')), { message: /denied request: not you: jane$/ });
});

test('a bomb ends within its budget, and the write with it', async () => {
  const list = `[${Array.from({ length: 60 }, (_, i) => i).join()}]`;
  const bomb = `${list}.all(a, ${list}.all(b, ${list}.all(c, ${list}.all(d, a + b + c + d >= 0))))`;
  await policy({ validations: [{ expression: bomb }] });
  await assert.rejects(save(), /resulted in error: operation cancelled: actual cost limit exceeded$/);
  await server.api.deleteCollection(ValidatingAdmissionPolicy, {});
  const dear = `${list}.all(a, ${list}.all(b, ${list}.all(c, c >= 0)))`;
  await policy({ validations: Array.from({ length: 12 }, () => ({ expression: dear })) }, {}, 'dear');
  await assert.rejects(
    save(),
    /denied request: validation failed due to running out of cost budget, no further validation rules will be run$/,
  );
});

test('conditions that fail and parameters that are not there fail as the policy says', async () => {
  const matchConditions = [{ name: 'fails', expression: 'object.metadata.nothing == "a"' }];
  await policy({ matchConditions, validations: [{ expression: 'true' }] });
  await assert.rejects(save(), {
    message: /denied request: expression 'object\.metadata\.nothing == "a"' resulted in error: no such key: nothing$/,
  });
  await server.api.patch(ValidatingAdmissionPolicy, { name: 'policy' }, 'application/merge-patch+json', {
    spec: { failurePolicy: 'Ignore' },
  });
  await save();
  const missing = { name: 'missing', parameterNotFoundAction: 'Deny' };
  const spec = { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' }, validations: [{ expression: 'params.data.x == "1"' }] };
  await policy(spec, { paramRef: missing }, 'asks');
  await assert.rejects(save(), {
    message: /failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction$/,
  });
  await server.api.deleteCollection(ValidatingAdmissionPolicyBinding, {});
  await server.api.create(ValidatingAdmissionPolicyBinding, {
    metadata: { name: 'allows' },
    spec: { policyName: 'asks', validationActions: ['Deny'], paramRef: { ...missing, parameterNotFoundAction: 'Allow' } },
  } as ValidatingAdmissionPolicyBinding);
  await save();
});

test('what policies cannot name is refused with them', async () => {
  const refused = async (spec: object, message: RegExp): Promise<void> => {
    await assert.rejects(policy(spec), { code: 422, message });
  };
  await refused({ validations: [{ expression: 'request.nothing == 1' }] }, /undefined field 'nothing'/);
  await refused({ validations: [{ expression: 'variables.b' }], variables: [{ name: 'a', expression: '1' }] }, /undefined field 'b'/);
  await refused({ validations: [{ expression: 'params.x == 1' }] }, /undeclared reference to 'params'/);
  await refused({ validations: [{ expression: 'object.data' }] }, /must evaluate to bool but got dyn/);
  await refused({ validations: [{ expression: 'true', messageExpression: '1' }] }, /must evaluate to string but got int/);
  await refused({ auditAnnotations: [{ key: 'a', valueExpression: '1' }] }, /must evaluate to one of \[string null_type\] but got int/);
});

test('a policy sees a write in the version it matches', async () => {
  const v2 = { minReplicas: 1, maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } };
  const scaler = (name: string): object => ({ metadata: { name }, spec: { ...v2, targetCPUUtilizationPercentage: 50 } });
  const path = '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers';
  const constraints = rule('autoscaling', 'v2', 'horizontalpodautoscalers');
  const validations = [
    {
      expression: "object.apiVersion != 'autoscaling/v2' || object.spec.metrics[0].resource.target.averageUtilization < 40",
      messageExpression: "request.kind.version + ' for ' + request.requestKind.version",
    },
  ];
  await policy({ matchConstraints: constraints, validations });
  assert.match((await server.send('POST', path, scaler('one'))).text, /denied request: v2 for v1"/);
  await server.api.patch(ValidatingAdmissionPolicy, { name: 'policy' }, 'application/merge-patch+json', {
    spec: { matchConstraints: { ...constraints, matchPolicy: 'Exact' } },
  });
  assert.equal((await server.send('POST', path, scaler('one'))).status, 201);
});

test('a mutation in another version than the stored one is taken back', async () => {
  await server.api.create(MutatingAdmissionPolicy, {
    metadata: { name: 'halves' },
    spec: {
      matchConstraints: rule('autoscaling', 'v1', 'horizontalpodautoscalers'),
      reinvocationPolicy: 'IfNeeded',
      mutations: [
        {
          patchType: 'ApplyConfiguration',
          applyConfiguration: {
            expression: 'Object{spec: Object.spec{?targetCPUUtilizationPercentage: optional.of(25)}}',
          },
        },
      ],
    },
  } as MutatingAdmissionPolicy);
  await server.api.create(MutatingAdmissionPolicyBinding, { metadata: { name: 'binding' }, spec: { policyName: 'halves' } });
  const path = '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers';
  const target = { type: 'Utilization', averageUtilization: 80 };
  const answer = await server.send('POST', path, {
    metadata: { name: 'two' },
    spec: {
      ...{ maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } },
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target } }],
    },
  });
  const { spec } = answer.json<{ spec: { metrics: { resource: { target: typeof target } }[] } }>();
  assert.equal(spec.metrics[0]?.resource.target.averageUtilization, 25, answer.text);
});

test('versions of a custom resource are as much the same as those of a built-in kind', async () => {
  const schema = {
    openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } } },
  };
  const versions = ['v1', 'v2'].map((name) => ({ name, served: true, storage: name === 'v1', schema }));
  const names = { plural: 'boxes', singular: 'box', kind: 'Box', listKind: 'BoxList' };
  const definition = { metadata: { name: 'boxes.example.com' }, spec: { group: 'example.com', scope: 'Namespaced', names, versions } };
  await server.send('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition);
  const path = '/apis/example.com/v1/namespaces/default/boxes';
  await eventually(async () => (await server.send('GET', path)).status === 200, { message: 'boxes are served' });
  await policy({
    matchConstraints: rule('example.com', 'v2', 'boxes'),
    validations: [{ expression: 'object.spec.size > 3', messageExpression: "object.apiVersion + ' of ' + request.requestKind.version" }],
  });
  const box = (size: number): object => ({ apiVersion: 'example.com/v1', kind: 'Box', metadata: { name: `box-${size}` }, spec: { size } });
  assert.match((await server.send('POST', path, box(1))).text, /denied request: example\.com\/v2 of v1"/);
  assert.equal((await server.send('POST', path, box(4))).status, 201);
});
