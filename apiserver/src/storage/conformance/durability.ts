import assert from 'node:assert/strict';
import { eventually } from './eventually.ts';
import { bytes, type Cases, refused } from './harness.ts';

/** What must survive `reopen`. Stores without it have nothing to show here. */
export const durability: Cases = {
  'entries, revisions, history and compaction survive': async ({ store, reopen, watch, revision }) => {
    if (!reopen) return;
    const start = await revision();
    const before = watch('/', start);
    const first = await store.create('/a', bytes('1'));
    const second = await store.update('/a', bytes('2'), first);
    await store.create('/b', bytes('x'));
    const removed = await store.delete('/b', second + 1);
    await before.reached(removed);
    await store.compact(second);
    const last = await store.delete('/a', second);
    await before.reached(last);
    const again = await reopen();
    try {
      assert.deepEqual(await again.list('/'), { entries: [], revision: last, count: 0 });
      const past = await again.list('/', { revision: removed });
      assert.deepEqual(past.entries, [{ key: '/a', value: bytes('2'), revision: second }]);
      await refused('compacted', again.list('/', { revision: first }));
      const replayed = watch('/', second, again);
      const created = await again.create('/a', bytes('3'));
      assert.equal(created, last + 1);
      await replayed.reached(created);
      assert.deepEqual(replayed.lines.slice(0, -1), before.lines.slice(2));
      assert.equal(replayed.lines.at(-1), `put /a ${created} created 3`);
    } finally {
      await again.close();
    }
  },

  'compaction up to a last removal does not turn the revision back': async ({ store, reopen }) => {
    if (!reopen) return;
    const at = await store.delete('/a', await store.create('/a', bytes('1')));
    await store.compact(at);
    const again = await reopen();
    try {
      assert.ok((await again.create('/a', bytes('2'))) > at);
    } finally {
      await again.close();
    }
  },

  'a time to live goes on': async ({ store, reopen }) => {
    if (!reopen) return;
    await store.create('/ends', bytes('1'), { ttlSeconds: 1 });
    await store.create('/stays', bytes('1'), { ttlSeconds: 3_600 });
    const again = await reopen();
    try {
      await eventually('the key is gone', async () => (await again.get('/ends')) === undefined);
      assert.equal((await again.list('/')).count, 1);
    } finally {
      await again.close();
    }
  },
};
