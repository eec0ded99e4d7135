import assert from 'node:assert/strict';
import { test } from 'node:test';
import { repeats } from './repeats.ts';

test('places of what stood before, all of them but the first', () => {
  assert.deepEqual([...repeats(['a', 'b', 'a', 'c', 'a', 'b'])], [2, 4, 5]);
  assert.deepEqual([...repeats([{ name: 'a' }, {}, { name: 'a' }, {}], ({ name }: { name?: string }) => name)], [2, 3]);
  assert.deepEqual([...repeats([])], []);
});
