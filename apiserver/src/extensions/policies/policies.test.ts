import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { ApiError } from '@keelson/client';
import {
  ConfigMap,
  Deployment,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '@keelson/types';
import { deploymentOf, type Fixture, startServer } from '../../testing/fixture.ts';

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
const deployments = {
  resourceRules: [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['deployments'] }],
};
let count = 0;

function deploy(replicas: number): Promise<Deployment> {
  const base = deploymentOf(`web-${count++}`) as Deployment;
  return server.api.create(Deployment, {
    ...base,
    metadata: { ...base.metadata, namespace },
    spec: { ...base.spec, replicas },
  } as Deployment);
}

async function validating(spec: object, binding: object = {}): Promise<void> {
  const policy = { metadata: { name: 'policy' }, spec: { matchConstraints: deployments, ...spec } };
  await server.api.create(ValidatingAdmissionPolicy, policy as ValidatingAdmissionPolicy);
  await server.api.create(ValidatingAdmissionPolicyBinding, {
    metadata: { name: 'binding' },
    spec: { policyName: 'policy', validationActions: ['Deny'], ...binding },
  } as ValidatingAdmissionPolicyBinding);
}

test('what breaks a rule is refused, with the author’s words', async () => {
  await validating({
    variables: [
      { name: 'replicas', expression: 'object.spec.replicas' },
      { name: 'oddReplicas', expression: 'variables.replicas % 2 == 1' },
    ],
    validations: [
      { expression: 'variables.replicas > 1', messageExpression: "'wants more than ' + string(variables.replicas)", reason: 'Forbidden' },
      { expression: 'variables.oddReplicas' },
    ],
  });
  await deploy(3);
  await assert.rejects(deploy(1), {
    code: 403,
    message:
      /^deployments\.apps "web-1" is forbidden: ValidatingAdmissionPolicy 'policy' with binding 'binding' denied request: wants more than 1$/,
  });
  await assert.rejects(deploy(4), { code: 422, reason: 'Invalid', message: /denied request: failed expression: variables\.oddReplicas$/ });
});

test('a rule that cannot be computed fails closed, or open where it may', async () => {
  const validations = [{ expression: 'object.spec.nothing.here == 1' }];
  await validating({ validations });
  await assert.rejects(deploy(1), /expression 'object\.spec\.nothing\.here == 1' resulted in error: no such key: nothing/);
  await server.api.patch(ValidatingAdmissionPolicy, { name: 'policy' }, 'application/merge-patch+json', {
    spec: { failurePolicy: 'Ignore' },
  });
  await deploy(1);
});

test('parameters are objects a binding names', async () => {
  await server.api.create(ConfigMap, { metadata: { name: 'limit', namespace }, data: { most: '3' } });
  await validating(
    { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' }, validations: [{ expression: 'object.spec.replicas <= int(params.data.most)' }] },
    { paramRef: { name: 'limit', namespace, parameterNotFoundAction: 'Deny' } },
  );
  await deploy(3);
  await assert.rejects(deploy(4), /failed expression: object\.spec\.replicas <= int\(params\.data\.most\)/);
});

test('a policy changes what it is bound to', async () => {
  await server.api.create(MutatingAdmissionPolicy, {
    metadata: { name: 'policy' },
    spec: {
      matchConstraints: deployments,
      reinvocationPolicy: 'Never',
      variables: [{ name: 'wanted', expression: '5' }],
      mutations: [
        {
          patchType: 'ApplyConfiguration',
          applyConfiguration: {
            expression:
              'Object{metadata: Object.metadata{annotations: {"made-by": "policy"}}, spec: Object.spec{replicas: variables.wanted}}',
          },
        },
        { patchType: 'JSONPatch', jsonPatch: { expression: '[JSONPatch{op: "add", path: "/metadata/labels", value: {"a": "b"}}]' } },
      ],
    },
  } as MutatingAdmissionPolicy);
  await server.api.create(MutatingAdmissionPolicyBinding, { metadata: { name: 'binding' }, spec: { policyName: 'policy' } });
  const { spec, metadata } = await deploy(1);
  assert.deepEqual([spec?.replicas, metadata.annotations, metadata.labels], [5, { 'made-by': 'policy' }, { a: 'b' }]);
});

test('what a policy wants has to fit the kind, and leaves what others put in lists', async () => {
  const wants = async (spec: string): Promise<void> => {
    const applyConfiguration = { expression: `Object{spec: Object.spec{${spec}}}` };
    await server.api.create(MutatingAdmissionPolicy, {
      metadata: { name: 'policy' },
      spec: {
        matchConstraints: deployments,
        reinvocationPolicy: 'Never',
        mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration }],
      },
    } as MutatingAdmissionPolicy);
    await server.api.create(MutatingAdmissionPolicyBinding, { metadata: { name: 'binding' }, spec: { policyName: 'policy' } });
  };
  const drop = async (): Promise<unknown> => {
    await server.api.delete(MutatingAdmissionPolicyBinding, { name: 'binding' });
    return server.api.delete(MutatingAdmissionPolicy, { name: 'policy' });
  };
  await wants('zzz: 1');
  await assert.rejects(
    deploy(1),
    /: policy 'policy' with binding 'binding' denied request: error applying patch: failed to convert patch object to typed object: \.spec\.zzz: field not declared in schema/,
  );
  await drop();
  await wants('selector: Object.spec.selector{matchLabels: {"a": "b"}}');
  await assert.rejects(deploy(1), /invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: \.spec\.selector/);
  await drop();
  const proxy = 'Object.spec.template.spec.containers{name: "proxy", image: "proxy:1"}';
  await wants(`template: Object.spec.template{spec: Object.spec.template.spec{containers: [${proxy}]}}`);
  const { spec } = await deploy(1);
  assert.deepEqual(spec?.template.spec?.containers.map(({ name }) => name).at(-1), 'proxy');
  assert.equal(spec?.template.spec?.containers.length, 2);
});

