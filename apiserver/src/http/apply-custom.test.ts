import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '@keelson/testing';
import type { ManagedFieldsEntry, Status } from '@keelson/types';
import { type Answer, type Fixture, startServer } from '../testing/fixture.ts';

let server: Fixture;
before(async () => {
  server = await startServer();
});
after(() => server.close());

const ports = {
  type: 'array',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
  items: {
    type: 'object',
    required: ['containerPort', 'protocol'],
    properties: { containerPort: { type: 'integer', format: 'int32' }, name: { type: 'string' }, protocol: { type: 'string' } },
  },
};
const fields = { foo: { type: 'string' }, cronSpec: { type: 'string' }, ports, names: { type: 'array', items: { type: 'string' } } };
const closed = {
  type: 'object',
  properties: { spec: { type: 'object', properties: fields }, status: { type: 'object', properties: fields } },
};
const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
const partlyOpen = {
  type: 'object',
  properties: {
    spec: {
      ...anything,
      properties: {
        ...fields,
        template: {
          type: 'object',
          'x-kubernetes-embedded-resource': true,
          properties: { metadata: { type: 'object', properties: { name: { type: 'string' } } }, spec: { type: 'object' } },
        },
      },
    },
  },
};

/** Defines a kind with that schema; answers the path of its objects. */
async function define(plural: string, schema: object, names: readonly string[] = ['v1']): Promise<string> {
  const scale = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' };
  const rest = { served: true, schema: { openAPIV3Schema: schema }, subresources: { status: {}, scale } };
  const versions = names.map((name) => ({ name, storage: name === 'v1', ...rest }));
  const spec = { group: 'mygroup.example.com', scope: 'Cluster', names: { plural, kind: `Noxu${plural}` }, versions };
  const body = { metadata: { name: `${plural}.mygroup.example.com` }, spec };
  const created = await server.send('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', body);
  assert.equal(created.status, 201, created.text);
  const path = `/apis/mygroup.example.com/v1/${plural}`;
  await eventually(async () => (await server.send('GET', path)).status === 200, { message: `${plural} are served` });
  return path;
}

const manifest = (plural: string, spec: string, more = ''): string => `
apiVersion: mygroup.example.com/v1
kind: Noxu${plural}
metadata:
  name: mytest
  finalizers:
  - test-finalizer
${more}spec:
${spec}  ports:
  - name: x
    containerPort: 80
    protocol: TCP`;

function apply(path: string, body: string | object, manager = 'field_validation_mgr'): Promise<Answer> {
  const query = `fieldManager=${manager}&fieldValidation=Strict`;
  return server.send('PATCH', `${path}?${query}`, body, { 'content-type': 'application/apply-patch+yaml' });
}

const messageOf = (answer: Answer): string => answer.json<Status>().message ?? '';

test('custom resources are applied against their schema, in Strict mode too', async () => {
  const path = await define('closed', closed);
  const made = await apply(`${path}/mytest`, manifest('closed', '  foo: foo1\n'));
  assert.equal(made.status, 201, made.text);
  const unknown = await apply(`${path}/mytest`, manifest('closed', '  foo: foo1\n', 'unknownField: unknown\n'));
  assert.match(messageOf(unknown), /\.unknownField: field not declared in schema$/);
  const meta = await apply(`${path}/mytest`, manifest('closed', '  foo: foo1\n', '  unknownMeta: unknown\n'));
  assert.match(messageOf(meta), /\.metadata\.unknownMeta: field not declared in schema$/);
});

test('a schema that takes all takes all that is applied', async () => {
  const path = await define('allowing', anything);
  const made = await apply(`${path}/mytest`, manifest('allowing', '  unknown: uk1\n  deep:\n    a: {b: c}\n'));
  assert.equal(made.status, 201, made.text);
  const { metadata } = made.json<{ metadata: { managedFields: ManagedFieldsEntry[] } }>();
  assert.deepEqual(metadata.managedFields[0]?.fieldsV1, {
    'f:metadata': { 'f:finalizers': { 'v:"test-finalizer"': {} } },
    'f:spec': { '.': {}, 'f:unknown': {}, 'f:ports': {}, 'f:deep': { '.': {}, 'f:a': { '.': {}, 'f:b': {} } } },
  });
});

test('the spec is not applied on the status’s path, whatever the schema knows', async () => {
  const path = `${await define('statuses', anything)}/t`;
  const config = (replicas: number, status: object): object => ({
    ...{ apiVersion: 'mygroup.example.com/v1', kind: 'Noxustatuses', metadata: { name: 't' } },
    ...{ spec: { replicas }, status },
  });
  assert.equal((await apply(path, config(1, { ready: 1 }), 'one')).status, 201);
  const applied = await apply(`${path}/status`, config(2, { ready: 2 }), 'two');
  assert.deepEqual([applied.status, applied.json<{ spec: object }>().spec], [200, { replicas: 1 }], applied.text);
  assert.match(messageOf(await apply(path, config(2, {}), 'two')), /conflict with "one": \.spec\.replicas$/);
});

test('keys that stand twice are found where unknown fields are kept, and metadata of embedded resources is known', async () => {
  const path = await define('partly', partlyOpen);
  const twice = await apply(`${path}/mytest`, manifest('partly', '  unknown: uk1\n  foo: foo1\n  foo: foo2\n'));
  assert.equal(twice.status, 400);
  assert.match(messageOf(twice), /line 11: key "foo" already set in map/);
  const template = '  template:\n    apiVersion: foo/v1\n    kind: Sub\n    metadata:\n      unknownSubMeta: unknown\n      name: sub\n';
  const nested = await apply(`${path}/mytest`, manifest('partly', template));
  assert.match(messageOf(nested), /\.spec\.template\.metadata\.unknownSubMeta: field not declared in schema$/);
});

