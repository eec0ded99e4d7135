import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { seededRandom } from '@keelson/base';
import { unified } from './unified.ts';

const named = (text: string): { name: string; text: string } => ({ name: 'x', text });

test('changes stand with the lines around them', () => {
  const [before, after] = ['a\nb\nc\nd\ne\nf\ng\n', 'a\nb\nC\nd\ne\nf\ng\nh\n'];
  assert.equal(
    unified({ before: { name: 'old', text: before }, after: { name: 'new', text: after }, context: 1 }),
    '--- old\n+++ new\n@@ -2,3 +2,3 @@\n b\n-c\n+C\n d\n@@ -7 +7,2 @@\n g\n+h\n',
  );
  assert.equal(unified({ before: named(before), after: named(before), context: 3 }), '');
  assert.equal(unified({ before: named(''), after: named('a\n'), context: 3 }), '--- x\n+++ x\n@@ -0,0 +1 @@\n+a\n');
});

test('patch makes the one of the other', (t) => {
  if (spawnSync('patch', ['--version']).error) return t.skip('there is no patch on this machine');
  const random = seededRandom(7);
  const folder = mkdtempSync(join(tmpdir(), 'unified-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const text = (): string =>
    Array.from({ length: 1 + Math.floor(random.next() * 20) }, () => `${Math.floor(random.next() * 4)}\n`).join('');
  for (let round = 0; round < 25; round++) {
    const [before, after] = [text(), text()];
    const file = join(folder, 'file');
    writeFileSync(file, before);
    const changed = unified({ before: named(before), after: named(after), context: round % 4 });
    const { stdout, stderr } = spawnSync('patch', ['--unified', '--quiet', '--output=-', file], { input: changed, encoding: 'utf8' });
    if (changed !== '') assert.equal(stdout, after, `${before}\n${changed}\n${stderr}`);
    else assert.equal(before, after);
  }
});
