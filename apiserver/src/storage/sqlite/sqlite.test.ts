import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { crashTest } from '../conformance/crash.ts';
import { eventually } from '../conformance/eventually.ts';
import { refused } from '../conformance/harness.ts';
import { describeStore } from '../conformance/suite.ts';
import { createSqliteStore } from './sqlite.ts';

const directory = (): string => mkdtempSync(join(tmpdir(), 'keelson-sqlite-'));
const removal = (path: string) => async () => rmSync(path, { recursive: true, force: true });

describeStore('sqlite', async () => {
  const at = directory();
  const path = join(at, 'store.db');
  const store = await createSqliteStore({ path });
  return {
    store,
    reopen: async () => {
      await store.close();
      return createSqliteStore({ path });
    },
    remove: removal(at),
  };
});

crashTest('sqlite', async () => {
  const at = directory();
  const path = join(at, 'store.db');
  return { writer: { kind: 'sqlite', path }, reopen: () => createSqliteStore({ path }), remove: removal(at) };
});

test('a second store on the same file is refused; the file stays readable', async () => {
  const at = directory();
  const path = join(at, 'deep', 'store.db');
  const store = await createSqliteStore({ path });
  await store.create('/registry/secrets/a/b', Buffer.from('value'));
  await refused('unavailable', createSqliteStore({ path }));
  const reader = new DatabaseSync(path, { readOnly: true });
  assert.deepEqual(
    { ...reader.prepare('SELECT key, created, deleted, previous FROM log').get() },
    { key: '/registry/secrets/a/b', created: 1, deleted: 0, previous: 0 },
  );
  reader.close();
  assert.equal(statSync(path).mode & 0o077, 0, 'secrets are for the owner alone');
  await store.close();
  await removal(at)();
});

test('compaction deletes superseded rows from the file', async () => {
  const at = directory();
  const path = join(at, 'store.db');
  const store = await createSqliteStore({ path });
  let revision = await store.create('/a', Buffer.from('0'));
  for (let i = 0; i < 1_000; i++) revision = await store.update('/a', Buffer.from(String(i)), revision);
  await store.delete('/b', await store.create('/b', Buffer.from('gone')));
  await store.compact(revision + 2);
  const reader = new DatabaseSync(path, { readOnly: true });
  const rows = reader.prepare('SELECT count(*) AS n FROM log');
  await eventually('one row is left', () => rows.get()?.n === 1);
  reader.close();
  await store.close();
  const again = await createSqliteStore({ path });
  assert.equal((await again.get('/a'))?.revision, revision);
  assert.equal((await again.list('/')).revision, revision + 2);
  await again.close();
  await removal(at)();
});

test('a path that cannot be opened, a file that is no database', async () => {
  const at = directory();
  const path = join(at, 'text');
  writeFileSync(path, 'no database, but long enough to have a header that can be told from one'.repeat(100));
  await refused('unavailable', createSqliteStore({ path }));
  await refused('unavailable', createSqliteStore({ path: join(path, 'store.db') }));
  await removal(at)();
});
