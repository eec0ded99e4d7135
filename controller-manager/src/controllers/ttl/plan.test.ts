import assert from 'node:assert/strict';
import { test } from 'node:test';
import { levelFor, secondsAt } from './plan.ts';

test('the larger the cluster, the longer, and a few nodes more or less change nothing', () => {
  const growing = [1, 100, 101, 500, 501, 1001, 2001, 20_000].map((nodes) => secondsAt(levelFor(nodes, 0)));
  assert.deepEqual(growing, ['0', '0', '15', '15', '30', '60', '300', '300']);
  assert.deepEqual([levelFor(95, 1), levelFor(89, 1), levelFor(95, 0), levelFor(3, 4)], [1, 0, 0, 0]);
});
