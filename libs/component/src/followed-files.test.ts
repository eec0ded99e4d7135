import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '@keelson/base';
import { handClock } from '@keelson/testing';
import { followFiles } from './index.ts';

test('files that change are taken together; what is unusable or missing changes nothing, and is tried again', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'keelson-followed-'));
  t.after(() => rm(directory, { recursive: true }));
  const paths = [join(directory, 'cert'), join(directory, 'key')];
  const [cert = '', key = ''] = paths;
  const { clock, round } = handClock();
  const stop = new AbortController();
  const told: string[] = [];
  const log = { ...silentLogger, info: (message: string) => told.push(message), warn: (message: string) => told.push(message) };
  const take = (texts: readonly string[]): void => {
    if (texts[0] !== texts[1]) throw new Error('do not belong together');
    told.push(texts.join('+'));
  };
  await Promise.all([writeFile(cert, '1'), writeFile(key, '1')]);
  const done = followFiles({ paths, texts: ['1', '1'], take }, { clock, log, signal: stop.signal });
  const lines = async (): Promise<readonly string[]> => {
    await round();
    return told.splice(0);
  };
  assert.deepEqual(await lines(), []);
  await writeFile(cert, '2');
  assert.deepEqual(await lines(), ['changed files cannot be used yet']);
  assert.deepEqual(await lines(), []);
  await writeFile(key, '2');
  assert.deepEqual(await lines(), ['2+2', 'files have changed and are in use']);
  await rm(key);
  assert.deepEqual(await lines(), ['changed files cannot be used yet']);
  stop.abort();
  await done;
});
