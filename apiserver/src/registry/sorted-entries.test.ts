import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@keelson/base';
import type { CacheEntry } from './entry.ts';
import { SortedEntries } from './sorted-entries.ts';

const entry = (key: string, revision = 1): CacheEntry => ({
  ...{ key, revision, wire: Buffer.alloc(0), namespace: '', name: key, labels: {}, fields: {}, claims: [] },
});

function under(sorted: SortedEntries, prefix: string): string[] {
  const keys: string[] = [];
  sorted.each(prefix, ({ key }) => keys.push(key) > 0);
  return keys;
}

test('entries come in the order of their keys, however they were put in and taken out', () => {
  const seed = 7;
  const random = seededRandom(seed);
  const sorted = new SortedEntries();
  const model = new Set<string>();
  for (let i = 0; i < 6_000; i++) {
    const key = `/r/${['a', 'b', 'ab'][i % 3]}/${Math.floor(random.next() * 2_000)}`;
    if (random.next() < 0.6) {
      sorted.set(entry(key, i));
      model.add(key);
    } else {
      sorted.delete(key);
      model.delete(key);
    }
  }
  for (const prefix of ['/r/', '/r/a/', '/r/ab/', '/r/b/', '/r/c/', '/'])
    assert.deepEqual(under(sorted, prefix), [...model].filter((key) => key.startsWith(prefix)).sort(), `seed ${seed}, prefix ${prefix}`);
});

test('a visitor may stop, and a later version replaces the earlier', () => {
  const sorted = new SortedEntries();
  for (const key of ['c', 'a', 'b']) sorted.set(entry(key));
  sorted.set(entry('b', 2));
  const seen: string[] = [];
  sorted.each('', ({ key, revision }) => seen.push(`${key}${revision}`) < 2);
  assert.deepEqual(seen, ['a1', 'b2']);
});
