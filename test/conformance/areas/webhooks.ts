import assert from 'node:assert/strict';
import { eventually } from '@keelson/testing';
import type { ConfigMap, Pod } from '@keelson/types';
import { type Admission, admission, extraNamespace, ofConfigMaps, ofPods, registrations } from '../admission.ts';
import type { Context } from '../context.ts';
import { anything, define, definitionOf, definitions, refusal, served } from '../custom.ts';
import type { Specs } from '../specs.ts';

const area = '[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin]';
const image = 'registry.k8s.io/pause:3.10.1';
const disallowed = { 'webhook-e2e-test': 'webhook-disallow' };
const merge = { 'content-type': 'application/strategic-merge-patch+json' };
const json = { 'content-type': 'application/json-patch+json' };

const maps = (namespace: string): string => `/api/v1/namespaces/${namespace}/configmaps`;
const pods = ({ namespace }: Context): string => `/api/v1/namespaces/${namespace}/pods`;
const pod = (name: string, container: string, labels = {}): object => ({
  ...{ metadata: { name, labels }, spec: { containers: [{ name: container, image }] } },
});

const skip = 'skip-webhook-admission';
const denyMaps = (a: Admission): object =>
  a.hook(
    'deny-unwanted-configmap-data.k8s.io',
    '/configmaps',
    { ...ofConfigMaps, operations: ['CREATE', 'UPDATE', 'DELETE'] },
    {
      namespaceSelector: { matchLabels: { [a.mark]: 'true' }, matchExpressions: [{ key: skip, operator: 'NotIn', values: ['yes'] }] },
    },
  );
const mutateMaps = (a: Admission, stage: number, rest = {}): object =>
  a.hook(`adding-configmap-data-stage-${stage}.k8s.io`, '/mutating-data', ofConfigMaps, rest);
/** Never trusted, so it always fails. */
const failing = (a: Admission, name: string, rest: object): object =>
  a.hook(name, '/configmaps', ofConfigMaps, { clientConfig: { url: a.client('/configmaps').url }, ...rest });

/** Creates a map, and deletes it when that worked. */
async function tryMap(c: Context, data: Record<string, string>, name = c.unique('map')) {
  const reply = await c.ask({ method: 'POST', path: maps(c.namespace), body: { metadata: { name }, data } });
  if (reply.status < 300) await c.must({ method: 'DELETE', path: `${maps(c.namespace)}/${name}` });
  return reply;
}
const isDenied = async (c: Context): Promise<boolean> => (await tryMap(c, disallowed)).text.includes('denied');
const isMutated = async (c: Context): Promise<boolean> =>
  (await tryMap(c, { 'mutation-start': 'yes' })).json<ConfigMap>().data?.['mutation-stage-1'] === 'yes';

async function hasNoVoice(c: Context, a: Admission, kind: 'validatingwebhookconfigurations' | 'mutatingwebhookconfigurations') {
  const rule = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['invalid'] };
  const dummy = a.hook('dummy-webhook.k8s.io', '', rule, {
    ...{ failurePolicy: 'Ignore', clientConfig: { service: { namespace: c.namespace, name: 'e2e-test-webhook', path: '', port: 8443 } } },
  });
  const made = await a.register(kind, [dummy], `${a.mark}-dummy`);
  assert.equal(made.metadata.labels?.['added-label'], undefined);
  await c.must({ method: 'DELETE', path: `${registrations}/${kind}/${a.mark}-dummy` });
}

