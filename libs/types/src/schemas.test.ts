import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allKinds, subresourceKinds } from './index.ts';
import { loadDescriptions, loadProtobuf, loadSchemas, type Schema } from './schemas.ts';

const schemas = await loadSchemas();

const propertyOf = (typeName: string, field: string): Schema | undefined => schemas[typeName]?.properties?.[field];

function* refsOf(schema: Schema): Generator<string> {
  if (schema.$ref !== undefined) yield schema.$ref;
  for (const part of [schema.items, schema.additionalProperties, ...Object.values(schema.properties ?? {})]) {
    if (part) yield* refsOf(part);
  }
}

test('every kind has a schema with its group, version and kind', () => {
  for (const { typeName, group, version, kind } of [...allKinds, ...subresourceKinds]) {
    assert.deepEqual(schemas[typeName]?.['x-kubernetes-group-version-kind'], [{ group, version, kind }], typeName);
  }
});

test('every reference leads to a schema', () => {
  const missing = Object.values(schemas).flatMap((schema) => [...refsOf(schema)].filter((ref) => !(ref in schemas)));
  assert.deepEqual(missing, []);
});

test('schemas carry formats, merge rules, defaults and enums', () => {
  assert.deepEqual(propertyOf('core.v1.PodSpec', 'containers'), {
    type: 'array',
    items: { $ref: 'core.v1.Container' },
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['name'],
    'x-kubernetes-patch-strategy': 'merge',
    'x-kubernetes-patch-merge-key': 'name',
  });
  assert.deepEqual(propertyOf('core.v1.Secret', 'data'), { type: 'object', additionalProperties: { type: 'string', format: 'byte' } });
  assert.deepEqual(propertyOf('apps.v1.DeploymentSpec', 'replicas'), { type: 'integer', format: 'int32' });
  assert.deepEqual(propertyOf('core.v1.ServicePort', 'protocol'), { type: 'string', enum: ['SCTP', 'TCP', 'UDP'], default: 'TCP' });
  assert.equal(schemas['core.v1.NodeSelector']?.['x-kubernetes-map-type'], 'atomic');
  assert.deepEqual(schemas['core.v1.PodSpec']?.required, ['containers']);
});

test('descriptions and protobuf tables are kept apart', async () => {
  assert.match((await loadDescriptions())['core.v1.Pod']?.[''] ?? '', /^Pod is a collection of containers/);
  const messages = await loadProtobuf();
  assert.deepEqual(messages['core.v1.Volume']?.fields, [
    [1, 'name', 'opt', 'string'],
    [2, '', 'opt', 'core.v1.VolumeSource'],
  ]);
  assert.deepEqual(messages['core.v1.Secret']?.fields[1], [2, 'data', 'map', 'string,bytes']);
});

test('every field of a schema has its protobuf number', async () => {
  const messages = await loadProtobuf();
  const namesOf = (typeName: string): string[] =>
    messages[typeName]?.fields.flatMap(([, name, , type]) => (name === '' ? namesOf(type) : [name])) ?? [];
  const missing = Object.entries(schemas).flatMap(([typeName, { properties = {} }]) => {
    const names = new Set(['apiVersion', 'kind', ...namesOf(typeName)]);
    return Object.keys(properties).flatMap((field) => (names.has(field) ? [] : [`${typeName}.${field}`]));
  });
  assert.deepEqual(
    missing.filter((path) => !path.startsWith('version.')),
    [],
  );
});
