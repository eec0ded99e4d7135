import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

test('kubectl runs from one file as long as its sources are as they were when it was made', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'keelson-launcher-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const folder of ['kubectl/bin', 'kubectl/src', 'dist/kubectl']) mkdirSync(join(root, folder), { recursive: true });
  const launcher = join(root, 'kubectl/bin/kubectl.mjs');
  copyFileSync(resolve(import.meta.dirname, '../bin/kubectl.mjs'), launcher);
  const source = join(root, 'kubectl/src/main.ts');
  const run = (): string => execFileSync(process.execPath, [launcher, 'version'], { encoding: 'utf8' }).trim();

  writeFileSync(source, 'console.log("sources", process.argv[2])');
  assert.equal(run(), 'sources version');

  writeFileSync(join(root, 'dist/kubectl/main.js'), 'console.log("one file", process.argv[2])');
  const { mtimeMs, size } = statSync(source);
  writeFileSync(join(root, 'dist/kubectl/sources.json'), JSON.stringify({ sources: { 'kubectl/src/main.ts': `${mtimeMs} ${size}` } }));
  assert.equal(run(), 'one file version');

  writeFileSync(source, 'console.log("changed sources")');
  assert.equal(run(), 'changed sources');

  rmSync(source);
  assert.equal(run(), 'one file version');
});
