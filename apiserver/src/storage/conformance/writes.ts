import assert from 'node:assert/strict';
import { bytes, type Cases, refused } from './harness.ts';

export const writes: Cases = {
  'each write takes the next revision': async ({ store, revision }) => {
    const start = await revision();
    const created = await store.create('/a', bytes('1'));
    const updated = await store.update('/a', bytes('2'), created);
    const other = await store.create('/b', bytes('3'));
    const deleted = await store.delete('/a', updated);
    assert.deepEqual([created, updated, other, deleted], [start + 1, start + 2, start + 3, start + 4]);
    assert.equal(await revision(), deleted);
  },

  'create refuses a key that exists and shows it': async ({ store, revision }) => {
    const at = await store.create('/a', bytes('1'));
    const error = await refused('exists', store.create('/a', bytes('2')));
    assert.deepEqual(error.current, { key: '/a', value: bytes('1'), revision: at });
    assert.equal(await revision(), at, 'a refused write takes no revision');
  },

  'update and delete refuse another revision and show the present entry': async ({ store }) => {
    const first = await store.create('/a', bytes('1'));
    const second = await store.update('/a', bytes('2'), first);
    const expected = { key: '/a', value: bytes('2'), revision: second };
    assert.deepEqual((await refused('conflict', store.update('/a', bytes('3'), first))).current, expected);
    assert.deepEqual((await refused('conflict', store.delete('/a', first))).current, expected);
    assert.deepEqual((await refused('conflict', store.update('/a', bytes('3'), second + 1))).current, expected);
    assert.deepEqual(await store.get('/a'), expected);
  },

  'update and delete refuse a missing key, whatever revision is expected': async ({ store }) => {
    const at = await store.create('/gone', bytes('1'));
    await store.delete('/gone', at);
    for (const key of ['/gone', '/never']) {
      for (const expected of [0, at]) {
        assert.equal((await refused('conflict', store.update(key, bytes('2'), expected))).current, undefined);
        assert.equal((await refused('conflict', store.delete(key, expected))).current, undefined);
      }
      assert.equal(await store.get(key), undefined);
    }
  },

  'a removed key can be created again': async ({ store }) => {
    const removed = await store.delete('/a', await store.create('/a', bytes('1')));
    const again = await store.create('/a', bytes('2'));
    assert.equal(again, removed + 1);
    assert.deepEqual(await store.get('/a'), { key: '/a', value: bytes('2'), revision: again });
  },

  'values are opaque: empty, binary, 1.5 MB': async ({ store, watch, revision }) => {
    const watcher = watch('/', await revision());
    const large = Buffer.alloc(1_500_000, 'keelson');
    const values = [Buffer.alloc(0), Buffer.from([0, 255, 128, 10, 13]), large, bytes('small, between large ones'), large];
    await Promise.all(values.map((value, i) => store.create(`/v${i}`, value)));
    for (const [i, value] of values.entries()) assert.ok((await store.get(`/v${i}`))?.value.equals(value), `value ${i}`);
    const { entries } = await store.list('/v');
    assert.ok(entries.every((entry, i) => entry.value.equals(values[i] as Buffer)));
    await watcher.reached(await revision());
    for (const event of watcher.events) assert.ok(event.type === 'put' && event.value.equals(values[Number(event.key.slice(2))] as Buffer));
    assert.equal(watcher.events.length, values.length);
  },

  '64 writers of one counter: every increment counts once': async ({ store, watch }) => {
    const start = await store.create('/counter', bytes('0'));
    const watcher = watch('/counter', start);
    const increment = async (): Promise<void> => {
      for (;;) {
        const entry = await store.get('/counter');
        assert.ok(entry);
        const next = bytes(String(Number(entry.value) + 1));
        const outcome = await store.update('/counter', next, entry.revision).catch((error: { code?: string }) => error.code);
        if (typeof outcome === 'number') return;
        assert.equal(outcome, 'conflict');
      }
    };
    await Promise.all(Array.from({ length: 64 }, increment));
    const entry = await store.get('/counter');
    assert.equal(entry?.value.toString(), '64');
    await watcher.reached(entry?.revision ?? 0);
    const counts = watcher.events.map((event) => (event.type === 'put' ? event.value.toString() : event.type));
    assert.deepEqual(
      counts,
      Array.from({ length: 64 }, (_, i) => String(i + 1)),
    );
  },

  '64 writers of their own keys: revisions without gap or repetition': async ({ store, revision }) => {
    const start = await revision();
    const writer = async (_: unknown, id: number): Promise<number[]> => {
      const revisions = [await store.create(`/w/${id}`, bytes('0'))];
      for (let i = 1; i < 10; i++) revisions.push(await store.update(`/w/${id}`, bytes(String(i)), revisions.at(-1) as number));
      return revisions;
    };
    const all = (await Promise.all(Array.from({ length: 64 }, writer))).flat().sort((a, b) => a - b);
    assert.deepEqual(
      all,
      all.map((_, i) => start + 1 + i),
    );
    assert.equal((await store.list('/w/')).count, 64);
  },

  'of 32 concurrent creates of one key one succeeds': async ({ store }) => {
    const outcomes = await Promise.allSettled(Array.from({ length: 32 }, (_, i) => store.create('/one', bytes(String(i)))));
    const winners = outcomes.flatMap((outcome, i) => (outcome.status === 'fulfilled' ? [i] : []));
    assert.equal(winners.length, 1);
    assert.equal((await store.get('/one'))?.value.toString(), String(winners[0]));
  },

  'a closed store refuses': async ({ store }) => {
    await store.close();
    await refused('unavailable', store.get('/a'));
    await refused('unavailable', store.create('/a', bytes('1')));
    await refused('unavailable', store.list('/'));
    await store.close();
  },
};
