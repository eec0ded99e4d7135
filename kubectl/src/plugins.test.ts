import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, test } from 'node:test';
import { run } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'kubectl-plugins-'));
after(() => rmSync(folder, { recursive: true }));
const [one, two] = [join(folder, 'one'), join(folder, 'two')];
for (const each of [one, two]) mkdirSync(each);
const plugin = (path: string, mode = 0o755): void =>
  writeFileSync(path, '#!/bin/sh\n[ "$1" = a ] && [ "$2" = --b ] && exit 3\nexit 4\n', { mode });
plugin(join(one, 'kubectl-foo-bar_baz'));
plugin(join(one, 'kubectl-get'));
plugin(join(one, 'kubectl-plain'), 0o644);
plugin(join(two, 'kubectl-foo'));
plugin(join(one, 'kubectl-foo'));

async function kubectl(argv: readonly string[], path: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const printed = { stdout: '', stderr: '' };
  const into = (name: 'stdout' | 'stderr') => ({
    write: (text: string | Uint8Array): void => {
      printed[name] += Buffer.from(text as string);
    },
  });
  const code = await run(argv, { env: { PATH: path.join(delimiter) }, stdout: into('stdout'), stderr: into('stderr') });
  return { code, ...printed };
}

test('plugins are listed with what is wrong with them', async () => {
  const { code, stdout, stderr } = await kubectl(['plugin', 'list'], [one, two]);
  const names = ['foo', 'foo-bar_baz', 'get', 'plain'].map((name) => join(one, `kubectl-${name}`));
  assert.equal(stdout, `The following compatible plugins are available:\n\n${[...names, join(two, 'kubectl-foo')].join('\n')}\n`);
  assert.deepEqual(stderr.split('\n'), [
    '  - warning: kubectl-get overwrites existing command: "kubectl get"',
    `  - warning: ${join(one, 'kubectl-plain')} identified as a kubectl plugin, but it is not executable`,
    `  - warning: ${join(two, 'kubectl-foo')} is overshadowed by a similarly named plugin: ${join(one, 'kubectl-foo')}`,
    'error: 3 plugin warnings were found',
    '',
  ]);
  assert.equal(code, 1);
  assert.equal((await kubectl(['plugin', 'list'], [folder])).stderr, 'error: unable to find any kubectl plugins in your PATH\n');
});

test('a plugin that begins as a verb is never called, and each of its faults is told', async () => {
  const three = join(folder, 'three');
  mkdirSync(three);
  plugin(join(three, 'kubectl-get'), 0o644);
  for (const name of ['create-thing', 'set-sa', 'help-me']) plugin(join(three, `kubectl-${name}`));
  const { stderr } = await kubectl(['plugin', 'list'], [one, three]);
  assert.deepEqual(stderr.split('\n').slice(2), [
    '  - warning: kubectl-create-thing overwrites existing command: "kubectl create"',
    `  - warning: ${join(three, 'kubectl-get')} identified as a kubectl plugin, but it is not executable`,
    `  - warning: ${join(three, 'kubectl-get')} is overshadowed by a similarly named plugin: ${join(one, 'kubectl-get')}`,
    '  - warning: kubectl-get overwrites existing command: "kubectl get"',
    '  - warning: kubectl-help-me overwrites existing command: "kubectl help"',
    '  - warning: kubectl-set-sa overwrites existing command: "kubectl set serviceaccount"',
    'error: 8 plugin warnings were found',
    '',
  ]);
  // Of create alone plugins can be subverbs.
  assert.equal((await kubectl(['create', 'thing', 'a', '--b'], [three])).code, 3);
  assert.match((await kubectl(['create', '-n', 'x', 'thing'], [three])).stderr, /^error: Unexpected args: \[thing\]/);
});

test('plugins are completed, and complete themselves', async () => {
  const four = join(folder, 'four');
  mkdirSync(four);
  for (const name of ['kubectl-mine', 'kubectl-mine-sub', 'kubectl-a_b']) plugin(join(four, name));
  writeFileSync(join(four, 'kubectl_complete-mine'), '#!/bin/sh\necho "got $1"\necho :2\n', { mode: 0o755 });
  const complete = async (...words: string[]) => (await kubectl(['__completeNoDesc', ...words], [four, '/usr/bin', '/bin'])).stdout;
  assert.equal(await complete('m'), 'mine\n:4\n');
  assert.equal(await complete('a-'), 'a-b\n:4\n');
  assert.equal(await complete('mine', 's'), 'sub\ngot s\n:2\n');
  assert.equal(await complete('mine', 'sub', ''), ':0\n');
});

test('the plugin of the longest name runs with what is left', async () => {
  assert.equal((await kubectl(['foo', 'bar-baz', 'a', '--b'], [one])).code, 3);
  assert.equal((await kubectl(['foo', 'a', '--b'], [one])).code, 3);
  assert.equal((await kubectl(['foo', 'other'], [two])).code, 4);
  assert.match((await kubectl(['plain'], [one])).stderr, /^error: unknown command "plain" for "kubectl"/);
});
