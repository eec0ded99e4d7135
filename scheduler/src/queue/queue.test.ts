import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SimulatedClock } from '@keelson/testing';
import { plugins } from '../plugins/index.ts';
import { info, type PodFacts } from '../testdata.ts';
import { type Queued, SchedulingQueue } from './queue.ts';

function setUp() {
  const clock = new SimulatedClock();
  const queue = new SchedulingQueue(clock, plugins, () => undefined);
  const add = (name: string, facts: PodFacts = {}): void => queue.set(info(name, facts));
  const pop = (): Queued => {
    const queued = queue.pop();
    assert.ok(queued);
    return queued;
  };
  return { clock, queue, add, pop, nameOf: (queued: Queued | undefined) => queued?.info.pod.metadata.name };
}

const fit = new Set(['NodeResourcesFit']);

describe('the scheduling queue', () => {
  it('hands out the highest priority first, then the longest waiting', async () => {
    const { clock, add, queue, nameOf } = setUp();
    add('a');
    await clock.advance(1);
    add('b');
    add('c', { spec: { priority: 10 } });
    assert.deepEqual([nameOf(queue.pop()), nameOf(queue.pop()), nameOf(queue.pop()), nameOf(queue.pop())], ['c', 'a', 'b', undefined]);
  });

  it('keeps gated pods until their gates are gone', async () => {
    const { add, queue, nameOf } = setUp();
    add('a', { spec: { schedulingGates: [{ name: 'x' }] } });
    assert.equal(queue.pop(), undefined);
    assert.equal(queue.size('gated'), 1);
    add('a');
    assert.equal(nameOf(queue.pop()), 'a');
  });

  it('tries a refused pod again after an event its plugins wait for, not before its back-off', async () => {
    const { clock, add, queue, pop, nameOf } = setUp();
    add('a');
    queue.refuse(pop(), fit);
    queue.happened('NodeTaint');
    assert.equal(queue.size('unschedulable'), 1, 'a taint does not make room');
    queue.happened('AssignedPodDelete');
    assert.equal(queue.size('backoff'), 1);
    await clock.advance(999);
    assert.equal(queue.pop(), undefined);
    await clock.advance(1);
    assert.equal(nameOf(queue.pop()), 'a');
  });

  it('tries it at once when its back-off has passed', async () => {
    const { clock, add, queue, pop, nameOf } = setUp();
    add('a');
    queue.refuse(pop(), fit);
    await clock.advance(5000);
    queue.happened('NodeAdd');
    assert.equal(nameOf(queue.pop()), 'a');
  });

  it('doubles the back-off from 1 s to 10 s', async () => {
    const { clock, add, queue, pop } = setUp();
    add('a');
    for (const expected of [1000, 2000, 4000, 8000, 10_000, 10_000]) {
      queue.retry(pop());
      await clock.advance(expected - 1);
      assert.equal(queue.size('active'), 0);
      await clock.advance(1);
      assert.equal(queue.size('active'), 1);
    }
  });

  it('tries what nothing helped after five minutes', async () => {
    const { clock, add, queue, pop } = setUp();
    add('a');
    queue.refuse(pop(), fit);
    await clock.advance(299_000);
    assert.equal(queue.size('active'), 0);
    await clock.advance(31_000);
    assert.equal(queue.size('active'), 1);
  });

  it('tries a refused pod again when its own template changed, not when its status did', async () => {
    const { clock, add, queue, pop } = setUp();
    add('a');
    queue.refuse(pop(), fit);
    await clock.advance(2000);
    add('a');
    assert.equal(queue.size('unschedulable'), 1);
    add('a', { requests: { cpu: '1m' } });
    assert.equal(queue.size('active'), 1);
  });

  it('forgets deleted pods wherever they wait', async () => {
    const { add, queue, pop } = setUp();
    add('a');
    queue.refuse(pop(), fit);
    queue.delete('ns/a');
    assert.equal(queue.size('unschedulable'), 0);
  });
});
