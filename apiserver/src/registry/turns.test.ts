import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigMap } from '@keelson/types';
import { systemUser } from '../auth/types.ts';
import { startServer } from '../testing/fixture.ts';
import type { Writable } from './writable.ts';
import { update } from './write.ts';

const writers = 50;
const request = { namespace: 'default', user: systemUser, dryRun: false, subresource: '', warnings: [] };

for (const [how, inTurn, tries] of [
  ['who waits for a turn tries once', true, writers],
  ['who does not, tries about twice', false, 2 * writers],
] as const)
  test(`of many that write one object at a time nobody is lost: ${how}`, async (t) => {
    const server = await startServer();
    t.after(() => server.close());
    const { registry } = server.server;
    const { store } = registry.options;
    await server.api.create(ConfigMap, { metadata: { name: 'count', namespace: 'default' }, data: { n: '0' } });
    const write = store.update.bind(store);
    let writes = 0;
    store.update = (...args) => {
      writes++;
      return write(...args);
    };
    const apply = (current: Writable): Writable =>
      ({ ...current, data: { n: String(Number((current as ConfigMap).data?.n) + 1) } }) as Writable;
    const all = Array.from({ length: writers }, () => update(registry, registry.of(ConfigMap), 'count', { apply, inTurn }, request));
    await Promise.all(all);
    assert.equal((await server.api.get(ConfigMap, { namespace: 'default', name: 'count' })).data?.n, String(writers));
    assert.ok(writes <= tries, `${writes} writes`);
  });