export const webhooks: Specs = {
  async [`${area} should include webhook resources in discovery documents`](c) {
    const name = 'admissionregistration.k8s.io';
    type Group = { name: string; versions: { version: string }[] };
    const { groups } = await c.must<{ groups: Group[] }>({ path: '/apis' });
    const listed = groups.find((group) => group.name === name);
    const itself = await c.must<Group>({ path: `/apis/${name}` });
    for (const group of [listed, itself]) {
      assert.equal(group?.name, name);
      assert.ok(group.versions.some(({ version }) => version === 'v1'));
    }
    const list = await c.must<{ groupVersion: string; resources: { name: string }[] }>({ path: `/apis/${name}/v1` });
    assert.equal(list.groupVersion, `${name}/v1`);
    const names = list.resources.map((resource) => resource.name);
    for (const wanted of ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations']) assert.ok(names.includes(wanted));
  },

  async [`${area} should be able to deny pod and configmap creation`](c) {
    const a = await admission(c);
    const deny = a.hook('deny-unwanted-pod-container-name-and-label.k8s.io', '/pods', ofPods);
    await a.register('validatingwebhookconfigurations', [deny, denyMaps(a), failing(a, 'fail-open.k8s.io', { failurePolicy: 'Ignore' })]);
    const message = refusal(await c.ask({ method: 'POST', path: pods(c), body: pod('disallowed-pod', 'webhook-disallow', disallowed) }));
    assert.match(message, /the pod contains unwanted container name/);
    assert.match(message, /the pod contains unwanted label/);
    const hanging = refusal(await c.ask({ method: 'POST', path: pods(c), body: pod('hanging-pod', 'wait-forever') }));
    assert.match(hanging, /webhook/);
    assert.match(hanging, /deadline/);
    assert.equal((await c.ask({ path: `${pods(c)}/hanging-pod` })).status, 404);

    const unwanted = /the configmap contains unwanted key and value/;
    const bad = { metadata: { name: 'disallowed-configmap' }, data: disallowed };
    assert.match(refusal(await c.ask({ method: 'POST', path: maps(c.namespace), body: bad })), unwanted);
    const good = { metadata: { name: 'allowed-configmap' }, data: { admit: 'this' } };
    const made = await c.must<ConfigMap>({ method: 'POST', path: maps(c.namespace), body: good });
    const path = `${maps(c.namespace)}/allowed-configmap`;
    assert.match(refusal(await c.ask({ method: 'PUT', path, body: { ...made, data: { ...made.data, ...disallowed } } })), unwanted);
    assert.match(refusal(await c.ask({ method: 'PATCH', path, headers: merge, body: { data: disallowed } })), unwanted);
    const exempt = await extraNamespace(c, { [skip]: 'yes', [a.mark]: 'true' });
    await c.must({ method: 'POST', path: maps(exempt.metadata.name ?? ''), body: bad });
  },

  async [`${area} should be able to deny attaching pod`](c) {
    const a = await admission(c);
    const rule = { operations: ['CONNECT'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods/attach'] };
    await a.register('validatingwebhookconfigurations', [a.hook('deny-attaching-pod.k8s.io', '/pods/attach', rule)]);
    await c.must({ method: 'POST', path: pods(c), body: pod('to-be-attached-pod', 'container1') });
    await eventually(async () => (await c.must<Pod>({ path: `${pods(c)}/to-be-attached-pod` })).status?.phase === 'Running', {
      deadlineMs: 60_000,
    });
    const attach = ['attach', `--namespace=${c.namespace}`, 'to-be-attached-pod', '-i', '-c=container1'];
    await assert.rejects(c.kubectl(attach), /attaching to pod 'to-be-attached-pod' is not allowed/);
  },

  async [`${area} should be able to deny custom resource creation, update and deletion`](c) {
    const a = await admission(c);
    const custom = await define(c);
    const { group, names } = custom.definition.spec;
    const rule = { operations: ['CREATE', 'UPDATE', 'DELETE'], apiGroups: [group], apiVersions: ['v1'], resources: [names.plural] };
    await a.register('validatingwebhookconfigurations', [a.hook('deny-custom-resource.k8s.io', '/custom-resource', rule)]);
    const path = custom.path();
    const create = (name: string, value: string) =>
      c.ask({ method: 'POST', path, body: custom.object(name, { data: { 'webhook-e2e-test': value } }) });
    assert.match(refusal(await create('cr-instance-1', 'webhook-disallow')), /the custom resource contains unwanted data/);
    const made = (await create('cr-instance-2', 'webhook-nondeletable')).json();
    const one = `${path}/cr-instance-2`;
    const put = (value: string) => c.ask({ method: 'PUT', path: one, body: { ...made, data: { 'webhook-e2e-test': value } } });
    assert.match(refusal(await put('webhook-disallow')), /the custom resource contains unwanted data/);
    assert.match(
      refusal(await c.ask({ method: 'DELETE', path: one })),
      /the custom resource cannot be deleted because it contains unwanted key and value/,
    );
    assert.equal((await put('webhook-allow')).status, 200);
    await c.must({ method: 'DELETE', path: one });
  },

  async [`${area} should unconditionally reject operations on fail closed webhook`](c) {
    const a = await admission(c);
    const namespaceSelector = {
      matchLabels: { [a.mark]: 'true' },
      matchExpressions: [{ key: 'fail-closed-webhook', operator: 'In', values: ['yes'] }],
    };
    const closed = failing(a, 'fail-closed.k8s.io', { failurePolicy: 'Fail', namespaceSelector });
    await a.register('validatingwebhookconfigurations', [closed]);
    const { metadata } = await extraNamespace(c, { 'fail-closed-webhook': 'yes', [a.mark]: 'true' });
    const reply = await c.ask({ method: 'POST', path: maps(metadata.name ?? ''), body: { metadata: { name: 'foo' } } });
    assert.deepEqual([reply.status, reply.json<{ reason: string }>().reason], [500, 'InternalError']);
  },

  async [`${area} should mutate configmap`](c) {
    const a = await admission(c);
    await a.register('mutatingwebhookconfigurations', [mutateMaps(a, 1), mutateMaps(a, 2)]);
    const body = { metadata: { name: 'to-be-mutated' }, data: { 'mutation-start': 'yes' } };
    const { data } = await c.must<ConfigMap>({ method: 'POST', path: maps(c.namespace), body });
    assert.deepEqual(data, { 'mutation-start': 'yes', 'mutation-stage-1': 'yes', 'mutation-stage-2': 'yes' });
  },

  async [`${area} should mutate pod and apply defaults after mutation`](c) {
    const a = await admission(c);
    await a.register('mutatingwebhookconfigurations', [a.hook('adding-init-container.k8s.io', '/mutating-pods', ofPods)]);
    const made = await c.must<Pod>({ method: 'POST', path: pods(c), body: pod('webhook-to-be-mutated', 'example') });
    assert.deepEqual(
      made.spec?.initContainers?.map(({ name, terminationMessagePolicy }) => [name, terminationMessagePolicy]),
      [['webhook-added-init-container', 'File']],
    );
  },

  async [`${area} should not be able to mutate or prevent deletion of webhook configuration objects`](c) {
    const a = await admission(c);
    const resources = ['validatingwebhookconfigurations', 'mutatingwebhookconfigurations'];
    const rule = { apiGroups: ['admissionregistration.k8s.io'], apiVersions: ['*'], resources };
    const deny = a.hook('deny-webhook-configuration-deletions.k8s.io', '/always-deny', { ...rule, operations: ['DELETE'] });
    await a.register('validatingwebhookconfigurations', [deny]);
    const label = a.hook('add-label-to-webhook-configurations.k8s.io', '/add-label', { ...rule, operations: ['CREATE'] });
    await a.register('mutatingwebhookconfigurations', [label]);
    await hasNoVoice(c, a, 'validatingwebhookconfigurations');
    await hasNoVoice(c, a, 'mutatingwebhookconfigurations');
  },

  async [`${area} should deny crd creation`](c) {
    const a = await admission(c);
    const rule = {
      ...{ operations: ['CREATE'], apiGroups: ['apiextensions.k8s.io'] },
      ...{ apiVersions: ['*'], resources: ['customresourcedefinitions'] },
    };
    const selected = { namespaceSelector: undefined, objectSelector: { matchLabels: { [a.mark]: 'true' } } };
    await a.register('validatingwebhookconfigurations', [a.hook('deny-crd-with-unwanted-label.k8s.io', '/crd', rule, selected)]);
    const definition = definitionOf(c);
    const body = { ...definition, metadata: { ...definition.metadata, labels: { [a.mark]: 'true', ...disallowed } } };
    assert.match(refusal(await c.ask({ method: 'POST', path: definitions, body })), /the crd contains unwanted label/);
  },

  async [`${area} should honor timeout`](c) {
    const a = await admission(c);
    const slow = async (rest: object, check: () => Promise<void>): Promise<void> => {
      await a.register('validatingwebhookconfigurations', [
        a.hook('allow-configmap-with-delay-webhook.k8s.io', '/always-allow-delay-5s', ofConfigMaps, rest),
      ]);
      await check();
      await c.must({ method: 'DELETE', path: `${registrations}/validatingwebhookconfigurations/${a.mark}` });
    };
    const works = async (): Promise<void> => {
      const reply = await tryMap(c, {});
      assert.equal(reply.status, 201, reply.text);
    };
    await slow({ failurePolicy: 'Fail', timeoutSeconds: 1 }, async () => {
      const message = refusal(await tryMap(c, {}));
      assert.match(message, /context deadline exceeded|timeout/);
      assert.match(message, /\/always-allow-delay-5s\?timeout=1s/);
    });
    await slow({ failurePolicy: 'Ignore', timeoutSeconds: 1 }, works);
    await slow({ failurePolicy: 'Fail', timeoutSeconds: 10 }, works);
    await slow({ failurePolicy: 'Fail' }, works);
  },

  async [`${area} patching/updating a validating webhook should work`](c) {
    const a = await admission(c);
    await a.register('validatingwebhookconfigurations', [denyMaps(a)]);
    await onlyWhileCreates(c, `${registrations}/validatingwebhookconfigurations/${a.mark}`, () => isDenied(c));
  },

  async [`${area} patching/updating a mutating webhook should work`](c) {
    const a = await admission(c);
    await a.register('mutatingwebhookconfigurations', [mutateMaps(a, 1)]);
    await onlyWhileCreates(c, `${registrations}/mutatingwebhookconfigurations/${a.mark}`, () => isMutated(c));
  },

  async [`${area} listing validating webhooks should work`](c) {
    const a = await admission(c);
    await whileListed(c, a, 'validatingwebhookconfigurations', denyMaps(a), () => isDenied(c));
  },

  async [`${area} listing mutating webhooks should work`](c) {
    const a = await admission(c);
    await whileListed(c, a, 'mutatingwebhookconfigurations', mutateMaps(a, 1), () => isMutated(c));
  },

  async [`${area} should mutate everything except 'skip-me' configmaps`](c) {
    const a = await admission(c);
    const matchConditions = [{ name: 'skip-me', expression: "object.metadata.name != 'skip-me'" }];
    await a.register('mutatingwebhookconfigurations', [mutateMaps(a, 1, { matchConditions })]);
    const start = { 'mutation-start': 'yes' };
    const dataOf = async (name?: string) => (await tryMap(c, start, name)).json<ConfigMap>().data;
    assert.deepEqual(await dataOf(), { ...start, 'mutation-stage-1': 'yes' });
    assert.deepEqual(await dataOf('skip-me'), start);
  },

  ...conditionsOf('validating', '/always-deny'),
  ...conditionsOf('mutating', '/mutating-data'),

  async [`${area} should mutate custom resource`](c) {
    assert.deepEqual(await mutatedCustom(c, anything), {
      ...{ 'mutation-start': 'yes', 'mutation-stage-1': 'yes', 'mutation-stage-2': 'yes' },
    });
  },

  async [`${area} should mutate custom resource with pruning`](c) {
    const properties = { 'mutation-start': { type: 'string' }, 'mutation-stage-1': { type: 'string' } };
    const schema = { type: 'object', properties: { data: { type: 'object', properties } } };
    assert.deepEqual(await mutatedCustom(c, schema), { 'mutation-start': 'yes', 'mutation-stage-1': 'yes' });
  },

  async [`${area} should mutate custom resource with different stored version`](c) {
    const a = await admission(c);
    const custom = await define(c, { versions: [served('v1', true), served('v2', false)] });
    await mutateCustom(a, custom);
    await c.must({ method: 'POST', path: custom.path(), body: custom.object('cr-instance-1', { data: { 'mutation-start': 'yes' } }) });
    const path = `${definitions}/${custom.definition.metadata.name}`;
    const body = { spec: { versions: [served('v1', false), served('v2', true)] } };
    await c.must({ method: 'PATCH', path, headers: merge, body });
    const dummy = [{ op: 'add', path: '/dummy', value: 'test' }];
    type Mutated = { data: object; dummy: string };
    const patched = await c.must<Mutated>({ method: 'PATCH', path: `${custom.path('v2')}/cr-instance-1`, headers: json, body: dummy });
    assert.deepEqual(patched.data, { 'mutation-start': 'yes', 'mutation-stage-1': 'yes', 'mutation-stage-2': 'yes' });
    assert.equal(patched.dummy, 'test');
  },
};

type Heeded = () => Promise<boolean>;

/** A configuration whose rule loses CREATE by an update is not heeded until a patch brings it back. */
async function onlyWhileCreates(c: Context, path: string, heeded: Heeded): Promise<void> {
  await eventually(heeded, { deadlineMs: 30_000 });
  const present = await c.must<{ webhooks: { rules: { operations: string[] }[] }[] }>({ path });
  for (const rule of present.webhooks[0]?.rules ?? []) rule.operations = ['UPDATE'];
  await c.must({ method: 'PUT', path, body: present });
  await eventually(async () => !(await heeded()), { deadlineMs: 30_000 });
  const body = [{ op: 'replace', path: '/webhooks/0/rules/0/operations', value: ['CREATE'] }];
  await c.must({ method: 'PATCH', path, headers: json, body });
  await eventually(heeded, { deadlineMs: 30_000 });
}

/** Ten configurations are listed and heeded until their collection is deleted. */
async function whileListed(
  c: Context,
  a: Admission,
  kind: 'validatingwebhookconfigurations' | 'mutatingwebhookconfigurations',
  hook: object,
  heeded: Heeded,
): Promise<void> {
  const labels = { 'e2e-list-test-uuid': a.mark };
  for (let number = 0; number < 10; number++) {
    const reply = await a.create(kind, [hook], { name: `${a.mark}-${number}`, labels });
    assert.equal(reply.status, 201, reply.text);
  }
  const path = `${registrations}/${kind}?labelSelector=${encodeURIComponent(`e2e-list-test-uuid=${a.mark}`)}`;
  assert.equal((await c.must<{ items: object[] }>({ path })).items.length, 10);
  await a.ready();
  await eventually(heeded, { deadlineMs: 30_000 });
  await c.must({ method: 'DELETE', path });
  await eventually(async () => !(await heeded()), { deadlineMs: 30_000 });
}

function conditionsOf(type: 'validating' | 'mutating', target: string): Specs {
  const kind = `${type}webhookconfigurations` as const;
  const condition = (name: string, expression: string) => ({ name, expression });
  const make = (a: Admission, matchConditions: object[]) => {
    const matchPolicy = type === 'validating' ? { matchPolicy: 'Equivalent' } : {};
    return a.create(kind, [a.hook('webhook-with-match-conditions.k8s.io', target, ofConfigMaps, { ...matchPolicy, matchConditions })]);
  };
  type Configuration = { webhooks: { matchConditions: object[] }[] };
  return {
    async [`${area} should be able to create and update ${type} webhook configurations with match conditions`](c) {
      const a = await admission(c);
      const first = [condition('expression-1', "object.metadata.namespace == 'production'")];
      const reply = await make(a, first);
      assert.equal(reply.status, 201, reply.text);
      const path = `${registrations}/${kind}/${a.mark}`;
      const made = await c.must<Configuration>({ path });
      assert.deepEqual(made.webhooks[0]?.matchConditions, first);
      const both = [...first, condition('expression-2', "object.metadata.namespace == 'staging'")];
      const webhooks = made.webhooks.map((hook, index) => (index === 0 ? { ...hook, matchConditions: both } : hook));
      await c.must({ method: 'PUT', path, body: { ...made, webhooks } });
      assert.deepEqual((await c.must<Configuration>({ path })).webhooks[0]?.matchConditions, both);
    },
    async [`${area} should reject ${type} webhook configurations with invalid match conditions`](c) {
      const a = await admission(c);
      const reply = await make(a, [condition('invalid-expression-1', '... [] bad expression')]);
      assert.match(refusal(reply), /compilation failed/);
    },
  };
}

async function mutateCustom(a: Admission, { definition }: Awaited<ReturnType<typeof define>>): Promise<void> {
  const { group, names, versions } = definition.spec;
  const rule = { apiGroups: [group], apiVersions: versions.map(({ name }) => name), resources: [names.plural] };
  await a.register('mutatingwebhookconfigurations', [
    a.hook('mutate-custom-resource-data-stage-1.k8s.io', '/mutating-data', { ...rule, operations: ['CREATE', 'UPDATE'] }),
    a.hook('mutate-custom-resource-data-stage-2.k8s.io', '/mutating-data', { ...rule, operations: ['CREATE'] }),
  ]);
}

async function mutatedCustom(c: Context, schema: object): Promise<object> {
  const a = await admission(c);
  const custom = await define(c, { versions: [served('v1', true, schema), served('v2', false, schema)] });
  await mutateCustom(a, custom);
  const body = custom.object('cr-instance-1', { data: { 'mutation-start': 'yes' } });
  return (await c.must<{ data: object }>({ method: 'POST', path: custom.path(), body })).data;
}
