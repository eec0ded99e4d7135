import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KindDefinition } from '../kinds/types.ts';
import { customDefinition } from './openapi-custom.ts';

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
