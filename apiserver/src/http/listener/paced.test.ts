import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paced } from './paced.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('what comes together is begun in its order, 32 a turn', async () => {
  const begun: number[] = [];
  const begin = paced();
  for (let i = 0; i < 80; i++) begin(() => begun.push(i));
  const counts: number[] = [];
  for (let i = 0; i < 4; i++) {
    counts.push(begun.length);
    await turn();
  }
  assert.deepEqual(counts, [32, 64, 80, 80]);
  assert.deepEqual(begun, [...begun.keys()]);
});

test('nobody goes before those who wait', async () => {
  const begun: string[] = [];
  const begin = paced();
  for (let i = 0; i < 33; i++) begin(() => begun.push('before'));
  await turn();
  begin(() => begun.push('after'));
  assert.deepEqual(begun.slice(-2), ['before', 'after']);
});

test('one that comes alone is begun at once, whenever it comes', async () => {
  const begin = paced();
  for (let i = 0; i < 3; i++) {
    let begun = false;
    begin(() => {
      begun = true;
    });
    assert.ok(begun);
    await turn();
  }
});
