import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, chown, lstat, mkdir, mkdtemp, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { DiskHost } from './disk.ts';

/** Mounting needs root, and a kernel that lets it. */
function mayMount(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'true'], { stdio: 'ignore' });
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
}

const host = new DiskHost();
const { mounts } = host;

/** A directory of its own for each test, taken away with all that is mounted in it. */
async function scratch(t: { after(done: () => Promise<void>): void }): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'kubelet-mounts-'));
  t.after(() => host.remove(directory));
  return directory;
}

const rights = async (path: string): Promise<unknown> => {
  const { mode, gid } = await lstat(path);
  return [(mode & 0o7777).toString(8), gid];
};

describe('real mounts', { skip: mayMount() ? false : 'needs root' }, () => {
  test('a sub path is made with the rights of its volume and shown at its target', async (t) => {
    const base = await scratch(t);
    const volume = join(base, 'v');
    await mkdir(volume);
    await chown(volume, 0, 7);
    await chmod(volume, 0o2775);
    const target = join(base, 'targets/0');
    assert.equal(await mounts.subPath(volume, 'a/b', target), target);
    await writeFile(join(volume, 'a/b/file'), 'x');
    assert.equal(await readFile(join(target, 'file'), 'utf8'), 'x');
    assert.deepEqual(
      [await rights(join(volume, 'a')), await rights(target)],
      [
        ['2775', 7],
        ['2775', 7],
      ],
    );
    assert.equal(await mounts.subPath(volume, 'a/b', target), target);
  });

  test('a sub path never leads out of its volume', async (t) => {
    const base = await scratch(t);
    const volume = join(base, 'v');
    await mkdir(volume);
    await symlink('/etc', join(volume, 'out'));
    await symlink('missing', join(volume, 'dangling'));
    for (const path of ['out', 'out/x', 'out/passwd', '../v2']) await assert.rejects(mounts.subPath(volume, path, join(base, 't')), path);
    await assert.rejects(stat('/etc/x'));
    await assert.rejects(mounts.subPath(volume, 'dangling', join(base, 't')));
  });

  test('a file that became another is shown anew', async (t) => {
    const base = await scratch(t);
    const volume = join(base, 'v');
    await host.publish(volume, new Map([['key', { data: Buffer.from('1'), mode: 0o644 }]]), undefined);
    const target = join(base, 't');
    await mounts.subPath(volume, 'key', target);
    await host.publish(volume, new Map([['key', { data: Buffer.from('2'), mode: 0o644 }]]), undefined);
    assert.equal(await readFile(target, 'utf8'), '1');
    await mounts.subPath(volume, 'key', target);
    assert.equal(await readFile(target, 'utf8'), '2');
  });

  test('what is bound into a directory outlives it', async (t) => {
    const base = await scratch(t);
    await mkdir(join(base, 'data/inner'), { recursive: true });
    await writeFile(join(base, 'data/inner/file'), 'x');
    await mounts.bind(join(base, 'data'), join(base, 'pod/volume'), { readOnly: true });
    await mounts.bind(join(base, 'data'), join(base, 'pod/volume'), { readOnly: true });
    await assert.rejects(writeFile(join(base, 'pod/volume/new'), ''), { code: 'EROFS' });
    await symlink(join(base, 'pod'), join(base, 'link'));
    await host.remove(join(base, 'link/volume'));
    await host.remove(join(base, 'pod'));
    assert.equal(await readFile(join(base, 'data/inner/file'), 'utf8'), 'x');
    await assert.rejects(stat(join(base, 'pod')));
  });

  test('a tree given to a group, and not looked at again when its top is right', async (t) => {
    const base = await scratch(t);
    await mkdir(join(base, 'v/d'), { recursive: true, mode: 0o700 });
    await writeFile(join(base, 'v/d/f'), '', { mode: 0o600 });
    await symlink('/etc/passwd', join(base, 'v/link'));
    const before = await stat('/etc/passwd');
    await mounts.giveToGroup(join(base, 'v'), 7, { readOnly: false, onRootMismatch: false });
    assert.deepEqual(await rights(join(base, 'v/d')), ['2770', 7]);
    assert.deepEqual(await rights(join(base, 'v/d/f')), ['660', 7]);
    assert.deepEqual((await lstat(join(base, 'v/link'))).gid, 7);
    assert.deepEqual([(await stat('/etc/passwd')).gid, (await stat('/etc/passwd')).mode], [before.gid, before.mode]);
    await chown(join(base, 'v/d/f'), 0, 0);
    await mounts.giveToGroup(join(base, 'v'), 7, { readOnly: false, onRootMismatch: true });
    assert.deepEqual(await rights(join(base, 'v/d/f')), ['660', 0]);
    await mounts.giveToGroup(join(base, 'v'), 8, { readOnly: false, onRootMismatch: true });
    assert.deepEqual(await rights(join(base, 'v/d/f')), ['660', 8]);
  });

  test('memory is bounded, and tells how full it is', async (t) => {
    const base = await scratch(t);
    await mounts.tmpfs(join(base, 'm'), { sizeBytes: 2 ** 20 });
    assert.deepEqual(await rights(join(base, 'm')), ['1777', 0]);
    await assert.rejects(writeFile(join(base, 'm/big'), Buffer.alloc(2 ** 21)), { code: 'ENOSPC' });
    const found = await mounts.fullness(join(base, 'm'));
    assert.deepEqual([found?.capacityBytes, found?.availableBytes], [2 ** 20, 0]);
    assert.equal(await mounts.fullness(join(base, 'none')), undefined);
    await rm(join(base, 'm/big'));
  });

  test('memory of a group, and what a sub path makes in it', async (t) => {
    const base = await scratch(t);
    await mounts.tmpfs(join(base, 'm'), { gid: 7, sizeBytes: 0 });
    await mounts.subPath(join(base, 'm'), 'sub', join(base, 'targets/0'));
    assert.deepEqual(await rights(join(base, 'm')), ['3777', 7]);
    assert.deepEqual(await rights(join(base, 'targets/0')), ['3777', 7]);
  });
});

