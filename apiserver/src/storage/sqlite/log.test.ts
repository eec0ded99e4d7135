import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Log } from './log.ts';
import type { Result } from './protocol.ts';
import { openDatabase } from './schema.ts';

const value = Buffer.alloc(2_000, 'x');
const list = { op: 'list', prefix: '/', startAfter: undefined, revision: undefined, limit: 0, countOnly: false } as const;

/** The log's present state, without values. */
function state(log: Log): Result {
  return log.list(list, () => 0);
}

test('a transaction that fails for want of space leaves the log as it was', () => {
  const directory = mkdtempSync(join(tmpdir(), 'keelson-log-'));
  const database = openDatabase(join(directory, 'store.db'));
  const log = new Log(database);
  const create = (key: string, expires: number | null = null): Result => log.create(key, value, expires, () => 0);
  log.begin();
  for (let i = 0; i < 10; i++) create(`/kept/${i}`, 1_000 + i);
  log.commit();
  const before = { state: state(log), revision: log.revision, nextExpiry: log.nextExpiry };
  database.exec('PRAGMA max_page_count = 20');
  log.begin();
  assert.throws(() => {
    log.delete('/kept/0', 2, () => 0);
    for (let i = 0; i < 100; i++) create(`/lost/${i}`);
  }, /full/);
  log.rollback();
  assert.deepEqual({ state: state(log), revision: log.revision, nextExpiry: log.nextExpiry }, before);
  database.exec('PRAGMA max_page_count = 1000');
  log.begin();
  assert.equal(create('/after'), before.revision + 1);
  log.commit();
  log.close();
  rmSync(directory, { recursive: true });
});

test('sweeping goes on after a restart', () => {
  const directory = mkdtempSync(join(tmpdir(), 'keelson-log-'));
  const path = join(directory, 'store.db');
  let log = new Log(openDatabase(path));
  log.begin();
  for (let i = 0; i < 600; i++) log.create(`/${i}`, value, null, () => 0);
  for (let i = 0; i < 600; i++) log.update(`/${i}`, value, 2 + i, null, () => 0);
  log.delete('/0', 602, () => 0);
  log.compact(log.revision);
  log.commit();
  while (rows(path) === 1_201) assert.ok(log.sweep());
  assert.ok(rows(path) > 599, 'interrupted in the middle');
  const before = state(log);
  log.close();
  log = new Log(openDatabase(path));
  assert.deepEqual(state(log), before);
  while (log.sweep());
  assert.equal(rows(path), 599);
  assert.deepEqual(state(log), before);
  log.close();
  rmSync(directory, { recursive: true });
});

function rows(path: string): number {
  const database = openDatabase(path);
  const count = database.prepare('SELECT count(*) AS n FROM log').get()?.n;
  database.close();
  return Number(count);
}