test('a mutation that fails keeps none but itself from being done, when that is let pass', async () => {
  const apply = (expression: string) => ({ patchType: 'ApplyConfiguration', applyConfiguration: { expression } });
  const patch = (expression: string) => ({ patchType: 'JSONPatch', jsonPatch: { expression } });
  const label = (name: string): string => `JSONPatch{op: "add", path: "/metadata/labels", value: {"${name}": "yes"}}`;
  const mutations = [
    patch(`[JSONPatch{op: "test", path: "/spec/replicas", value: 7}, ${label('never')}]`),
    patch('[JSONPatch{op: "remove", path: "/spec/nothing"}]'),
    apply('Object{spec: Object.metadata{}}'),
    patch(`[${label('done')}]`),
  ];
  const make = async (failurePolicy: string): Promise<void> => {
    const spec = { matchConstraints: deployments, reinvocationPolicy: 'Never', failurePolicy, mutations };
    await server.api.create(MutatingAdmissionPolicy, { metadata: { name: 'policy' }, spec } as unknown as MutatingAdmissionPolicy);
  };
  await server.api.create(MutatingAdmissionPolicyBinding, { metadata: { name: 'binding' }, spec: { policyName: 'policy' } });
  await make('Ignore');
  assert.deepEqual((await deploy(1)).metadata.labels, { done: 'yes' });
  await server.api.delete(MutatingAdmissionPolicy, { name: 'policy' });
  await make('Fail');
  const lead = "policy 'policy' with binding 'binding' denied request";
  const names = 'type mismatch: unexpected type name "Object.metadata", expected "Object.spec", which matches field name path from root';
  await assert.rejects(deploy(1), (error: ApiError) => {
    const { code, reason, message, details } = error.status as { code: number; reason: string; message: string; details: Details };
    assert.deepEqual([code, reason], [403, 'Invalid']);
    assert.match(message, new RegExp(`^${lead}: JSON Patch: `));
    assert.deepEqual(
      details.causes?.map((cause) => cause.message),
      [message, `${lead}: ${names} Object type`],
    );
    return true;
  });
});

interface Details {
  readonly causes?: readonly { readonly message: string }[];
}

test('policies that do not compile are refused', async () => {
  await assert.rejects(validating({ validations: [{ expression: 'object.spec.replicas >' }] }), {
    code: 422,
    message: /spec\.validations\[0\]\.expression: Invalid value: "object\.spec\.replicas >": compilation failed: /,
  });
  await assert.rejects(validating({ validations: [{ expression: '1 + 1' }] }), /must evaluate to bool but got int/);
});
