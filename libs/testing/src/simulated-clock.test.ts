import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sleep } from '@keelson/base';
import { SimulatedClock } from './simulated-clock.ts';

test('timers fire in order, each at its own time', async () => {
  const clock = new SimulatedClock(1000);
  const fired: string[] = [];
  const note = (name: string) => (): void => void fired.push(`${name}@${clock.now()}`);
  clock.after(30, note('c'));
  clock.after(10, note('a'));
  clock.after(10, note('b'));
  clock.after(20, note('cancelled')).cancel();
  clock.after(50, note('late'));
  await clock.advance(40);
  assert.deepEqual(fired, ['a@1010', 'b@1010', 'c@1030']);
  assert.equal(clock.now(), 1040);
  assert.equal(clock.pending, 1);
});

test('what a timer sets off is done before the next one fires', async () => {
  const clock = new SimulatedClock(0);
  const times: number[] = [];
  const loop = async (): Promise<void> => {
    for (let i = 0; i < 3; i++) {
      await sleep(clock, 10);
      times.push(clock.now());
    }
  };
  void loop();
  await clock.advance(100);
  assert.deepEqual(times, [10, 20, 30]);
});

test('runUntil stops as soon as the condition holds, and gives up at its limit', async () => {
  const clock = new SimulatedClock(0);
  let done = false;
  clock.after(5000, () => {
    done = true;
  });
  await clock.runUntil(() => done);
  assert.equal(clock.now(), 5000);
  await assert.rejects(
    clock.runUntil(() => false, 10),
    /did not come true within 10 simulated milliseconds/,
  );
});
