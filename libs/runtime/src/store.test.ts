import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@keelson/client';
import { IndexedStore } from './store.ts';

interface Thing extends KubeObject {
  readonly tags: readonly string[];
}

const thing = (namespace: string, name: string, tags: string[], resourceVersion = '1'): Thing => ({
  metadata: { namespace, name, uid: `${namespace}-${name}`, resourceVersion },
  tags,
});

const names = (things: readonly Thing[]): (string | undefined)[] => things.map((object) => object.metadata.name);

test('objects are found by key, namespace and index, and leave them again', () => {
  const store = new IndexedStore<Thing>({ tag: (object) => object.tags });
  assert.equal(store.set(thing('n', 'a', ['x', 'y'])).type, 'added');
  store.set(thing('m', 'b', ['y']));
  assert.deepEqual(names(store.byIndex('tag', 'y')), ['a', 'b']);
  assert.deepEqual(names(store.list('n')), ['a']);
  assert.equal(store.set(thing('n', 'a', ['z'])).type, 'updated');
  assert.deepEqual(names(store.byIndex('tag', 'x')), []);
  assert.deepEqual(names(store.byIndex('tag', 'z')), ['a']);
  assert.equal(store.delete(thing('n', 'a', []))?.type, 'deleted');
  assert.equal(store.delete(thing('n', 'a', [])), undefined);
  assert.deepEqual([store.size, names(store.list()), names(store.byIndex('tag', 'z')), store.get('n/a')], [1, ['b'], [], undefined]);
  assert.throws(() => store.byIndex('other', 'x'), /no index other was declared/);
});

test('an index declared later covers what is there', () => {
  const store = new IndexedStore<Thing>();
  store.set(thing('n', 'a', ['x']));
  store.addIndexes({ tag: (object) => object.tags });
  assert.deepEqual(names(store.byIndex('tag', 'x')), ['a']);
});

test('arrays handed out stay as they were', () => {
  const store = new IndexedStore<Thing>();
  store.set(thing('n', 'a', []));
  const before = store.list();
  assert.equal(store.list(), before);
  store.set(thing('n', 'b', []));
  assert.deepEqual([names(before), names(store.list())], [['a'], ['a', 'b']]);
});

test('replacing tells only what changed', () => {
  const store = new IndexedStore<Thing>();
  for (const name of ['same', 'changed', 'gone']) store.set(thing('n', name, []));
  const recreated = { ...thing('n', 'recreated', []), metadata: { ...thing('n', 'recreated', []).metadata, uid: 'new' } };
  store.set(thing('n', 'recreated', []));
  const changes = store.replace([thing('n', 'same', []), thing('n', 'changed', [], '2'), thing('n', 'new', []), recreated]);
  assert.deepEqual(
    changes.map((change) => `${change.type} ${change.object.metadata.name}`),
    ['deleted gone', 'updated changed', 'added new', 'updated recreated'],
  );
});