test('appliers share a custom resource by the list types of its schema', async () => {
  const path = `${await define('shared', closed)}/t`;
  const config = (spec: object): object => ({ apiVersion: 'mygroup.example.com/v1', kind: 'Noxushared', metadata: { name: 't' }, spec });
  const port = (containerPort: number, name: string): object => ({ containerPort, protocol: 'TCP', name });
  assert.equal((await apply(path, config({ ports: [port(1, 'a')], names: ['x'] }), 'one')).status, 201);
  const both = await apply(path, config({ ports: [port(2, 'b')] }), 'two');
  assert.deepEqual(both.json<{ spec: object }>().spec, { ports: [port(1, 'a'), port(2, 'b')], names: ['x'] });
  const conflict = await apply(path, config({ ports: [port(1, 'z')], names: ['y'] }), 'two');
  assert.equal(
    messageOf(conflict),
    'Apply failed with 2 conflicts: conflicts with "one":\n- .spec.names\n- .spec.ports[containerPort=1,protocol="TCP"].name',
  );
  const left = await apply(path, config({}), 'one');
  assert.deepEqual(left.json<{ spec: object }>().spec, { ports: [port(2, 'b')] });
  const status = await apply(`${path}/status`, { ...config({ foo: 'x' }), status: { foo: 'ready' } }, 'controller');
  assert.deepEqual(
    [status.json<{ spec: object }>().spec, status.json<{ status: object }>().status],
    [{ ports: [port(2, 'b')] }, { foo: 'ready' }],
  );
  const strategic = await server.send('PATCH', path, {}, { 'content-type': 'application/strategic-merge-patch+json' });
  assert.equal(strategic.status, 415);
});

test('what a custom resource holds means what it says: nothing is taken for an empty list or object', async () => {
  const path = `${await define('exact', closed)}/t`;
  const meta = { apiVersion: 'mygroup.example.com/v1', kind: 'Noxuexact', metadata: { name: 't' } };
  assert.equal((await apply(path, { ...meta, spec: { foo: 'x' } })).status, 201);
  const merge = { 'content-type': 'application/merge-patch+json' };
  const listed = await server.send('PATCH', path, { spec: { names: [] } }, merge);
  assert.deepEqual(listed.json<{ spec: object }>().spec, { foo: 'x', names: [] });
  const ready = await server.send('PATCH', `${path}/status`, { status: {}, spec: { foo: 1 } }, merge);
  assert.deepEqual(ready.json<{ status: object }>().status, {}, ready.text);
  const { metadata } = ready.json<{ metadata: { managedFields: ManagedFieldsEntry[]; generation: number } }>();
  assert.equal(metadata.generation, 2);
  assert.deepEqual(metadata.managedFields.find(({ subresource }) => subresource === 'status')?.fieldsV1, { 'f:status': {} });
});

test('a status is written whatever it says of the rest, and an applier lets go in its own version only', async () => {
  const path = `${await define('twice', closed, ['v1', 'v2'])}/t`;
  const other = path.replace('/v1/', '/v2/');
  const config = (version: string, spec: object): object => ({
    ...{ apiVersion: `mygroup.example.com/${version}`, kind: 'Noxutwice', metadata: { name: 't' } },
    spec,
  });
  assert.equal((await apply(path, config('v1', { foo: 'x', ports: [] }), 'one')).status, 201);
  assert.equal((await apply(other, config('v2', { cronSpec: 'y' }), 'two')).status, 200);
  const merge = { 'content-type': 'application/merge-patch+json' };
  const status = await server.send('PATCH', `${other}/status`, { spec: { foo: 1 }, status: { foo: 'ready' } }, merge);
  assert.equal(status.status, 200, status.text);
  const { spec: _, ...bare } = config('v1', {}) as { spec: object };
  const left = await apply(path, bare, 'one');
  assert.deepEqual([left.status, left.json<{ spec: object }>().spec], [200, { cronSpec: 'y', ports: [] }], left.text);
});

test('a custom resource that says nothing of replicas can be scaled, by a patch that does', async () => {
  const sized = { type: 'object', properties: { spec: { type: 'object', properties: { replicas: { type: 'integer' } } } } };
  const path = `${await define('sized', sized)}/t`;
  const meta = { apiVersion: 'mygroup.example.com/v1', kind: 'Noxusized', metadata: { name: 't' } };
  assert.equal((await apply(path, { ...meta, spec: {} })).status, 201);
  const scale = (body: object): Promise<Answer> =>
    server.send('PATCH', `${path}/scale`, body, { 'content-type': 'application/merge-patch+json' });
  assert.equal(messageOf(await scale({})), 'the spec replicas field ".spec.replicas" cannot be empty');
  const scaled = await scale({ spec: { replicas: 0 } });
  assert.deepEqual([scaled.status, scaled.json<{ spec: object }>().spec], [200, {}], scaled.text);
  const { metadata, spec } = (await server.send('GET', path)).json<{ metadata: { managedFields: ManagedFieldsEntry[] }; spec: object }>();
  assert.deepEqual(spec, { replicas: 0 });
  assert.deepEqual(
    metadata.managedFields.map(({ manager }) => manager),
    ['field_validation_mgr'],
    'replicas that were nobody’s are nobody’s',
  );
});
