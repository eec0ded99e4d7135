import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { after, test } from 'node:test';
import { packed } from './pack.ts';
import { archivePrefix, parseSpec } from './spec.ts';
import { unpacker } from './unpack.ts';

const folder = mkdtempSync(join(tmpdir(), 'kubectl-cp-'));
after(() => rmSync(folder, { recursive: true }));

test('sides of a copy', () => {
  assert.deepEqual(parseSpec('a/b'), { pod: undefined, namespace: undefined, path: 'a/b' });
  assert.deepEqual(parseSpec('p:/x:y'), { pod: 'p', namespace: undefined, path: '/x:y' });
  assert.deepEqual(parseSpec('ns/p:x'), { pod: 'p', namespace: 'ns', path: 'x' });
  for (const wrong of [':x', 'a/b/c:x']) assert.throws(() => parseSpec(wrong), /filespec must match the canonical format/);
  const prefixes: [string, string][] = [
    ['/tmp/a/', 'tmp/a'],
    ['../../a', 'a'],
    ['./a/../b', 'b'],
    ['/', ''],
  ];
  for (const [path, prefix] of prefixes) assert.equal(archivePrefix(path), prefix);
});

async function through(source: string, as: string, destination: string): Promise<string[]> {
  const said: string[] = [];
  const say = (message: string): number => said.push(message);
  const onLink = (path: string, target: string): number => say(`${path} -> ${target}`);
  await pipeline(packed(source, as), unpacker({ prefix: as, destination, warn: say, onLink }));
  return said;
}

test('a tree goes through an archive and back, links left out', async () => {
  const source = join(folder, 'tree');
  mkdirSync(join(source, 'sub', 'none'), { recursive: true });
  const big = Buffer.alloc(300_000, 'x');
  writeFileSync(join(source, 'big'), big);
  writeFileSync(join(source, 'empty'), '');
  writeFileSync(join(source, 'sub', 'small'), 'small\n', { mode: 0o750 });
  symlinkSync('big', join(source, 'link'));
  const back = join(folder, 'back');
  assert.deepEqual(await through(source, 'tmp/t', back), [`${join(back, 'link')} -> big`]);
  assert.ok(readFileSync(join(back, 'big')).equals(big));
  assert.equal(readFileSync(join(back, 'empty'), 'utf8'), '');
  assert.equal(readFileSync(join(back, 'sub', 'small'), 'utf8'), 'small\n');
  assert.ok(statSync(join(back, 'sub', 'none')).isDirectory());
});

test('a single file takes the name it is given; a folder in its place is an error', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, 'text');
  await through(file, 'a/b', join(folder, 'copied'));
  assert.equal(readFileSync(join(folder, 'copied'), 'utf8'), 'text');
  await assert.rejects(through(file, 'a/b', folder), { message: `open ${folder}: is a directory` });
});

test('what leads out of the destination is not written, and other names are refused', async () => {
  const file = join(folder, 'evil');
  writeFileSync(file, 'evil');
  const inside = join(folder, 'inside');
  const said: string[] = [];
  const options = { destination: inside, warn: (message: string) => said.push(message), onLink: () => undefined };
  await pipeline(packed(file, 'x/../../outside'), unpacker({ ...options, prefix: 'x' }));
  assert.match(said.join(), /^warning: file ".*outside" is outside target destination, skipping$/);
  assert.throws(() => statSync(join(folder, 'outside')));
  await assert.rejects(pipeline(packed(file, 'other'), unpacker({ ...options, prefix: 'x' })), { message: 'tar contents corrupted' });
});
