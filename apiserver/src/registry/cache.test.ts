import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry } from '../storage/types.ts';
import { KindCache } from './cache.ts';
import type { IndexReader } from './entry.ts';
import { encodeStored } from './wire.ts';

const prefix = '/registry/configmaps/';
const entryOf = (name: string, revision: number, fault?: Error): Entry => ({
  ...{ key: `${prefix}${name}`, revision, fault },
  value: fault ? Buffer.from('k8s:enc:kms:v2:p:') : encodeStored({ metadata: { name } }, 'ConfigMap', 'v1'),
});

function cacheOf(entries: readonly Entry[], revision: number): KindCache {
  const read: IndexReader = ({ metadata: { name = '' } }) => ({ namespace: '', name, labels: {}, fields: {}, claims: [] });
  const cache = new KindCache(prefix, read, []);
  assert.deepEqual(cache.reset(entries, revision, 0), []);
  return cache;
}

test('what was before a list stays forgotten, however much the list held and whatever happens after it', () => {
  const many = Array.from({ length: 3_000 }, (_, at) => entryOf(`c${at}`, at + 1));
  const cache = cacheOf(many, 10_000);
  const day = 86_400_000;
  for (let revision = 10_001; revision < 13_000; revision++) {
    cache.apply({ type: 'put', created: true, ...entryOf('new', revision) }, revision * day);
    assert.ok(!cache.reaches(9_999), `after revision ${revision}`);
  }
});

test('what cannot be read is withheld until it can, or is gone, and the past before it is forgotten', () => {
  const fault = new Error('closed');
  const cache = cacheOf([entryOf('a', 1), entryOf('b', 2, fault)], 5);
  assert.deepEqual([cache.size, cache.fault], [1, fault]);
  cache.apply({ type: 'put', created: false, ...entryOf('a', 6, fault) }, 0);
  assert.deepEqual([cache.get(`${prefix}a`)?.revision, cache.reaches(5), cache.reaches(6)], [1, false, true]);
  cache.apply({ type: 'put', created: false, ...entryOf('a', 7) }, 0);
  assert.deepEqual([cache.get(`${prefix}a`)?.revision, cache.fault], [7, fault]);
  cache.apply({ type: 'delete', key: `${prefix}b`, revision: 8 }, 0);
  assert.deepEqual([cache.size, cache.fault], [1, undefined]);
});
