import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoreEvent } from '../types.ts';
import { Turn } from './turn.ts';

const removed = (revision: number): StoreEvent => ({ type: 'delete', key: `/k${revision}`, revision });
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('what arrives in one turn is one batch, complete up to its last revision', async () => {
  const batches: [number[], number][] = [];
  const turn = new Turn((events, upTo) => void batches.push([events.map(({ revision }) => revision), upTo]));
  turn.add([removed(2)], 2);
  turn.add([removed(3), removed(4)], 4);
  await nextTurn();
  turn.add([removed(5)], 5);
  await nextTurn();
  assert.deepEqual(batches, [
    [[2, 3, 4], 4],
    [[5], 5],
  ]);
});

test('the end of a stream does not wait, and nothing is published twice', async () => {
  const batches: number[] = [];
  const turn = new Turn((_, upTo) => void batches.push(upTo));
  turn.add([removed(2)], 2);
  turn.end();
  assert.deepEqual(batches, [2]);
  await nextTurn();
  turn.end();
  assert.deepEqual(batches, [2]);
});
