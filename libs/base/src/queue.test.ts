import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock, Timer } from './clock.ts';
import { WorkQueue } from './queue.ts';

/** A clock that stands still until told. */
class StandingClock implements Clock {
  #now = 0;
  #timers: { at: number; fn: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, fn: () => void): Timer {
    const timer = { at: this.#now + ms, fn };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((one) => one !== timer);
      },
    };
  }

  advance(ms: number): void {
    this.#now += ms;
    const due = this.#timers.filter(({ at }) => at <= this.#now);
    this.#timers = this.#timers.filter(({ at }) => at > this.#now);
    for (const { fn } of due) fn();
  }
}

test('a key stands in the queue once', async () => {
  const queue = new WorkQueue(new StandingClock());
  queue.add('a');
  queue.add('a');
  assert.equal(queue.depth, 1);
  assert.equal(await queue.take(), 'a');
  assert.equal(queue.depth, 0);
});

test('a key added while in work is handed out again after done, not before', async () => {
  const queue = new WorkQueue(new StandingClock());
  queue.add('a');
  await queue.take();
  queue.add('a');
  assert.equal(queue.depth, 0);
  queue.done('a');
  assert.equal(await queue.take(), 'a');
});

test('a waiting taker gets the next key; closing wakes the others with nothing', async () => {
  const queue = new WorkQueue(new StandingClock());
  const [first, second] = [queue.take(), queue.take()];
  queue.add('a');
  assert.equal(await first, 'a');
  queue.close();
  assert.equal(await second, undefined);
  assert.equal(await queue.take(), undefined);
});

test('a delayed key comes when its time does, and the earlier of two delays stands', () => {
  const clock = new StandingClock();
  const queue = new WorkQueue(clock);
  queue.addAfter('a', 100);
  queue.addAfter('a', 500);
  clock.advance(99);
  assert.equal(queue.depth, 0);
  clock.advance(1);
  assert.equal(queue.depth, 1);
  assert.equal(queue.idle, false);
});

test('an immediate add overtakes a delay', () => {
  const clock = new StandingClock();
  const queue = new WorkQueue(clock);
  queue.addAfter('a', 100);
  queue.add('a');
  assert.equal(queue.depth, 1);
  clock.advance(200);
  assert.equal(queue.depth, 1);
});

test('retries wait 5 ms, 10 ms, 20 ms, …, and start over once forgotten', () => {
  const clock = new StandingClock();
  const queue = new WorkQueue(clock);
  for (const wait of [5, 10, 20]) {
    queue.retry('a');
    clock.advance(wait - 1);
    assert.equal(queue.depth, 0, `not before ${wait} ms`);
    clock.advance(1);
    assert.equal(queue.depth, 1, `after ${wait} ms`);
    void queue.take();
    queue.done('a');
  }
  queue.forget('a');
  queue.retry('a');
  clock.advance(5);
  assert.equal(queue.depth, 1);
});
