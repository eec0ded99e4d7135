import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulate } from './simulate.ts';

/** `SEED=17 node --test test/simulation/simulation.test.ts` repeats one run; `MINUTES` makes runs longer. */
const { SEED, MINUTES = '5' } = process.env;
const seeds = SEED ? [Number(SEED)] : Array.from({ length: 10 }, (_, i) => i + 1);

for (const seed of seeds) {
  test(`seed ${seed}: after ${MINUTES} minutes of trouble everything is as wanted`, async (t) => {
    const { operations, broken, convergedAfter, transcript } = await simulate(seed, Number(MINUTES));
    t.diagnostic(`SEED=${seed}: ${operations.length} operations, ${transcript.length} writes, as wanted after ${convergedAfter / 1000} s`);
    assert.deepEqual(broken, []);
  });
}

test('the same seed twice gives the same cluster, byte for byte', async () => {
  const seed = seeds[0] ?? 1;
  const [first, second] = [await simulate(seed, 3), await simulate(seed, 3)];
  const at = first.transcript.findIndex((line, i) => line !== second.transcript[i]);
  if (at >= 0)
    assert.fail(`SEED=${seed}: write ${at} of ${first.transcript.length} differs:\n${first.transcript[at]}\n${second.transcript[at]}`);
  assert.equal(first.transcript.length, second.transcript.length);
  assert.deepEqual(first.operations, second.operations);
});
