import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { silentLogger } from '@keelson/base';
import { buildProgramImage, imageArchive, inspectArchive, librariesOf, parseLdd, programImage } from './index.ts';

const runtime = [
  { path: 'usr/local/bin/node', content: Buffer.from('node') },
  { path: 'lib64/ld.so.2', content: Buffer.from('loader') },
];

describe('the image of a program', () => {
  test('has Node below and the program above, and equal contents give equal digests', () => {
    const image = programImage('docker.io/keelson/x:v1', runtime, Buffer.from('code'));
    const paths = image.layers.map((entries) => entries.map(({ path }) => path));
    assert.deepEqual(paths[1], ['program', 'program/main.mjs']);
    assert.ok(paths[0]?.indexOf('usr/local/bin') !== -1);
    assert.ok((paths[0]?.indexOf('usr') ?? 0) < (paths[0]?.indexOf('usr/local/bin/node') ?? 0), 'folders come first');
    assert.equal(
      imageArchive(image).digest,
      imageArchive(programImage('docker.io/keelson/x:v1', runtime.toReversed(), Buffer.from('code'))).digest,
    );
    const [base] = programImage('docker.io/keelson/y:v1', runtime, Buffer.from('other')).layers;
    assert.deepEqual(base, image.layers[0], 'the base is the same for all programs');
  });

  test('is built once', async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'keelson-program-'));
    t.after(() => rm(dir, { recursive: true }));
    const bundle = join(dir, 'main.js');
    await writeFile(bundle, 'console.log(1)');
    const build = (): Promise<string> => buildProgramImage({ ref: 'docker.io/keelson/x:v1', bundle }, join(dir, 'images'), silentLogger);
    const path = await build();
    const { mtimeMs } = await stat(path);
    assert.equal(await build(), path);
    assert.equal((await stat(path)).mtimeMs, mtimeMs);
    assert.deepEqual(
      (await inspectArchive(path)).images.map(({ ref }) => ref),
      ['docker.io/keelson/x:v1'],
    );
    await writeFile(bundle, 'console.log(2)');
    assert.notEqual(await build(), path);
    assert.equal((await readdir(join(dir, 'images'))).length, 2);
  });
});

describe('what Node needs', () => {
  test('libraries, and the loader', () => {
    const text =
      '\tlinux-vdso.so.1 (0x00007f)\n\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f)\n\t/lib64/ld-linux-x86-64.so.2 (0x00007f)\n';
    assert.deepEqual(parseLdd(text), ['/lib/x86_64-linux-gnu/libm.so.6', '/lib64/ld-linux-x86-64.so.2']);
    assert.deepEqual(parseLdd('\tstatically linked\n'), []);
  });

  test('a missing one is named', () => assert.throws(() => parseLdd('\tlibatomic.so.1 => not found\n'), /libatomic\.so\.1/));

  test('all of them are files here', async () => {
    for (const path of await librariesOf(process.execPath)) assert.ok((await stat(path)).isFile(), path);
  });
});
