import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KindDefinition } from '../kinds/types.ts';
import { customDefinition, customList } from './openapi-custom.ts';

const kind = { group: 'tests.example.com', version: 'v1', kind: 'Shirt' } as KindDefinition['kind'];
const extension = 'x-kubernetes-selectable-fields';
const published = (definition: object, refs: string) => customDefinition({ kind, ...definition } as KindDefinition, refs) as object;

test('fields by which objects can be selected are told with their type, in both documents', () => {
  const selectableFields = { 'spec.color': () => '', 'spec.size': () => '' };
  for (const refs of ['#/definitions/', '#/components/schemas/'])
    for (const schema of [{ type: 'object' }, { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }]) {
      const found = published({ schema, selectableFields }, refs);
      assert.deepEqual((found as Record<string, unknown>)[extension], [{ fieldPath: 'spec.color' }, { fieldPath: 'spec.size' }]);
      assert.equal(extension in published({ schema }, refs), false);
    }
});

const [v2, v3] = ['#/definitions/', '#/components/schemas/'];
/** What is published of a member. */
const member = (a: object, refs: string): unknown =>
  (published({ schema: { type: 'object', properties: { a } } }, refs) as { properties: { a: unknown } }).properties.a;
const either = [{ type: 'integer' }, { type: 'string' }];

test('what is a number or a text says so in the newer document', () => {
  const kind = { 'x-kubernetes-int-or-string': true };
  assert.deepEqual(member(kind, v3), { ...kind, anyOf: either });
  assert.deepEqual(member({ ...kind, anyOf: [{ minimum: 1 }] }, v3), { ...kind, anyOf: [{ minimum: 1 }], allOf: [{ anyOf: either }] });
  assert.deepEqual(member({ ...kind, anyOf: either }, v3), { ...kind, anyOf: either });
  assert.deepEqual(member({ ...kind, anyOf: either }, v2), kind);
});

test('objects within objects say what they are, but where all is kept in the older document', () => {
  const open = { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true };
  const { properties, required } = member(open, v3) as { properties: object; required: string[] };
  assert.deepEqual(
    [Object.keys(properties), required],
    [
      ['apiVersion', 'kind', 'metadata'],
      ['kind', 'apiVersion'],
    ],
  );
  const { type: _, ...rest } = open;
  assert.deepEqual(member(open, v2), rest);
});

test('the older document leaves open what may be null', () => {
  const nullable = { type: 'string', nullable: true, description: 'x' };
  assert.deepEqual(member(nullable, v3), nullable);
  assert.deepEqual(member(nullable, v2), { description: 'x' });
  const object = { type: 'object', required: ['a', 'b'], properties: { a: nullable, b: { type: 'string' } } };
  assert.deepEqual((member(object, v2) as { required: string[] }).required, ['b']);
});

test('the list of a kind is published with it', () => {
  const { properties, ...rest } = customList(
    { kind: { ...kind, typeName: 'tests.example.com/v1.Shirt', resource: 'shirts' } } as KindDefinition,
    v3,
  ) as {
    properties: { items: object };
  };
  assert.deepEqual(rest, {
    ...{ description: 'ShirtList is a list of Shirt', type: 'object', required: ['items'] },
    'x-kubernetes-group-version-kind': [{ group: 'tests.example.com', version: 'v1', kind: 'ShirtList' }],
  });
  assert.deepEqual(properties.items, {
    ...{ description: 'List of shirts.', type: 'array', items: { $ref: '#/components/schemas/com.example.tests.v1.Shirt' } },
  });
});
