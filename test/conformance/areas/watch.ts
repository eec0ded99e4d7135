import assert from 'node:assert/strict';
import { eventually } from '@keelson/testing';
import type { ConfigMap } from '@keelson/types';
import type { Context, Following } from '../context.ts';
import type { Specs } from '../specs.ts';

const area = '[sig-api-machinery] Watchers';
const key = 'watch-this-configmap';
const maps = ({ namespace }: Context): string => `/api/v1/namespaces/${namespace}/configmaps`;

const follow = (c: Context, resourceVersion: string, ...values: string[]): Promise<Following<ConfigMap>> => {
  const selector = encodeURIComponent(`${key} in (${values.join(',')})`);
  const since = resourceVersion ? `&resourceVersion=${resourceVersion}` : '';
  return c.follow<ConfigMap>(`${maps(c)}?labelSelector=${selector}${since}`);
};

const create = (c: Context, name: string, value: string): Promise<ConfigMap> =>
  c.must<ConfigMap>({ method: 'POST', path: maps(c), body: { metadata: { name, labels: { [key]: value } } } });

/** Reads, changes and writes one, as upstream's helper does. */
async function update(c: Context, name: string, change: { data?: Record<string, string>; label?: string }): Promise<ConfigMap> {
  const path = `${maps(c)}/${name}`;
  const { metadata, data, ...rest } = await c.must<ConfigMap>({ path });
  const labels = change.label ? { ...metadata.labels, [key]: change.label } : metadata.labels;
  const body = { ...rest, metadata: { ...metadata, labels }, data: { ...data, ...change.data } };
  return c.must<ConfigMap>({ method: 'PUT', path, body });
}
const mutate = (c: Context, name: string, mutation: string): Promise<ConfigMap> => update(c, name, { data: { mutation } });
const remove = (c: Context, name: string): Promise<object> => c.must({ method: 'DELETE', path: `${maps(c)}/${name}` });

/** Waits until exactly these events have come: a type, and the object when all of it is known. */
async function saw({ events }: Following<ConfigMap>, ...expected: [type: string, object?: ConfigMap][]): Promise<void> {
  await eventually(() => events.length >= expected.length, { deadlineMs: 30_000, message: `events ${JSON.stringify(expected)}` });
  assert.deepEqual(
    events.map(({ type, object }, index) => [type, expected[index]?.[1] && object]),
    expected.map(([type, object]) => [type, object]),
  );
}

export const watch: Specs = {
  async [`${area} should observe add, update, and delete watch notifications on configmaps`](c) {
    const watches = [await follow(c, '', 'A'), await follow(c, '', 'B'), await follow(c, '', 'A', 'B')] as const;
    const [a, b, both] = watches;
    const made = await create(c, 'configmap-a', 'A');
    await saw(a, ['ADDED', made]);
    const first = await mutate(c, 'configmap-a', '1');
    const second = await mutate(c, 'configmap-a', '2');
    await remove(c, 'configmap-a');
    const ofA = [['ADDED', made], ['MODIFIED', first], ['MODIFIED', second], ['DELETED']] as [string, ConfigMap?][];
    await saw(a, ...ofA);
    await saw(both, ...ofA);
    const other = await create(c, 'configmap-b', 'B');
    await remove(c, 'configmap-b');
    const ofB = [['ADDED', other], ['DELETED']] as [string, ConfigMap?][];
    await saw(b, ...ofB);
    await saw(both, ...ofA, ...ofB);
    await saw(a, ...ofA);
  },

  async [`${area} should be able to start watching from a specific resource version`](c) {
    await create(c, 'configmap', 'from');
    const first = await mutate(c, 'configmap', '1');
    const second = await mutate(c, 'configmap', '2');
    await remove(c, 'configmap');
    await saw(await follow(c, first.metadata.resourceVersion ?? '', 'from'), ['MODIFIED', second], ['DELETED']);
  },

  async [`${area} should be able to restart watching from the last resource version observed by the previous watch`](c) {
    const broken = await follow(c, '', 'restarted');
    const made = await create(c, 'configmap', 'restarted');
    await saw(broken, ['ADDED', made]);
    await mutate(c, 'configmap', '1');
    await saw(broken, ['ADDED', made], ['MODIFIED']);
    broken.stop();
    const second = await mutate(c, 'configmap', '2');
    const last = broken.events.at(-1)?.object.metadata.resourceVersion ?? '';
    const again = await follow(c, last, 'restarted');
    await remove(c, 'configmap');
    await saw(again, ['MODIFIED', second], ['DELETED']);
  },

  async [`${area} should observe an object deletion if it stops meeting the requirements of the selector`](c) {
    const watched = await follow(c, '', 'changed');
    const made = await create(c, 'configmap', 'changed');
    await saw(watched, ['ADDED', made]);
    const first = await mutate(c, 'configmap', '1');
    const away = await update(c, 'configmap', { label: 'wrong-value' });
    const before = [['ADDED', made], ['MODIFIED', first], ['DELETED']] as [string, ConfigMap?][];
    await saw(watched, ...before);
    const deleted = watched.events[2]?.object.metadata;
    assert.deepEqual([deleted?.labels?.[key], deleted?.resourceVersion], ['changed', away.metadata.resourceVersion]);
    await mutate(c, 'configmap', '2');
    const restored = await update(c, 'configmap', { label: 'changed' });
    const third = await mutate(c, 'configmap', '3');
    await remove(c, 'configmap');
    await saw(watched, ...before, ['ADDED', restored], ['MODIFIED', third], ['DELETED']);
  },

  async [`${area} should receive events on concurrent watches in same order`](c) {
    let resourceVersion = (await c.must<{ metadata: { resourceVersion: string } }>({ path: maps(c) })).metadata.resourceVersion;
    const writing = new AbortController();
    const written = writeUntil(c, writing.signal);
    const watches: Following<ConfigMap>[] = [];
    for (let round = 0; round < 100; round++) {
      watches.push(await c.follow<ConfigMap>(`${maps(c)}?resourceVersion=${resourceVersion}&allowWatchBookmarks=true`));
      // The n-th watch starts n events after the first: what it sees first is what the first saw n events later.
      const versions = await Promise.all(watches.map((watched, index) => versionAt(watched, round - index)));
      resourceVersion = versions[0] ?? '';
      assert.deepEqual(new Set(versions), new Set([resourceVersion]), `round ${round}`);
    }
    writing.abort();
    for (const watched of watches) watched.stop();
    await written;
  },
};

const versionAt = ({ events }: Following<ConfigMap>, index: number): Promise<string> =>
  eventually(() => events[index]?.object.metadata.resourceVersion, { deadlineMs: 30_000, message: 'the next event' });

/** Creates, updates (whatever version is there) and deletes maps at random. */
async function writeUntil(c: Context, signal: AbortSignal): Promise<void> {
  const existing: string[] = [];
  for (let count = 0; !signal.aborted; count++) {
    const [what, which] = crypto.getRandomValues(new Uint32Array(2));
    const name = existing[(which ?? 0) % existing.length];
    const operation = name === undefined ? 0 : (what ?? 0) % 3;
    if (operation === 0) {
      existing.push(`cm-${count}`);
      await c.must({ method: 'POST', path: maps(c), body: { metadata: { name: `cm-${count}` } } });
    } else if (operation === 1) {
      await c.must({ method: 'PUT', path: `${maps(c)}/${name}`, body: { metadata: { name, labels: { mutated: `${count}` } } } });
    } else {
      existing.splice(existing.indexOf(name ?? ''), 1);
      await remove(c, name ?? '');
    }
  }
}
