import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { silentLogger } from '@keelson/base';
import { SimulatedClock } from '@keelson/testing';
import { LogFile } from './log-file.ts';
import { backupName, superseded } from './rotation.ts';

const day = 24 * 60 * 60 * 1000;
const start = Date.parse('2026-01-02T03:04:05.678Z');

test('old files are named by when they were put aside', () => {
  assert.equal(backupName('audit.log', '.log', start), 'audit-2026-01-02T03-04-05.678.log');
  assert.equal(backupName('audit', '', start), 'audit-2026-01-02T03-04-05.678');
});

test('of the old files those too many and those too old go; nothing else does', () => {
  const aside = [0, 1, 2, 3].map((days) => backupName('audit.log', '.log', start - days * day));
  const strangers = ['audit.log', 'audit-notes.log', 'other-2026-01-02T03-04-05.678.log', 'audit-2026-01-02T03-04-05.678.log.bak'];
  const gone = (maxBackups: number, maxAge: number): string[] =>
    superseded([...strangers, ...aside], { file: 'audit.log', extension: '.log', maxBackups, maxAge }, start).map(({ name }) => name);
  assert.deepEqual(gone(0, 0), []);
  assert.deepEqual(gone(2, 0), [aside[2], aside[3]]);
  assert.deepEqual(gone(0, 1), [aside[2], aside[3]]);
  assert.deepEqual(gone(1, 2), [aside[1], aside[2], aside[3]]);
});

test('a full file is put aside between lines, and what was there is added to', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'keelson-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'logs', 'audit.log');
  const clock = new SimulatedClock(start);
  const options = { path, maxSize: 20, maxBackups: 2, maxAge: 0, clock, log: silentLogger };
  const file = await LogFile.open(options);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  await file.append(['first one\n', 'second one\n']);
  assert.deepEqual(await readdir(join(folder, 'logs')), ['audit-2026-01-02T03-04-05.678.log', 'audit.log']);
  assert.equal(await readFile(path, 'utf8'), 'second one\n');
  await file.close();
  const again = await LogFile.open(options);
  await again.append(['third\n']);
  assert.equal(await readFile(path, 'utf8'), 'second one\nthird\n');
  for (let i = 0; i < 3; i++) {
    await clock.advance(1_000);
    await again.append([`${'x'.repeat(30)}\n`]);
  }
  assert.equal((await readdir(join(folder, 'logs'))).length, 3);
  await again.close();
});

test('what is put aside is compressed, and counts as before', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'keelson-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'audit.log');
  const clock = new SimulatedClock(start);
  const file = await LogFile.open({ path, maxSize: 12, maxBackups: 1, maxAge: 0, compress: true, clock, log: silentLogger });
  await file.append(['first one\n', 'second one\n']);
  await file.close();
  const aside = 'audit-2026-01-02T03-04-05.678.log.gz';
  assert.deepEqual(await readdir(folder), [aside, 'audit.log']);
  assert.equal(gunzipSync(await readFile(join(folder, aside))).toString(), 'first one\n');
  assert.equal((await stat(join(folder, aside))).mode & 0o777, 0o600);
  const other = backupName('audit.log', '.log', start + day);
  assert.deepEqual(superseded([aside, other], { file: 'audit.log', extension: '.log', maxBackups: 1, maxAge: 0 }, start), [
    { name: aside, at: start },
  ]);
});

test('a path that cannot be written is said at the start', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'keelson-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'file'), '');
  const path = join(folder, 'file', 'audit.log');
  const clock = new SimulatedClock(start);
  await assert.rejects(LogFile.open({ path, maxSize: 1, maxBackups: 0, maxAge: 0, clock, log: silentLogger }), /ENOTDIR|EEXIST/);
});
