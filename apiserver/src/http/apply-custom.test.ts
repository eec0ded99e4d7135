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
async function define(plural: string, schema: object): Promise<string> {
  const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema }, subresources: { status: {} } };
  const spec = { group: 'mygroup.example.com', scope: 'Cluster', names: { plural, kind: `Noxu${plural}` }, versions: [version] };
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
