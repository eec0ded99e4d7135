import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyMergePatch, applyStrategicMergePatch } from '@keelson/machinery';
import type { AnyObject } from '../types.ts';
import { lastAppliedAnnotation, planApply, withLastApplied, withOwnConfiguration } from './plan.ts';
import { schemaOf } from './schema.ts';

const schema = await schemaOf('apps/v1', 'Deployment');

const manifest = (image: string, env: Record<string, string>, replicas?: number): AnyObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    ...(replicas === undefined ? {} : { replicas }),
    template: { spec: { containers: [{ name: 'c', image, env: Object.entries(env).map(([name, value]) => ({ name, value })) }] } },
  },
});

interface Shape {
  readonly replicas?: number;
  readonly template: {
    readonly spec: {
      readonly containers: readonly { readonly name: string; readonly image: string; readonly env?: readonly { name: string }[] }[];
    };
  };
}

function applied(current: AnyObject, wanted: AnyObject): Shape {
  const { patch } = planApply(current, wanted, schema);
  assert.ok(schema);
  return applyStrategicMergePatch(current, patch, schema.schemas, schema.typeName).spec as Shape;
}

test('the annotation holds the manifest in order of keys, and not itself', () => {
  const made = withOwnConfiguration({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' } });
  assert.equal(made.metadata.annotations?.[lastAppliedAnnotation], '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"x"}}\n');
  const once = withLastApplied(manifest('a', {}));
  const text = once.metadata.annotations?.[lastAppliedAnnotation] ?? '';
  assert.match(
    text,
    /^\{"apiVersion":"apps\/v1","kind":"Deployment","metadata":\{"annotations":\{\},"name":"web","namespace":"default"\},"spec":\{.*\}\}\n$/,
  );
  assert.equal(withLastApplied(once).metadata.annotations?.[lastAppliedAnnotation], text);
});

test("nothing to do for what was applied already, defaults and others' fields included", () => {
  const wanted = manifest('a', { A: '1' }, 3);
  const current = structuredClone(withLastApplied(wanted));
  Object.assign(current.spec as object, { paused: false, revisionHistoryLimit: 10 });
  assert.equal(planApply(current, wanted, schema).changed, false);
});

test('changes are set, what the manifest dropped goes, what others wrote stays', () => {
  const current = structuredClone(withLastApplied(manifest('a', { A: '1', B: '2' }, 3)));
  const spec = current.spec as { replicas: number; template: { spec: { containers: unknown[] } } };
  spec.replicas = 7;
  spec.template.spec.containers.push({ name: 'sidecar', image: 's' });
  const result = applied(current, manifest('b', { A: '1' }));
  assert.equal(result.replicas, undefined, 'no longer in the manifest');
  assert.deepEqual(
    result.template.spec.containers.map(({ name, image }) => `${name} ${image}`),
    ['c b', 'sidecar s'],
  );
  assert.deepEqual(
    result.template.spec.containers[0]?.env?.map(({ name }) => name),
    ['A'],
  );
});

test('what others changed is overwritten, unless it may not be', () => {
  const of = (replicas: number): AnyObject => manifest('a', {}, replicas);
  const current = { ...withLastApplied(of(1)), spec: of(5).spec };
  assert.deepEqual(planApply(current, of(2), schema).patch.spec, { replicas: 2 });
  assert.throws(
    () => planApply(current, of(2), schema, false),
    /^Error: patch:\nmetadata:[\s\S]*\nspec:\n {2}replicas: 2\n\nconflicts with changes made from original to current:\nmetadata:[\s\S]*\nspec:\n {2}replicas: 5\n/,
  );
});

test('a kind without a schema gets a merge patch', () => {
  const before: AnyObject = { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'x' }, spec: { a: 1, list: [1] } };
  const { type, patch } = planApply(withLastApplied(before), { ...before, spec: { list: [2] } });
  assert.equal(type, 'application/merge-patch+json');
  assert.deepEqual((applyMergePatch(before, patch) as AnyObject).spec, { list: [2] });
});

test('an object cannot become another', () => {
  const before = withLastApplied(manifest('a', {}));
  assert.throws(
    () => planApply(before, { ...manifest('a', {}), metadata: { name: 'other', namespace: 'default' } }, schema),
    /precondition failed/,
  );
});
