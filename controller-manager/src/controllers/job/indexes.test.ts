import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@keelson/base';
import { IndexSet } from './indexes.ts';

test('lists of indexes as upstream writes and reads them', () => {
  assert.equal(String(IndexSet.of([1, 3, 4, 5, 7])), '1,3-5,7');
  assert.equal(String(IndexSet.of([3, 2, 0])), '0,2,3');
  assert.equal(String(IndexSet.parse('0-9,20', 6)), '0-5');
  assert.equal(String(IndexSet.parse('x,2-1,3', 10)), '3');
  assert.equal(String(IndexSet.parse(undefined, 10)), '');
  assert.deepEqual(IndexSet.parse('0,2-3', 10).missing(3, 6), [1, 4, 5]);
  assert.deepEqual(IndexSet.empty.missing(5, 2), [0, 1]);
});

test('a set of indexes is a set', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = seededRandom(seed);
    const limit = 1 + Math.floor(random.next() * 60);
    const draw = (): Set<number> =>
      new Set(Array.from({ length: Math.floor(random.next() * limit) }, () => Math.floor(random.next() * limit)));
    const [a, b] = [draw(), draw()];
    const [one, other] = [IndexSet.of(a), IndexSet.of(b)];
    const all = [...Array(limit).keys()];
    const text = `seed ${seed}`;
    assert.deepEqual(
      all.filter((index) => one.has(index)),
      [...a].sort((x, y) => x - y),
      text,
    );
    assert.equal(one.size, a.size, text);
    assert.equal(one.with(other).size, new Set([...a, ...b]).size, text);
    assert.equal(one.countShared(other), [...a].filter((index) => b.has(index)).length, text);
    assert.deepEqual(
      one.missing(limit, limit),
      all.filter((index) => !a.has(index)),
      text,
    );
    assert.equal(String(IndexSet.parse(String(one), limit)), String(one), text);
  }
});
