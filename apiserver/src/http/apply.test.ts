import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SimulatedClock } from '@keelson/testing';
import type { Deployment, ManagedFieldsEntry, Status } from '@keelson/types';
import { type Answer, deploymentOf, type Fixture, startServer } from '../testing/fixture.ts';

let server: Fixture;
const clock = new SimulatedClock();
before(async () => {
  server = await startServer({ clock });
});
after(() => server.close());

const deployments = '/apis/apps/v1/namespaces/default/deployments';
const configMaps = '/api/v1/namespaces/default/configmaps';
const merge = 'application/merge-patch+json';
const json = 'application/json-patch+json';

function apply(path: string, config: object | string, query = 'fieldManager=me'): Promise<Answer> {
  return server.send('PATCH', `${path}?${query}`, config, { 'content-type': 'application/apply-patch+yaml' });
}

function patch(path: string, body: unknown, type = merge, agent = 'kubectl/v1.36.0 (linux/amd64)'): Promise<Answer> {
  return server.send('PATCH', path, body, { 'content-type': type, 'user-agent': agent });
}

const scaled = (name: string, replicas: number): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: { replicas },
});
const configMap = (name: string, data: Record<string, string>, metadata: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
});

interface Account {
  readonly [owner: string]: unknown;
}

/** Fields by who owns them. */
function accountOf(answer: Answer): Account {
  const { metadata } = answer.json<{ metadata: { managedFields?: ManagedFieldsEntry[] } }>();
  const text = ({ manager, operation, subresource }: ManagedFieldsEntry): string =>
    [manager, operation, ...(subresource ? [subresource] : [])].join(' ');
  return Object.fromEntries((metadata.managedFields ?? []).map((entry) => [text(entry), entry.fieldsV1]));
}

async function refused(answer: Promise<Answer>, code: number, message: string | RegExp): Promise<Status> {
  const { status, json: body } = await answer;
  const refusal = body<Status>();
  assert.equal(status, code, refusal.message);
  if (typeof message === 'string') assert.equal(refusal.message, message);
  else assert.match(refusal.message ?? '', message);
  return refusal;
}

test('an apply makes what is not there, and owns what it says; the server’s defaults are nobody’s', async () => {
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80 }] }] } };
  const config = { ...scaled('made', 2), spec: { replicas: 2, selector: { matchLabels: { a: 'b' } }, template } };
  const made = await apply(`${deployments}/made`, config);
  assert.equal(made.status, 201, made.text);
  const container = {
    'f:name': {},
    'f:image': {},
    'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
  };
  assert.deepEqual(made.json<Deployment>().metadata.managedFields, [
    {
      manager: 'me',
      operation: 'Apply',
      apiVersion: 'apps/v1',
      time: new Date(clock.now()).toISOString().replace(/\.\d+/, ''),
      fieldsType: 'FieldsV1',
      fieldsV1: {
        'f:spec': {
          'f:replicas': {},
          'f:selector': {},
          'f:template': {
            'f:metadata': { 'f:labels': { 'f:a': {} } },
            'f:spec': { 'f:containers': { 'k:{"name":"c"}': { '.': {}, ...container } } },
          },
        },
      },
    },
  ]);
  const again = await apply(`${deployments}/made`, config);
  assert.deepEqual([again.status, again.text], [200, made.text], 'nothing to do');
});

