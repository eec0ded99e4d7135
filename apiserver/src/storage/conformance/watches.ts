import assert from 'node:assert/strict';
import { eventually } from './eventually.ts';
import { bytes, type Cases, refused } from './harness.ts';

export const watches: Cases = {
  'every change of the prefix, in order, with what it was': async ({ store, watch, revision }) => {
    const start = await revision();
    const watcher = watch('/a/', start);
    const created = await store.create('/a/1', bytes('x'));
    await store.create('/b', bytes('elsewhere'));
    const updated = await store.update('/a/1', bytes('y'), created);
    const deleted = await store.delete('/a/1', updated);
    const again = await store.create('/a/1', bytes('z'));
    await watcher.reached(again);
    assert.deepEqual(watcher.lines, [
      `put /a/1 ${created} created x`,
      `put /a/1 ${updated} updated y`,
      `delete /a/1 ${deleted}`,
      `put /a/1 ${again} created z`,
    ]);
  },

  'from any past revision: opened before, between and after the writes, all tell the same': async ({ store, watch, revision }) => {
    const start = await revision();
    const watchers = [watch('/k/', start)];
    const revisions = [start];
    for (let i = 0; i < 20; i++) {
      const last = revisions.at(-1) as number;
      revisions.push(
        i % 3 === 0 ? await store.create(`/k/${i}`, bytes(String(i))) : await store.update(`/k/${i - (i % 3)}`, bytes(String(i)), last),
      );
      watchers.push(watch('/k/', last), watch('/k/', start));
    }
    const end = revisions.at(-1) as number;
    watchers.push(...revisions.map((after) => watch('/k/', after)));
    await Promise.all(watchers.map((watcher) => watcher.reached(end)));
    const [all = []] = watchers.map(({ lines }) => lines);
    assert.equal(all.length, 20);
    for (const { lines } of watchers) assert.deepEqual(lines, all.slice(all.length - lines.length));
    for (const [i, watcher] of watchers.slice(-revisions.length).entries()) assert.equal(watcher.lines.length, 20 - i);
  },

  'watches from the past, opened while 64 writers write, miss and repeat nothing': async ({ store, watch, revision }) => {
    const start = await revision();
    const watchers = [watch('/w/', start), watch('/', start)];
    const writer = async (_: unknown, id: number): Promise<void> => {
      let at = await store.create(`/w/${id}`, bytes(`${id}`));
      for (let i = 0; i < 8; i++) {
        at = await store.update(`/w/${id}`, bytes(`${id}.${i}`), at);
        if ((id + i) % 16 === 0) watchers.push(watch('/w/', start));
      }
      await store.delete(`/w/${id}`, at);
    };
    await Promise.all(Array.from({ length: 64 }, writer));
    const end = await revision();
    await Promise.all(watchers.map((watcher) => watcher.reached(end)));
    const [first] = watchers;
    assert.equal(first?.events.length, 64 * 10);
    assert.deepEqual(
      first?.events.map((event) => event.revision),
      Array.from({ length: 64 * 10 }, (_, i) => start + 1 + i),
    );
    for (const { lines } of watchers) assert.deepEqual(lines, first?.lines);
  },

  'a write that resolved is on its way to watchers opened before': async ({ store, watch, revision }) => {
    const watcher = watch('/', await revision());
    for (let i = 0; i < 50; i++) await watcher.reached(await store.create(`/one/${i}`, bytes(String(i))));
    assert.equal(watcher.events.length, 50);
  },

  'a future revision: only what comes after it': async ({ store, watch, revision }) => {
    const start = await revision();
    const watcher = watch('/', start + 2);
    const late = [];
    for (let i = 0; i < 4; i++) late.push(await store.create(`/f/${i}`, bytes('')));
    await watcher.reached(start + 4);
    assert.deepEqual(
      watcher.events.map((event) => event.revision),
      late.slice(2),
    );
  },

  'a read of a newer revision brings progress to streams it does not concern': async ({ store, watch, revision }) => {
    const start = await revision();
    const quiet = watch('/quiet/', start);
    const related = watch('/busy/quiet/', start);
    const at = await store.create('/busy/1', bytes('1'));
    assert.ok((await store.list('/busy/')).revision >= at);
    await Promise.all([quiet.reached(at), related.reached(at)]);
    assert.deepEqual([...quiet.events, ...related.events], []);
    const next = await store.create('/busy/2', bytes('2'));
    await store.get('/busy/2');
    await quiet.reached(next);
    assert.deepEqual(quiet.events, []);
  },

  'progress reaches a watch that starts behind and has nothing to tell': async ({ store, watch, revision }) => {
    const start = await revision();
    const at = await store.create('/busy', bytes('1'));
    const quiet = watch('/quiet/', start);
    await store.list('/', { countOnly: true });
    await quiet.reached(at);
  },

  'a watch from before the compaction is refused, one from it is not': async ({ store, watch }) => {
    const first = await store.create('/a', bytes('1'));
    const second = await store.update('/a', bytes('2'), first);
    const third = await store.update('/a', bytes('3'), second);
    await store.compact(second);
    const signal = new AbortController().signal;
    const error = await refused('compacted', store.watch('/', { after: first, signal })[Symbol.asyncIterator]().next());
    assert.equal(error.compactRevision, second);
    const watcher = watch('/', second);
    await watcher.reached(third);
    assert.deepEqual(watcher.lines, [`put /a ${third} updated 3`]);
  },

  'compaction does not disturb a watch that is up to date': async ({ store, watch, revision }) => {
    const watcher = watch('/', await revision());
    let at = await store.create('/a', bytes('0'));
    for (let i = 1; i < 10; i++) {
      await watcher.reached(at);
      await store.compact(at);
      at = await store.update('/a', bytes(String(i)), at);
    }
    await watcher.reached(at);
    assert.equal(watcher.events.length, 10);
  },

  'the signal ends the iteration without error, at once or later': async ({ store, watch, revision }) => {
    const watcher = watch('/', await revision());
    await watcher.reached(await store.create('/a', bytes('1')));
    await watcher.stop();
    assert.deepEqual([watcher.ended, watcher.error], [true, undefined]);
    const aborted = store.watch('/', { after: 0, signal: AbortSignal.abort() });
    for await (const batch of aborted) assert.fail(`an aborted watch told ${batch.revision}`);
  },

  'leaving the loop ends the watch': async ({ store, revision }) => {
    const start = await revision();
    await store.create('/a', bytes('1'));
    const signal = new AbortController().signal;
    for await (const { events } of store.watch('/', { after: start, signal })) if (events.length > 0) break;
    await store.create('/b', bytes('2'));
  },

  'close ends watches without error': async ({ store, watch, revision }) => {
    const start = await revision();
    const live = watch('/', start);
    await live.reached(await store.create('/a', bytes('1')));
    const late = watch('/', start);
    await store.close();
    await eventually('both watches end', () => live.ended && late.ended);
    assert.deepEqual([live.error, late.error], [undefined, undefined]);
    const after = watch('/', start);
    await after.finished;
    assert.deepEqual([after.error, after.events], [undefined, []]);
  },
};