/** A loop device of 20 MB for the test; undefined where there are none. */
async function loopDevice(t: { after(done: () => void): void }, directory: string): Promise<string | undefined> {
  const file = join(directory, 'disk');
  await writeFile(file, '');
  await truncate(file, 20 * 1024 * 1024);
  try {
    const device = execFileSync('losetup', ['-f', '--show', file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    t.after(() => void execFileSync('losetup', ['-d', device]));
    return device;
  } catch {
    return undefined;
  }
}

test('a block device is made a file system once, shown as often as it is asked for, and never made anew', async (t) => {
  if (!mayMount()) return t.skip('needs root');
  const base = await scratch(t);
  const device = await loopDevice(t, base);
  if (!device) return t.skip('no loop devices here');
  const at = (name: string): string => join(base, name);
  const [plain, reading] = [
    { fsType: '', options: [], readOnly: false },
    { fsType: 'ext4', options: [], readOnly: true },
  ];
  await assert.rejects(mounts.device(device, at('first'), reading), /cannot mount unformatted disk .* in read-only mode/);
  await Promise.all([mounts.device(device, at('a'), plain), mounts.device(device, at('b'), plain)]);
  await writeFile(at('a/file'), 'kept');
  assert.equal(await readFile(at('b/file'), 'utf8'), 'kept');
  await mounts.device(device, at('c'), reading);
  await assert.rejects(writeFile(at('c/file'), 'other'), /EROFS/);
  await writeFile(at('a/file'), 'changed');
  assert.equal(await readFile(at('c/file'), 'utf8'), 'changed');
  for (const name of ['a', 'b', 'c']) execFileSync('umount', [at(name)]);
  await assert.rejects(mounts.device(device, at('d'), { ...plain, fsType: 'vfat' }), /as "vfat", it already contains ext4\. Mount error: /);
  await mounts.device(device, at('e'), plain);
  assert.equal(await readFile(at('e/file'), 'utf8'), 'changed');
});
