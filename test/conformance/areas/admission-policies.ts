import assert from 'node:assert/strict';
import type {
  Deployment,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '@keelson/types';
import type { Context } from '../context.ts';
import { operations } from '../operations.ts';
import { across, discovered, until, within } from '../resource.ts';
import type { Specs } from '../specs.ts';
import { type Workload, workload } from '../workloads.ts';

const group = 'admissionregistration.k8s.io';
const v1 = `${group}/v1`;
const validating = '[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin]';
const mutating = '[sig-api-machinery] MutatingAdmissionPolicy [Privileged:ClusterAdmin]';

/** Deployments of the spec's own namespace. */
const constraints = ({ namespace }: Context) => ({
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
  resourceRules: [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['deployments'] }],
});

async function validate(c: Context, spec: object): Promise<ValidatingAdmissionPolicy> {
  const policies = across<ValidatingAdmissionPolicy>(c, v1, 'validatingadmissionpolicies');
  const policy = await policies.lend({
    metadata: { name: c.unique('policy.example.com') },
    spec: { matchConstraints: constraints(c), ...spec },
  });
  const { namespaceSelector } = constraints(c);
  await across(c, v1, 'validatingadmissionpolicybindings').lend({
    metadata: { name: c.unique('binding.example.com') },
    spec: { policyName: policy.metadata.name, validationActions: ['Deny'], matchResources: { namespaceSelector } },
  });
  return policy;
}

/** Resolves once deployments of this size are refused as invalid, and answers the words. */
async function refusal(c: Context, replicas: number): Promise<string> {
  const deployments = within<Workload>(c, 'apps/v1', 'deployments');
  return until(async () => {
    const { status, text } = await deployments.ask('POST', '?dryRun=All', workload('marker', replicas));
    return status === 422 ? text : undefined;
  }, 'a deployment to be refused') as Promise<string>;
}

async function mutate(c: Context, expression: string): Promise<void> {
  const policy = await across(c, v1, 'mutatingadmissionpolicies').lend({
    metadata: { name: c.unique('policy.example.com') },
    spec: {
      ...{ matchConstraints: constraints(c), reinvocationPolicy: 'Never' },
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }],
    },
  });
  const { namespaceSelector } = constraints(c);
  await across(c, v1, 'mutatingadmissionpolicybindings').lend({
    metadata: { name: c.unique('binding.example.com') },
    spec: { policyName: policy.metadata.name, matchResources: { namespaceSelector } },
  });
}

/** Resolves to the first deployment that a policy changed. */
async function changed(c: Context, isChanged: (deployment: Deployment) => unknown): Promise<Deployment> {
  const deployments = within<Workload>(c, 'apps/v1', 'deployments');
  return until(async () => {
    const made = (await deployments.ask('POST', '?dryRun=All', workload('test-deployment', 2))).json<Deployment>();
    return isChanged(made) && made;
  }, 'a deployment to be changed') as Promise<Deployment>;
}

const annotate = (name: string, value: string): string =>
  `Object{ metadata: Object.metadata{ annotations: { ${JSON.stringify(name)}: ${JSON.stringify(value)} } } }`;

