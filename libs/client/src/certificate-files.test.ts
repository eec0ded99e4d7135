import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Clock } from '@keelson/base';
import { certificateFromFiles } from './certificate-files.ts';

interface Pair {
  readonly cert: string;
  readonly key: string;
}
const pairs = join(import.meta.dirname, 'testdata/certificates.json');
const { first, second }: { first: Pair; second: Pair } = JSON.parse(readFileSync(pairs, 'utf8'));

test('a certificate whose files are replaced is another one within a minute, and never half of it', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'keelson-client-certificate-'));
  t.after(() => rm(directory, { recursive: true }));
  const files = { cert: join(directory, 'crt'), key: join(directory, 'key') };
  let now = 0;
  const clock: Clock = { now: () => now, after: () => assert.fail('it waits for nothing') };
  const ask = certificateFromFiles(files, first, clock);
  const after = async (ms: number) => {
    now += ms;
    return ask();
  };
  assert.equal(await after(60_000), first, 'there are no files');
  await writeFile(files.cert, first.cert);
  await writeFile(files.key, first.key);
  assert.equal(await after(60_000), first, 'the same certificate');
  await writeFile(files.cert, second.cert);
  assert.equal(await after(60_000), first, 'its key has not followed');
  await writeFile(files.key, second.key);
  assert.equal(await after(59_000), first, 'files are not read for every request');
  const changed = await after(1_000);
  assert.deepEqual([String(changed.cert), String(changed.key)], [second.cert, second.key]);
  assert.equal(await after(60_000), changed);
});
