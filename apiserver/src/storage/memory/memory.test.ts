import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Clock, seededRandom, systemClock } from '@keelson/base';
import { describeStore } from '../conformance/suite.ts';
import { SortedMap } from '../history/sorted-map.ts';
import { compareKeys, inRange, rangeOf } from '../keys.ts';
import { createMemoryStore } from './memory.ts';

describeStore('memory', async () => ({ store: createMemoryStore() }));

test('a sorted map answers as a sorted array', () => {
  const seed = systemClock.now() % 1_000_000;
  const random = seededRandom(seed);
  const map = new SortedMap<string>();
  const keys = new Set<string>();
  for (let i = 0; i < 6_000; i++) {
    const key = `/${Math.floor(random.next() * 4_000).toString(36)}`;
    if (random.next() < 0.4) assert.equal(map.delete(key), keys.delete(key), `seed ${seed}`);
    else {
      map.set(key, key);
      keys.add(key);
    }
    if (i % 200 !== 0) continue;
    const range = rangeOf(`/${Math.floor(random.next() * 36).toString(36)}`);
    const expected = [...keys].filter((each) => inRange(each, range)).sort(compareKeys);
    assert.deepEqual(map.values(range), expected, `seed ${seed}`);
    assert.deepEqual(map.values(range, 3), expected.slice(0, 3), `seed ${seed}`);
    assert.equal(map.count(range), expected.length, `seed ${seed}`);
  }
  assert.deepEqual(map.values(rangeOf('')), [...keys].sort(compareKeys));
});

test('expiry and periodic progress follow the given clock', async () => {
  const clock = new ManualClock();
  const store = createMemoryStore({ clock });
  await store.create('/a', Buffer.from('1'), { ttlSeconds: 60 });
  clock.advance(59_999);
  assert.ok(await store.get('/a'));
  clock.advance(1);
  assert.equal(await store.get('/a'), undefined);
  const batches = store.watch('/b', { after: 3, signal: new AbortController().signal })[Symbol.asyncIterator]();
  const first = batches.next();
  clock.advance(10_000);
  assert.deepEqual((await first).value, { events: [], revision: 3 });
  const second = batches.next();
  clock.advance(10_000);
  assert.deepEqual((await second).value, { events: [], revision: 3 });
  await store.close();
});

class ManualClock implements Clock {
  #now = 0;
  readonly #timers = new Set<{ at: number; fn: () => void }>();

  now(): number {
    return this.#now;
  }

  after(ms: number, fn: () => void): { cancel(): void } {
    const timer = { at: this.#now + ms, fn };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const timer of [...this.#timers].filter(({ at }) => at <= this.#now)) {
      if (this.#timers.delete(timer)) timer.fn();
    }
  }
}