test('creates, updates, patches and status writes are accounted, by the client’s name', async () => {
  const path = `${deployments}/writes`;
  const agent = { 'user-agent': 'kubectl-create/v1.36.0' };
  const created = await server.send('POST', deployments, deploymentOf('writes', { replicas: 1 }), agent);
  const [owner] = Object.keys(accountOf(created));
  assert.equal(owner, 'kubectl-create Update');
  await patch(path, { metadata: { annotations: { x: 'y' } }, spec: { replicas: 3 } });
  const current = (await patch(`${path}/status`, { status: { replicas: 3 } }, merge, 'kube-controller-manager/v1.36.0')).json<object>();
  const account = accountOf(await server.send('GET', path));
  assert.deepEqual(account['kubectl Update'], {
    'f:metadata': { 'f:annotations': { '.': {}, 'f:x': {} } },
    'f:spec': { 'f:replicas': {} },
  });
  assert.deepEqual(account['kube-controller-manager Update status'], { 'f:status': { 'f:replicas': {} } });
  const put = await server.send('PUT', `${path}?fieldManager=named`, { ...current, spec: { ...deploymentSpec(current), paused: true } });
  assert.deepEqual(accountOf(put)['named Update'], { 'f:spec': { 'f:paused': {} } });
  const scale = await patch(`${path}/scale`, { spec: { replicas: 5 } }, merge, 'hpa/1');
  assert.equal(scale.status, 200);
  const scaledAccount = accountOf(await server.send('GET', path));
  assert.deepEqual(scaledAccount['hpa Update scale'], { 'f:spec': { 'f:replicas': {} } });
  assert.deepEqual(scaledAccount['kubectl Update'], { 'f:metadata': { 'f:annotations': { '.': {}, 'f:x': {} } } });
});

function deploymentSpec(object: object): object {
  return (object as { spec: object }).spec;
}

test('a write that changes nothing leaves the account and the resourceVersion alone', async () => {
  const path = `${configMaps}/same`;
  const created = await server.send('POST', configMaps, configMap('same', { a: '1' }));
  clock.advance(10_000);
  for (const answer of [
    await patch(path, { data: { a: '1' } }),
    await server.send('PUT', path, created.json<object>()),
    await server.send('PUT', path, configMap('same', { a: '1' })),
    await patch(path, {}),
  ]) {
    assert.deepEqual([answer.status, answer.text], [200, created.text]);
  }
});

test('conflicts are told per field, and force takes over', async () => {
  const path = `${deployments}/conflicts`;
  await server.send('POST', `${deployments}?fieldManager=kubectl-client-side-apply`, deploymentOf('conflicts', { replicas: 3 }));
  const refusal = await refused(
    apply(path, scaled('conflicts', 5)),
    409,
    'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using apps/v1: .spec.replicas',
  );
  assert.equal(refusal.reason, 'Conflict');
  assert.deepEqual(refusal.details?.causes, [
    { reason: 'FieldManagerConflict', message: 'conflict with "kubectl-client-side-apply" using apps/v1', field: '.spec.replicas' },
  ]);
  const shared = await apply(path, scaled('conflicts', 3), 'fieldManager=other');
  assert.deepEqual(accountOf(shared)['other Apply'], { 'f:spec': { 'f:replicas': {} } });
  const forced = await apply(path, scaled('conflicts', 5), 'fieldManager=me&force=true');
  assert.deepEqual([forced.status, forced.json<Deployment>().spec.replicas], [200, 5]);
  const account = accountOf(forced);
  assert.deepEqual(account['me Apply'], { 'f:spec': { 'f:replicas': {} } });
  assert.equal(account['other Apply'], undefined);
  const released = await apply(path, { ...scaled('conflicts', 0), spec: {} });
  assert.equal(released.json<Deployment>().spec.replicas, 1, 'the default');
});

test('the status is applied on its own path, and not on the object’s', async () => {
  const path = `${deployments}/status`;
  await server.send('POST', deployments, deploymentOf('status'));
  const config = { ...scaled('status', 7), status: { observedGeneration: 1 } };
  const onStatus = await apply(`${path}/status`, config, 'fieldManager=controller');
  assert.deepEqual(onStatus.json<Deployment>().spec.replicas, 1);
  assert.deepEqual(accountOf(onStatus)['controller Apply status'], { 'f:status': { 'f:observedGeneration': {} } });
  const onObject = await apply(path, { ...config, status: { observedGeneration: 9 } }, 'fieldManager=user&force=true');
  assert.deepEqual(onObject.json<Deployment>().status, { observedGeneration: 1 });
  assert.deepEqual(accountOf(onObject)['user Apply'], { 'f:spec': { 'f:replicas': {} } });
  await refused(apply(`${deployments}/absent/status`, scaled('absent', 1)), 404, 'deployments.apps "absent" not found');
});

