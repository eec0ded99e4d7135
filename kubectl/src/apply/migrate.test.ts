import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ManagedFieldsEntry } from '@keelson/types';
import type { AnyObject } from '../types.ts';
import { masked } from './mask.ts';
import { annotationKeeper, migratedAccount } from './migrate.ts';
import { lastAppliedAnnotation } from './plan.ts';

const annotation = { 'f:annotations': { '.': {}, [`f:${lastAppliedAnnotation}`]: {} } };

function entry(manager: string, operation: string, fieldsV1: Record<string, unknown>, subresource?: string): ManagedFieldsEntry {
  return { manager, operation, apiVersion: 'apps/v1', fieldsType: 'FieldsV1', fieldsV1, ...(subresource ? { subresource } : {}) };
}

test('what client-side apply owned goes over to the manager, and to nobody else', () => {
  const status = entry('kube-controller-manager', 'Update', { 'f:status': {} }, 'status');
  const scale = entry('kubectl-client-side-apply', 'Update', { 'f:spec': { 'f:replicas': {} } }, 'scale');
  const old = entry('kubectl-client-side-apply', 'Update', { 'f:metadata': annotation, 'f:spec': { 'f:paused': {} } });
  const mine = entry('kubectl', 'Apply', { 'f:spec': { 'f:template': {} } });
  const merged = { 'f:spec': { 'f:template': {}, 'f:paused': {} }, 'f:metadata': annotation };
  assert.deepEqual(migratedAccount([mine, old, status, scale], 'kubectl'), [{ ...mine, fieldsV1: merged }, status, scale]);
  assert.deepEqual(migratedAccount([old, status], 'me'), [{ ...old, manager: 'me', operation: 'Apply' }, status]);
  assert.equal(migratedAccount([mine, status, scale], 'kubectl'), undefined);
});

test('the annotation of client-side apply is kept by a manager of its own', () => {
  const metadata = { name: 'n', namespace: 'ns', annotations: { [lastAppliedAnnotation]: '{}', other: 'x' } };
  const object: AnyObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata };
  assert.deepEqual(annotationKeeper(object), {
    manager: 'kubectl-last-applied',
    config: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'n', namespace: 'ns', annotations: { [lastAppliedAnnotation]: '{}' } },
    },
  });
  const kept = entry('kubectl-last-applied', 'Apply', { 'f:metadata': { 'f:annotations': { [`f:${lastAppliedAnnotation}`]: {} } } });
  assert.equal(annotationKeeper({ ...object, metadata: { ...metadata, managedFields: [kept] } }), undefined);
  assert.equal(annotationKeeper({ ...object, metadata: { name: 'n' } }), undefined);
});

test('a diff of Secrets tells what differs, and never what it is', () => {
  const secret = (data: Record<string, string>): AnyObject => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data });
  const [from, to] = masked(secret({ same: 'x', other: 'y', gone: 'z' }), secret({ same: 'x', other: 'z', fresh: 'a' }));
  assert.deepEqual(from?.data, { same: '***', other: '*** (before)', gone: '***' });
  assert.deepEqual(to.data, { same: '***', other: '*** (after)', fresh: '***' });
  const plain: AnyObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { a: 'b' } };
  assert.deepEqual(masked(undefined, plain), [undefined, plain]);
});