export const admissionPolicies: Specs = {
  async [`${validating} should validate against a Deployment`](c) {
    const expression = 'object.spec.replicas > 1';
    const own = { expression: `namespaceObject.metadata.name == '${c.namespace}'`, message: 'Internal error! Other namespace' };
    // Upstream's adds a number to a text: it is taken, and what it should have said is not said.
    const confused = { expression, messageExpression: "'wants replicas > 1, got ' + object.spec.replicas" };
    const policy = await validate(c, { validations: [confused, own] });
    assert.match(await refusal(c, 1), /denied request: failed expression: object\.spec\.replicas > 1/);
    const said = { expression, messageExpression: "'wants replicas > 1, got ' + string(object.spec.replicas)" };
    const policies = across<ValidatingAdmissionPolicy>(c, v1, 'validatingadmissionpolicies');
    await policies.patch(policy.metadata.name ?? '', { spec: { validations: [said, own] } }, 'merge');
    await until(async () => (await refusal(c, 1)).includes('wants replicas > 1, got 1'), 'the message expression to be used');
    await within<Workload>(c, 'apps/v1', 'deployments').lend(workload('replicated', 2));
    await within<Workload>(c, 'apps/v1', 'replicasets').lend(workload('non-replicated', 1));
  },

  async [`${validating} should allow expressions to refer variables.`](c) {
    const policy = await validate(c, {
      variables: [
        { name: 'replicas', expression: 'object.spec.replicas' },
        { name: 'oddReplicas', expression: 'variables.replicas % 2 == 1' },
      ],
      validations: [{ expression: 'variables.replicas > 1' }, { expression: 'variables.oddReplicas' }],
    });
    const policies = across<ValidatingAdmissionPolicy>(c, v1, 'validatingadmissionpolicies');
    const { status } = await policies.until(policy.metadata.name ?? '', (one) => one.status?.typeChecking);
    assert.deepEqual(status?.typeChecking?.expressionWarnings ?? [], []);
    await refusal(c, 1);
    await within<Workload>(c, 'apps/v1', 'deployments').lend(workload('replicated', 3));
    await refusal(c, 4);
    await within<Workload>(c, 'apps/v1', 'replicasets').lend(workload('non-replicated', 1));
  },

  async [`${validating} should support ValidatingAdmissionPolicy API operations`](c) {
    await discovered(c, group, 'v1', ['validatingadmissionpolicies', 'validatingadmissionpolicies/status']);
    const resource = across<ValidatingAdmissionPolicy>(c, v1, 'validatingadmissionpolicies');
    const spec = { validations: [{ expression: 'object.spec.replicas <= 100' }], matchConstraints: constraints(c) };
    const make = (labels: Record<string, string>) => ({ metadata: { generateName: 'e2e-example-vap-', labels }, spec });
    await operations(c, { resource }, make, async ({ metadata: { name = '', uid } }) => {
      assert.equal((await resource.get(`${name}/status`)).metadata.uid, uid);
      const condition = (type: string) => ({
        type,
        status: 'True',
        reason: 'E2E',
        message: 'Set from an e2e test',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      });
      const conditions = [condition('PatchStatusFailed')];
      const patched = await resource.patch(
        `${name}/status`,
        { metadata: { annotations: { patchedstatus: 'true' } }, status: { conditions } },
        'merge',
      );
      assert.deepEqual(patched.status?.conditions, conditions);
      const added = condition('StatusUpdate');
      const add = (one: ValidatingAdmissionPolicy) => ({
        ...one,
        status: { ...one.status, conditions: [...(one.status?.conditions ?? []), added] },
      });
      assert.deepEqual((await resource.update(name, add, '/status')).status?.conditions, [...conditions, added]);
    });
  },

  async [`${validating} should support ValidatingAdmissionPolicyBinding API operations`](c) {
    await discovered(c, group, 'v1', ['validatingadmissionpolicybindings']);
    const resource = across<ValidatingAdmissionPolicyBinding>(c, v1, 'validatingadmissionpolicybindings');
    const spec = { policyName: 'replicalimit-policy.example.com', validationActions: ['Deny'] };
    await operations(c, { resource }, (labels) => ({ metadata: { generateName: 'e2e-example-vapb-', labels }, spec }));
  },

  async [`${mutating} should mutate a Deployment`](c) {
    await mutate(c, annotate('mutated-by', 'admission-policy'));
    await changed(c, ({ metadata }) => metadata.annotations?.['mutated-by'] === 'admission-policy');
  },

  async [`${mutating} should mutate a Deployment with annotations`](c) {
    await mutate(c, annotate('my-foo-annotation', 'myAnnotationValue'));
    const { metadata, spec } = await changed(c, (one) => one.metadata.annotations?.['my-foo-annotation'] === 'myAnnotationValue');
    assert.deepEqual([metadata.name, spec?.replicas], ['test-deployment', 2]);
  },

  async [`${mutating} should support MutatingAdmissionPolicy API operations`](c) {
    await discovered(c, group, 'v1', ['mutatingadmissionpolicies']);
    const resource = across<MutatingAdmissionPolicy>(c, v1, 'mutatingadmissionpolicies');
    const mutations = [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: annotate('a', 'b') } }];
    const spec = { reinvocationPolicy: 'Never', mutations, matchConstraints: constraints(c) };
    await operations(c, { resource }, (labels) => ({ metadata: { generateName: 'e2e-example-map-', labels }, spec }));
  },

  async [`${mutating} should support MutatingAdmissionPolicyBinding API operations`](c) {
    await discovered(c, group, 'v1', ['mutatingadmissionpolicybindings']);
    const resource = across<MutatingAdmissionPolicyBinding>(c, v1, 'mutatingadmissionpolicybindings');
    await operations(c, { resource }, (labels) => ({
      metadata: { generateName: 'e2e-example-mapb-', labels },
      spec: { policyName: 'policy.example.com' },
    }));
  },
};
