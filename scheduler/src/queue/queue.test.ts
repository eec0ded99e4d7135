import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SimulatedClock } from '@keelson/testing';
import type { PodInfo } from '../cache/pod-info.ts';
import { plugins } from '../plugins/index.ts';
import { info, node, type PodFacts } from '../testdata.ts';
import { delaysOf, type Queued, SchedulingQueue } from './queue.ts';

function setUp() {
  const clock = new SimulatedClock();
  const held = new Set<string>();
  const heldBy = ({ key }: PodInfo): string | undefined => (held.has(key) ? 'Somebody' : undefined);
  const queue = new SchedulingQueue({ clock, pluginsFor: () => plugins, onActive: () => undefined, heldBy });
  const add = (name: string, facts: PodFacts = {}): void => queue.set(info(name, facts));
  const pop = (): Queued => {
    const queued = queue.pop();
    assert.ok(queued);
    return queued;
  };
  return { clock, queue, add, pop, held, nameOf: (queued: Queued | undefined) => queued?.info.pod.metadata.name };
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

  it('moves a refused pod after an event its plugins wait for', () => {
    const { add, queue, pop } = setUp();
    add('a');
    queue.refuse(pop(), fit);
    queue.happened({ type: 'NodeTaint', node: node('n') });
    assert.equal(queue.size('unschedulable'), 1, 'a taint does not make room');
    queue.happened({ type: 'AssignedPodDelete', pod: info('gone') });
    assert.equal(queue.size('backoff'), 1);
  });

  it('tries pods before their back-off has passed when there is nothing else to try, the soonest first', async () => {
    const { clock, add, queue, pop, nameOf } = setUp();
    for (const name of ['a', 'b']) {
      add(name);
      queue.refuse(pop(), fit);
      await clock.advance(100);
    }
    queue.happened({ type: 'AssignedPodDelete', pod: info('gone') });
    add('c');
    assert.deepEqual([nameOf(queue.pop()), nameOf(queue.pop()), nameOf(queue.pop()), queue.pop()], ['c', 'a', 'b', undefined]);
  });

  it('has pods wait for their back-off after an error, whatever else there is to try', async () => {
    const { clock, add, queue, pop, nameOf } = setUp();
    add('a');
    queue.retry(pop());
    await clock.advance(999);
    assert.equal(queue.pop(), undefined);
    await clock.advance(1);
    assert.equal(nameOf(queue.pop()), 'a');
  });

  it('keeps a pod that is held until that is over', () => {
    const { add, queue, pop, held, nameOf } = setUp();
    add('a');
    queue.refuse(pop(), fit);
    held.add('ns/a');
    queue.happened({ type: 'AssignedPodDelete', pod: info('gone') });
    assert.deepEqual([queue.size('gated'), queue.pop()], [1, undefined]);
    held.clear();
    queue.recheck();
    assert.equal(nameOf(queue.pop()), 'a');
  });

  it('tries it at once when its back-off has passed', async () => {
    const { clock, add, queue, pop, nameOf } = setUp();
    add('a');
    queue.refuse(pop(), fit);
    await clock.advance(5000);
    queue.happened({ type: 'NodeAdd', node: node('n') });
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

  it('tries a refused pod again when it asks for less, not when its status or labels change', async () => {
    const { clock, add, queue, pop } = setUp();
    add('a');
    queue.refuse(pop(), fit);
    await clock.advance(2000);
    add('a');
    add('a', { labels: { x: 'y' } });
    assert.equal(queue.size('unschedulable'), 1);
    add('a', { requests: { cpu: '1m' } });
    assert.equal(queue.size('active'), 1);
  });

  it('waits as long as it is told to', async () => {
    const options = { 'pod-initial-backoff-seconds': 3, 'pod-max-backoff-seconds': 4, 'pod-max-in-unschedulable-pods-duration': 60_000 };
    const delays = delaysOf(options);
    assert.deepEqual(delays, { initialBackoff: 3000, maxBackoff: 4000, unschedulable: 60_000 });
    const clock = new SimulatedClock();
    const queue = new SchedulingQueue({ clock, pluginsFor: () => plugins, onActive: () => undefined, delays });
    queue.set(info('a'));
    for (const expected of [3000, 4000]) {
      const queued = queue.pop();
      assert.ok(queued);
      queue.retry(queued);
      await clock.advance(expected - 1);
      assert.equal(queue.size('active'), 0);
      await clock.advance(1);
    }
    const queued = queue.pop();
    assert.ok(queued);
    queue.refuse(queued, fit);
    await clock.advance(60_000);
    assert.equal(queue.size('active'), 1);
    assert.throws(() => delaysOf({ ...options, 'pod-initial-backoff-seconds': 0 }), {
      message: 'podInitialBackoffSeconds: Invalid value: 0: must be greater than 0',
    });
    assert.throws(() => delaysOf({ ...options, 'pod-max-backoff-seconds': 2 }), {
      message: 'podMaxBackoffSeconds: Invalid value: 2: must be greater than or equal to PodInitialBackoffSeconds',
    });
  });

  it('forgets deleted pods wherever they wait', async () => {
    const { add, queue, pop } = setUp();
    add('a');
    queue.refuse(pop(), fit);
    queue.delete('ns/a');
    assert.equal(queue.size('unschedulable'), 0);
  });
});