test('kinds differ in whether a write of the status writes metadata', async () => {
  const label = { metadata: { labels: { by: 'status' } } };
  const ranges = '/apis/networking.k8s.io/v1/servicecidrs';
  await server.send('POST', ranges, { metadata: { name: 'more' }, spec: { cidrs: ['192.168.0.0/16'] } });
  assert.equal((await patch(`${ranges}/more/status`, label)).json<Deployment>().metadata.labels, undefined);
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }];
  const spec = { group: 'status.example.com', scope: 'Cluster', names: { plural: 'things', kind: 'Thing' }, versions };
  await server.send('POST', definitions, { metadata: { name: 'things.status.example.com' }, spec });
  const labelled = await patch(`${definitions}/things.status.example.com/status`, label);
  assert.deepEqual(labelled.json<Deployment>().metadata.labels, label.metadata.labels);
});

test('replicas are applied through the scale', async () => {
  const path = `${deployments}/scale`;
  await server.send('POST', deployments, deploymentOf('scale', { replicas: 2 }), { 'user-agent': 'a/1' });
  const scale = (replicas: number): object => ({
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name: 'scale' },
    spec: { replicas },
  });
  await refused(apply(`${path}/scale`, scale(4)), 409, 'Apply failed with 1 conflict: conflict with "a" using apps/v1: .spec.replicas');
  const done = await apply(`${path}/scale`, scale(4), 'fieldManager=me&force=true');
  assert.deepEqual([done.status, done.json<{ kind: string; spec: object }>().spec], [200, { replicas: 4 }]);
  assert.deepEqual(accountOf(await server.send('GET', path))['me Apply scale'], { 'f:spec': { 'f:replicas': {} } });
  await refused(apply(`${path}/scale`, scaled('scale', 1)), 400, 'invalid object type: apps/v1, Kind=Deployment');
  await refused(apply(`${deployments}/absent/scale`, scale(4)), 404, 'deployments.apps "absent" not found');
});

test('a client may begin the account anew, and write it; what is none is not listened to', async () => {
  const path = `${configMaps}/account`;
  await server.send('POST', configMaps, configMap('account', { a: '1' }));
  const kept = await server.send('PUT', path, configMap('account', { a: '1' }));
  assert.notDeepEqual(accountOf(kept), {}, 'who says nothing of it leaves it');
  for (const value of [[{}], []]) {
    await apply(path, configMap('account', { c: '3' }));
    const emptied = await patch(path, [{ op: 'replace', path: '/metadata/managedFields', value }], json);
    assert.equal(emptied.json<Deployment>().metadata.managedFields, undefined, emptied.text);
  }
  const untracked = await patch(path, { data: { b: '2' } });
  assert.deepEqual(accountOf(untracked), {}, 'no account, none begun');
  const applied = await apply(path, configMap('account', { c: '3' }));
  assert.deepEqual(Object.keys(accountOf(applied)), ['me Apply', 'before-first-apply Update']);
  const entry = { manager: 'x', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: { 'f:data': { 'f:a': {} } } };
  const written = await patch(path, [{ op: 'replace', path: '/metadata/managedFields', value: [entry] }], json);
  assert.deepEqual(accountOf(written), { 'x Update': { 'f:data': { 'f:a': {} } } });
  for (const wrong of [
    { ...entry, operation: 'Nope' },
    { ...entry, fieldsV1: { data: {} } },
    { ...entry, fieldsType: '' },
  ]) {
    const ignored = await patch(path, [{ op: 'replace', path: '/metadata/managedFields', value: [wrong] }], json);
    assert.deepEqual([ignored.status, accountOf(ignored)], [200, { 'x Update': { 'f:data': { 'f:a': {} } } }]);
  }
  await patch(`${deployments}/status/status`, [{ op: 'replace', path: '/metadata/managedFields', value: [{}] }], json);
  assert.notDeepEqual(accountOf(await server.send('GET', `${deployments}/status`)), {}, 'not through a subresource');
});

