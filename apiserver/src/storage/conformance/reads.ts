import assert from 'node:assert/strict';
import type { Store } from '../types.ts';
import { bytes, type Cases, keysOf, refused } from './harness.ts';

async function fill(store: Store, keys: readonly string[]): Promise<number[]> {
  const revisions: number[] = [];
  for (const key of keys) revisions.push(await store.create(key, bytes(key)));
  return revisions;
}

export const reads: Cases = {
  'an empty store': async ({ store }) => {
    assert.equal(await store.get('/a'), undefined);
    const { entries, count, revision } = await store.list('/');
    assert.deepEqual({ entries, count }, { entries: [], count: 0 });
    assert.ok(revision >= 1, 'revision 0 names no state');
  },

  'list is exactly the prefix': async ({ store, revision }) => {
    await fill(store, ['/a', '/a/1', '/a/2', '/ab', '/a0', '/b', '/a/']);
    assert.deepEqual(await keysOf(store, '/a/'), ['/a/', '/a/1', '/a/2']);
    assert.deepEqual(await keysOf(store, '/a'), ['/a', '/a/', '/a/1', '/a/2', '/a0', '/ab']);
    assert.deepEqual(await keysOf(store, '/c'), []);
    assert.equal((await store.list('')).count, 7);
    const list = await store.list('/b');
    assert.equal(list.revision, await revision());
    assert.deepEqual(list.entries, [{ key: '/b', value: bytes('/b'), revision: (await store.get('/b'))?.revision }]);
  },

  'keys sort by their bytes': async ({ store }) => {
    const keys = [
      '/a',
      '/A',
      '/a\u{7f}',
      '/é',
      '/\u{ffff}',
      '/\u{e000}',
      '/\u{1f600}',
      '/a!',
      '/~',
      '/a\u{1}',
      '/\u{10ffff}',
      '/a/b',
      '/日本',
    ];
    await fill(store, keys);
    const sorted = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    assert.deepEqual(await keysOf(store, '/'), sorted);
    assert.deepEqual(await keysOf(store, '/\u{ffff}'), ['/\u{ffff}']);
    assert.deepEqual(await keysOf(store, '/\u{10ffff}'), ['/\u{10ffff}']);
    assert.deepEqual(await keysOf(store, '/', { startAfter: '/\u{ffff}' }), ['/\u{1f600}', '/\u{10ffff}']);
    for (const key of keys) assert.equal((await store.get(key))?.key, key);
  },

  'limit and startAfter page through; count ignores the limit': async ({ store }) => {
    const keys = Array.from({ length: 25 }, (_, i) => `/p/${String(i).padStart(2, '0')}`);
    await fill(store, [...keys, '/q']);
    const paged: string[] = [];
    for (let startAfter: string | undefined; paged.length < keys.length; startAfter = paged.at(-1)) {
      const page = await store.list('/p/', { limit: 10, ...(startAfter !== undefined && { startAfter }) });
      assert.equal(page.count, keys.length - paged.length);
      assert.equal(page.entries.length, Math.min(10, keys.length - paged.length));
      paged.push(...page.entries.map(({ key }) => key));
    }
    assert.deepEqual(paged, keys);
    assert.deepEqual(await keysOf(store, '/p/', { startAfter: '/p/055' }), keys.slice(6), 'the key to start after need not exist');
    assert.deepEqual(await keysOf(store, '/p/', { startAfter: '/a' }), keys, 'nor lie under the prefix');
    assert.deepEqual(await keysOf(store, '/p/', { startAfter: '/z' }), []);
  },

  'countOnly counts without entries': async ({ store }) => {
    await fill(store, ['/a/1', '/a/2', '/a/3', '/b']);
    const { entries, count } = await store.list('/a/', { countOnly: true });
    assert.deepEqual({ entries, count }, { entries: [], count: 3 });
    assert.equal((await store.list('/a/', { countOnly: true, startAfter: '/a/1', limit: 1 })).count, 2);
  },

  'more entries than any one message has': async ({ store }) => {
    const keys = Array.from({ length: 2_500 }, (_, i) => `/many/${String(i).padStart(4, '0')}`);
    await Promise.all(keys.map((key) => store.create(key, bytes(key))));
    const { entries, count } = await store.list('/many/');
    assert.deepEqual(
      entries.map(({ value }) => value.toString()),
      keys,
    );
    assert.equal(count, keys.length);
    assert.equal((await store.list('/many/', { limit: 1_200 })).entries.length, 1_200);
  },

  'list at each past revision answers what it answered then': async ({ store, revision }) => {
    const then: Array<{ revision: number; all: unknown; page: unknown }> = [];
    const look = async (at?: number): Promise<{ all: unknown; page: unknown }> => {
      const when = at === undefined ? {} : { revision: at };
      const all = await store.list('/h/', when);
      const page = await store.list('/h/', { ...when, startAfter: '/h/1', limit: 2 });
      return { all, page };
    };
    const note = async (): Promise<unknown> => then.push({ revision: await revision(), ...(await look()) });
    await note();
    const at: number[] = [];
    for (let i = 0; i < 5; i++) {
      at[i] = await store.create(`/h/${i}`, bytes(`${i} first`));
      await note();
    }
    at[2] = await store.update('/h/2', bytes('2 second'), at[2] as number);
    await note();
    await store.delete('/h/3', at[3] as number);
    await note();
    await store.create('/other', bytes('x'));
    await note();
    await store.create('/h/3', bytes('3 again'));
    await store.delete('/h/2', at[2] as number);
    await note();
    for (const { revision: past, all, page } of then) assert.deepEqual(await look(past), { all, page }, `revision ${past}`);
  },

  'a revision not reached is refused': async ({ store }) => {
    const at = await store.create('/a', bytes('1'));
    await refused('future', store.list('/', { revision: at + 1 }));
    assert.equal((await store.list('/', { revision: at })).count, 1);
    await refused('future', store.compact(at + 1));
  },

  'compaction forgets what was superseded before, and nothing else': async ({ store }) => {
    const [a = 0, b = 0] = await fill(store, ['/a', '/b', '/c']);
    const a2 = await store.update('/a', bytes('2'), a);
    const gone = await store.delete('/b', b);
    const a3 = await store.update('/a', bytes('3'), a2);
    await store.compact(gone);
    const error = await refused('compacted', store.list('/', { revision: gone - 1 }));
    assert.equal(error.compactRevision, gone);
    await refused('compacted', store.list('/', { revision: a, limit: 1 }));
    await refused('compacted', store.list('/', { revision: a, countOnly: true }));
    const then = await store.list('/', { revision: gone });
    assert.deepEqual(
      then.entries.map(({ key, value }) => [key, value.toString()]),
      [
        ['/a', '2'],
        ['/c', '/c'],
      ],
    );
    assert.equal(then.count, 2);
    assert.equal((await store.get('/a'))?.revision, a3);
    await store.compact(gone);
    await store.compact(b);
    await store.create('/b', bytes('again'));
    assert.deepEqual(await keysOf(store, '/'), ['/a', '/b', '/c']);
  },
};
