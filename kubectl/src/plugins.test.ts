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

test('the plugin of the longest name runs with what is left', async () => {
  assert.equal((await kubectl(['foo', 'bar-baz', 'a', '--b'], [one])).code, 3);
  assert.equal((await kubectl(['foo', 'a', '--b'], [one])).code, 3);
  assert.equal((await kubectl(['foo', 'other'], [two])).code, 4);
  assert.match((await kubectl(['plain'], [one])).stderr, /^error: unknown command "plain" for "kubectl"/);
});