test('bodies and options that are no apply', async () => {
  const path = `${configMaps}/refused`;
  const good = configMap('refused', { a: '1' });
  await refused(
    apply(path, good, ''),
    422,
    'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
  );
  await refused(apply(path, '{'), 400, /^error decoding YAML: /);
  await refused(apply(path, '[1]'), 400, /cannot unmarshal array into Go value of type map\[string\]interface \{\}$/);
  await refused(apply(path, scaled('refused', 1)), 400, 'invalid object type: apps/v1, Kind=Deployment');
  await refused(apply(path, { data: {} }), 400, 'invalid object type: /, Kind=');
  await refused(apply(path, configMap('refused', {}, { managedFields: [] })), 400, 'metadata.managedFields must be nil');
  await refused(apply(path, configMap('other', {})), 400, 'the name of the object (other) does not match the name on the URL (refused)');
  await refused(
    apply(path, { apiVersion: 'v1', kind: 'ConfigMap' }),
    400,
    'the name of the object (refused based on URL) was undeterminable: name must be provided',
  );
  await refused(
    apply(path, { ...good, dta: {}, immutable: 'x' }),
    500,
    'failed to create typed patch object (/refused; /v1, Kind=ConfigMap): errors:\n  .dta: field not declared in schema\n  .immutable: expected boolean, got &{x}',
  );
  await refused(
    apply(path, configMap('refused', {}, { uid: 'u' })),
    409,
    'Operation cannot be fulfilled on configmaps "refused": uid mismatch: the provided object specified uid u, and no existing object was found',
  );
  for (const type of ['application/apply-patch+json', 'application/apply-patch+cbor']) {
    const answer = await server.send('PATCH', `${path}?fieldManager=me`, good, { 'content-type': type });
    assert.equal(answer.status, 415);
    assert.match(answer.text, /application\/strategic-merge-patch\+json, application\/apply-patch\+yaml/);
  }
  assert.equal((await server.send('GET', path)).status, 404, 'nothing of it was made');
});

test('keys that stand twice: refused with their line, warned of, or ignored', async () => {
  const text = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: twice\ndata:\n  foo: "1"\n  foo: "2"\n';
  const problem = 'error converting YAML to JSON: yaml: unmarshal errors:\n  line 7: key "foo" already set in map';
  const path = `${configMaps}/twice`;
  await refused(apply(path, text, 'fieldManager=me&fieldValidation=Strict'), 400, `error strict decoding YAML: ${problem}`);
  const warned = await apply(path, text);
  assert.deepEqual([warned.status, warned.json<{ data: object }>().data], [201, { foo: '2' }]);
  assert.match(String(warned.headers.warning), /line 7: key \\"foo\\" already set in map/);
  const ignored = await apply(path, text, 'fieldManager=me&fieldValidation=Ignore');
  assert.equal(ignored.headers.warning, undefined);
  const asJson = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"twice"},\n"data":{"a":"1",\n"a":"2"}}';
  await refused(apply(path, asJson, 'fieldManager=me&fieldValidation=Strict'), 400, /line 3: key "a" already set in map$/);
});

test('preconditions and dry runs', async () => {
  const path = `${configMaps}/conditions`;
  const dry = await apply(path, configMap('conditions', { a: '1' }), 'fieldManager=me&dryRun=All');
  assert.deepEqual([dry.status, (await server.send('GET', path)).status], [201, 404]);
  const made = await apply(path, configMap('conditions', { a: '1' }));
  const { uid, resourceVersion } = made.json<Deployment>().metadata;
  assert.equal((await apply(`${configMaps}/versioned`, configMap('versioned', {}, { resourceVersion }))).status, 201);
  const same = await apply(path, configMap('conditions', { a: '2' }, { uid, resourceVersion }));
  assert.equal(same.status, 200);
  await refused(apply(path, configMap('conditions', { a: '3' }, { resourceVersion })), 409, /the object has been modified/);
  await refused(
    apply(path, configMap('conditions', { a: '3' }, { uid: 'other' })),
    422,
    /metadata.uid: Invalid value: "other": field is immutable/,
  );
  const dryUpdate = await apply(path, configMap('conditions', { b: '1' }), 'fieldManager=me&dryRun=All');
  assert.deepEqual(dryUpdate.json<{ data: object }>().data, { b: '1' });
  assert.deepEqual((await server.send('GET', path)).json<{ data: object }>().data, { a: '2' });
});

