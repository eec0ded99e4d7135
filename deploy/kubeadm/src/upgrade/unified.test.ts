import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unified } from './unified.ts';

const named = (text: string): { name: string; text: string } => ({ name: 'x', text });

test('changes stand with the lines around them', async () => {
  const [before, after] = ['a\nb\nc\nd\ne\nf\ng\n', 'a\nb\nC\nd\ne\nf\ng\nh\n'];
  assert.equal(
    await unified({ before: { name: 'old (a)', text: before }, after: { name: 'new', text: after }, context: 1 }),
    '--- old (a)\n+++ new\n@@ -2,3 +2,3 @@\n b\n-c\n+C\n d\n@@ -7 +7,2 @@\n g\n+h\n',
  );
  assert.equal(await unified({ before: named(before), after: named(before), context: 3 }), '');
  assert.equal(await unified({ before: named(''), after: named('a\n'), context: 0 }), '--- x\n+++ x\n@@ -0,0 +1 @@\n+a\n');
});

test('who has no diff is told where it comes from', async (t) => {
  const { PATH: path } = process.env;
  t.after(() => Object.assign(process.env, { PATH: path }));
  process.env.PATH = '/nowhere';
  await assert.rejects(unified({ before: named('a'), after: named('b'), context: 3 }), {
    message: 'diff is not installed: apt-get install diffutils',
  });
});
