import assert from 'node:assert/strict';
import { eventually } from './eventually.ts';
import { bytes, type Cases, keysOf } from './harness.ts';

export const expiry: Cases = {
  'a key with a time to live ends as by a delete': async ({ store, watch, revision }) => {
    const watcher = watch('/', await revision());
    await store.create('/stays', bytes('s'));
    await store.create('/ends', bytes('e'), { ttlSeconds: 1 });
    await eventually('the key is gone', async () => (await store.get('/ends')) === undefined);
    await eventually('the watcher hears of it', () => watcher.events.length === 3);
    const gone = watcher.events[2];
    assert.deepEqual(gone, { type: 'delete', key: '/ends', revision: await revision() });
    assert.deepEqual(await keysOf(store, '/'), ['/stays']);
    await store.create('/ends', bytes('again'));
  },

  'an update sets the time anew, or takes it away': async ({ store }) => {
    const kept = await store.create('/kept', bytes('1'), { ttlSeconds: 1 });
    const longer = await store.create('/longer', bytes('1'), { ttlSeconds: 1 });
    await store.create('/ends', bytes('1'), { ttlSeconds: 1 });
    const given = await store.create('/given', bytes('1'));
    await store.update('/kept', bytes('2'), kept);
    await store.update('/longer', bytes('2'), longer, { ttlSeconds: 3_600 });
    await store.update('/given', bytes('2'), given, { ttlSeconds: 1 });
    await eventually('both short keys are gone', async () => (await store.list('/')).count === 2);
    assert.deepEqual(await keysOf(store, '/'), ['/kept', '/longer']);
  },

  'many keys that end together': async ({ store, watch, revision }) => {
    const watcher = watch('/e/', await revision());
    await Promise.all(Array.from({ length: 1_200 }, (_, i) => store.create(`/e/${i}`, bytes(''), { ttlSeconds: 1 })));
    await eventually('all are gone', async () => (await store.list('/e/', { countOnly: true })).count === 0);
    await eventually('the watcher heard of each', () => watcher.events.length === 2_400);
    const deleted = watcher.events.filter(({ type }) => type === 'delete').map(({ key }) => key);
    assert.equal(new Set(deleted).size, 1_200);
  },
};