test('who may only patch cannot make things by applying them', async () => {
  const role = { metadata: { name: 'patcher' }, rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['patch', 'get'] }] };
  await server.send('POST', '/apis/rbac.authorization.k8s.io/v1/clusterroles', role);
  const binding = {
    metadata: { name: 'patcher' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'patcher' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'ann' }],
  };
  await server.send('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', binding);
  await server.send('POST', configMaps, configMap('there', {}));
  const ann = server.as('ann');
  const options = { fieldManager: 'me' };
  const kind = { group: '', version: 'v1', apiVersion: 'v1', kind: 'ConfigMap', resource: 'configmaps', namespaced: true } as never;
  const applyAs = (name: string): Promise<unknown> =>
    ann.patch(kind, { name, namespace: 'default' }, 'application/apply-patch+yaml', configMap(name, { a: '1' }), options);
  await applyAs('there');
  await assert.rejects(applyAs('not-there'), /cannot create resource "configmaps" in API group "" in the namespace "default"/);
});

test('fields of one version are known in the other', async () => {
  const v1 = '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers';
  const v2 = v1.replace('/v1/', '/v2/');
  const target = { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'x' }, maxReplicas: 3 };
  const config = (apiVersion: string, spec: object): object => ({
    apiVersion,
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'h' },
    spec: { ...target, ...spec },
  });
  const made = await apply(`${v1}/h`, config('autoscaling/v1', { targetCPUUtilizationPercentage: 50 }), 'fieldManager=a');
  assert.equal(made.status, 201, made.text);
  const cpu = (averageUtilization: number): object => ({
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } }],
  });
  await refused(
    apply(`${v2}/h`, config('autoscaling/v2', cpu(60)), 'fieldManager=b'),
    409,
    'Apply failed with 1 conflict: conflict with "a": .spec.targetCPUUtilizationPercentage',
  );
  const taken = await apply(`${v2}/h`, config('autoscaling/v2', cpu(60)), 'fieldManager=b&force=true');
  assert.equal(taken.status, 200, taken.text);
  const { managedFields = [] } = taken.json<Deployment>().metadata;
  assert.deepEqual(managedFields.map(({ manager, apiVersion }) => `${manager} ${apiVersion}`).sort(), [
    'a autoscaling/v1',
    'b autoscaling/v2',
  ]);
  assert.equal('f:targetCPUUtilizationPercentage' in ((managedFields[0]?.fieldsV1?.['f:spec'] as object | undefined) ?? {}), false);
  const read = (await server.send('GET', `${v1}/h`)).json<{ spec: { targetCPUUtilizationPercentage: number } }>();
  assert.equal(read.spec.targetCPUUtilizationPercentage, 60);
});

test('binding a pod gives nobody fields', async () => {
  const pods = '/api/v1/namespaces/default/pods';
  await server.send('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
  const pod = { metadata: { name: 'bound' }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  const created = await server.send('POST', pods, pod, { 'user-agent': 'kubectl/1' });
  assert.equal(created.status, 201, created.text);
  const binding = { target: { kind: 'Node', name: 'n' } };
  assert.equal((await server.send('POST', `${pods}/bound/binding`, binding, { 'user-agent': 'kube-scheduler/1' })).status, 201);
  const account = accountOf(await server.send('GET', `${pods}/bound`));
  assert.deepEqual(account, accountOf(created));
  const spec = (account['kubectl Update'] as { 'f:spec': object })['f:spec'];
  for (const name of ['f:volumes', 'f:serviceAccountName', 'f:tolerations', 'f:nodeName']) assert.equal(name in spec, false, name);
});
