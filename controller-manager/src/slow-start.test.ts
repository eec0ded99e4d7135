import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slowStart } from './slow-start.ts';

/** Tries `count` numbers in rounds: all that is under way ends together, with `outcome`. The sizes of the rounds, and what it came to. */
async function rounds(count: number, outcome: (item: number) => unknown): Promise<[sizes: number[], result: unknown]> {
  let underWay: (() => void)[] = [];
  let ended = false;
  const sizes: number[] = [];
  const items = Array.from({ length: count }, (_, index) => index);
  const result = slowStart(items, (item) => new Promise((resolve) => underWay.push(() => resolve(outcome(item))))).finally(() => {
    ended = true;
  });
  while (!ended) {
    const round = underWay;
    underWay = [];
    if (round.length > 0) sizes.push(round.length);
    for (const end of round) end();
    await new Promise(setImmediate);
  }
  return [sizes, await result];
}

const well = (): undefined => undefined;

test('each round is twice the one before, up to 256', async () => {
  assert.deepEqual(await rounds(0, well), [[], undefined]);
  assert.deepEqual(await rounds(1, well), [[1], undefined]);
  assert.deepEqual(await rounds(10, well), [[1, 2, 4, 3], undefined]);
  assert.deepEqual(await rounds(1_000, well), [[1, 2, 4, 8, 16, 32, 64, 128, 256, 256, 233], undefined]);
});

test('after a failure none is begun, and the first is told', async () => {
  assert.deepEqual(await rounds(100, (item) => (item >= 2 ? `no ${item}` : undefined)), [[1, 2, 2], 'no 2']);
  assert.deepEqual(await rounds(100, (item) => `no ${item}`), [[1], 'no 0']);
});

test('what is quick does not wait for what is slow', async () => {
  const begun: number[] = [];
  let release = well;
  const slow = new Promise<undefined>((resolve) => {
    release = (): undefined => void resolve(undefined);
  });
  const all = slowStart([0, 1, 2, 3, 4], (item) => {
    begun.push(item);
    return item === 1 ? slow : Promise.resolve(undefined);
  });
  await new Promise(setImmediate);
  assert.deepEqual(begun, [0, 1, 2, 3, 4]);
  release();
  assert.equal(await all, undefined);
});
