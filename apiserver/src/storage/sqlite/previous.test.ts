import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import type { Deployment, PodList } from '@keelson/types';
import { type Fixture, startServer } from '../../testing/fixture.ts';
import { refused } from '../conformance/harness.ts';
import { createSqliteStore } from './sqlite.ts';

/** The tables as they were before the layout had a number. */
const before = `
  CREATE TABLE log (revision INTEGER PRIMARY KEY, key TEXT NOT NULL, created INTEGER NOT NULL, deleted INTEGER NOT NULL,
    previous INTEGER NOT NULL, expires INTEGER, value BLOB) STRICT;
  CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO meta VALUES ('compacted', 0);
`;

interface Row {
  readonly revision: number;
  readonly key: string;
  readonly created: number;
  readonly deleted: number;
  readonly previous: number;
  readonly expires: number | null;
  readonly value: string | null;
}

/** What a cluster of 21 November 2026, commit bab9664, left in its file of one namespace, numbered anew without what is not told here. */
const rows = readFileSync(join(import.meta.dirname, 'testdata/previous.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Row);

/** Its folder goes when the test ends, after what the test says is to be closed. */
function filePath(t: TestContext, close: () => Promise<unknown> = async () => undefined): string {
  const directory = mkdtempSync(join(tmpdir(), 'keelson-previous-'));
  t.after(async () => {
    await close();
    rmSync(directory, { recursive: true, force: true });
  });
  return join(directory, 'store.db');
}

test('a store of the previous version opens, and its objects can be read, changed and deleted', async (t) => {
  let server: Fixture | undefined;
  const path = filePath(t, async () => server?.close());
  const file = new DatabaseSync(path);
  file.exec(before);
  const insert = file.prepare('INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)');
  for (const { revision, key, created, deleted, previous, expires, value } of rows)
    insert.run(revision, key, created, deleted, previous, expires, value === null ? null : Buffer.from(value));
  file.close();
  const opened = await startServer({ store: await createSqliteStore({ path }) });
  server = opened;
  const at = '/api/v1/namespaces/old';
  const read = async <T>(url: string): Promise<T> => (await opened.send('GET', url)).json<T>();

  assert.equal((await opened.send('GET', `${at}/configmaps/settings`)).status, 404, 'it was deleted');
  assert.equal((await read<Deployment>(`${at}/secrets/hidden`)).metadata?.resourceVersion, '5');
  const web = '/apis/apps/v1/namespaces/old/deployments/web';
  const deployment = await read<Deployment>(web);
  assert.deepEqual([deployment.spec?.replicas, deployment.metadata?.managedFields?.length], [2, 2]);
  assert.equal((await opened.send('PUT', web, { ...deployment, spec: { ...deployment.spec, replicas: 3 } })).status, 200);
  const [pod] = (await read<PodList>(`${at}/pods`)).items;
  assert.equal((await opened.send('DELETE', `${at}/pods/${pod?.metadata?.name}`)).status, 200);
  assert.deepEqual((await read<{ spec: unknown }>('/apis/example.com/v1/namespaces/old/ships/bark')).spec, { masts: 3 });
  const taken = { metadata: { name: 'second' }, spec: { clusterIP: '10.96.192.115', ports: [{ port: 80 }] } };
  assert.match((await opened.send('POST', `${at}/services`, taken)).text, /provided IP is already allocated/);
});

test('a store of a later version is refused, and left as it is', async (t) => {
  const path = filePath(t);
  const file = new DatabaseSync(path);
  file.exec('CREATE TABLE everything_new (x INTEGER); PRAGMA user_version = 7');
  file.close();
  const { message } = await refused('unavailable', createSqliteStore({ path }));
  assert.match(message, /written by a later version \(layout 7, this one knows 1\)/);
  const again = new DatabaseSync(path);
  assert.deepEqual(
    again
      .prepare('SELECT name FROM sqlite_schema')
      .all()
      .map((row) => row.name),
    ['everything_new'],
  );
  again.close();
});
