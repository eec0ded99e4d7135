import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backoff } from './backoff.ts';
import { type Clock, every, microTimestamp, rfc3339, sleep, systemClock, timestamp } from './clock.ts';
import { errorMessage, assert as hold, isAbort } from './errors.ts';
import { Heap } from './heap.ts';
import { randomSuffix, seededRandom, systemRandom } from './random.ts';

const at = (ms: number): Clock => ({ ...systemClock, now: () => ms });

test('times print as metav1.Time and metav1.MicroTime', () => {
  const clock = at(Date.UTC(2026, 0, 2, 3, 4, 5, 678));
  assert.equal(timestamp(clock), '2026-01-02T03:04:05Z');
  assert.equal(microTimestamp(clock), '2026-01-02T03:04:05.678000Z');
  assert.equal(rfc3339(0), '1970-01-01T00:00:00Z');
});

test('sleep ends with the signal', async () => {
  const abort = new AbortController();
  const sleeping = sleep(systemClock, 60_000, abort.signal);
  abort.abort();
  await assert.rejects(sleeping, (error) => isAbort(error));
  await assert.rejects(sleep(systemClock, 1, AbortSignal.abort()));
  await sleep(systemClock, 0);
});

test('every goes on after a failure and stops with the signal', async () => {
  const abort = new AbortController();
  const errors: string[] = [];
  let calls = 0;
  const work = (): void => {
    calls++;
    if (calls === 3) abort.abort();
    throw new Error(`call ${calls}`);
  };
  await every(systemClock, 1, abort.signal, work, (error) => errors.push(errorMessage(error)));
  assert.deepEqual(errors, ['call 1', 'call 2', 'call 3']);
});

test('a back-off doubles up to its most, per key, and forgets what was long untouched', () => {
  let now = 0;
  const backoff = new Backoff({ initial: 10, max: 50, resetAfter: 1_000 }, { ...systemClock, now: () => now });
  assert.deepEqual([backoff.get('a'), backoff.next('a'), backoff.next('a'), backoff.next('a'), backoff.next('a')], [0, 10, 20, 40, 50]);
  assert.equal(backoff.next('b'), 10);
  now = 1_001;
  assert.equal(backoff.get('a'), 0);
  assert.equal(backoff.next('a'), 10);
});

test('one seed gives one sequence; uuids have version 4; suffixes avoid vowels', () => {
  const [a, b] = [seededRandom(7), seededRandom(7)];
  assert.deepEqual([a.next(), a.uuid(), a.next()], [b.next(), b.uuid(), b.next()]);
  for (const random of [a, systemRandom]) {
    assert.match(random.uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.match(randomSuffix(random), /^[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  }
});

test('a heap agrees with sorting under random sets, deletes and pops', () => {
  const seed = 20261121;
  const random = seededRandom(seed);
  const heap = new Heap<{ key: string; rank: number }>(
    ({ key }) => key,
    (a, b) => a.rank < b.rank,
  );
  const plain = new Map<string, number>();
  for (let step = 0; step < 2_000; step++) {
    const key = `k${Math.floor(random.next() * 50)}`;
    const draw = random.next();
    if (draw < 0.6) {
      const rank = random.next();
      heap.set({ key, rank });
      plain.set(key, rank);
    } else if (draw < 0.8) {
      assert.equal(heap.delete(key)?.rank, plain.get(key), `seed ${seed}, step ${step}`);
      plain.delete(key);
    } else {
      const least = [...plain].sort((a, b) => a[1] - b[1])[0];
      assert.equal(heap.pop()?.key, least?.[0], `seed ${seed}, step ${step}`);
      if (least) plain.delete(least[0]);
    }
    assert.equal(heap.size, plain.size);
  }
});

test('assertions state what must hold', () => {
  assert.throws(() => hold(false, 'the sky is up'), /assertion failed: the sky is up/);
  hold(true, 'nothing');
  assert.equal(errorMessage('plain'), 'plain');
});
