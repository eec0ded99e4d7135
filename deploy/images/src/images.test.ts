import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { silentLogger } from '@keelson/base';
import {
  buildImages,
  catalogue,
  contentsOf,
  fullName,
  imageArchive,
  importImages,
  inspectArchive,
  needsInterpreter,
  parseImageList,
  readTar,
  tar,
} from './index.ts';

const sources = { architecture: 'amd64', catatonit: Buffer.from('c'), busybox: Buffer.alloc(5000, 'b'), applets: ['sh', '[', 'busybox'] };
async function filesOf(archive: Buffer): Promise<Map<string, Buffer | undefined>> {
  // Odd chunks: members must not depend on how the bytes arrive.
  const chunks = (async function* () {
    for (let at = 0; at < archive.length; at += 333) yield archive.subarray(at, at + 333);
  })();
  const files = new Map<string, Buffer | undefined>();
  for await (const { path, content } of readTar(chunks, () => true)) files.set(path, content);
  return files;
}

test('an image archive is a whole OCI layout: every blob is there under its digest', async () => {
  const images = catalogue(sources);
  assert.deepEqual(
    images.map(({ refs }) => refs[0]),
    ['registry.k8s.io/pause:3.10.2', 'docker.io/library/busybox:1.37', 'docker.io/keelson/hello:v1', 'docker.io/keelson/hello:v2'],
  );
  for (const image of images) {
    const { archive, digest } = imageArchive(image);
    assert.deepEqual(imageArchive(image).archive, archive, 'equal images give equal bytes');
    const files = await filesOf(archive);
    const blobs = [...files.keys()].filter((path) => /^blobs\/sha256\/./.test(path));
    for (const path of blobs)
      assert.equal(
        createHash('sha256')
          .update(files.get(path) ?? '')
          .digest('hex'),
        path.slice('blobs/sha256/'.length),
      );
    const json = (path: string) => JSON.parse(String(files.get(path)));
    const inBlobs = ({ digest: of }: { digest: string }) => `blobs/${of.replace(':', '/')}`;
    const { manifests } = json('index.json');
    assert.deepEqual(
      manifests.map((one: { annotations: object }) => Object.values(one.annotations)[0]),
      image.refs,
    );
    assert.equal(manifests[0].digest, digest);
    const manifest = json(inBlobs(manifests[0]));
    const config = json(inBlobs(manifest.config));
    assert.deepEqual(
      config.rootfs.diff_ids,
      manifest.layers.map((layer: { digest: string }) => layer.digest),
    );
    assert.equal(blobs.length, 2 + manifest.layers.length);
  }
});

test('tar is what other programs read', () => {
  const archive = tar([
    { path: 'bin', type: 'directory' },
    { path: 'bin/busybox', type: 'file', content: Buffer.alloc(513, 'x'), mode: 0o755 },
    { path: 'bin/sh', type: 'symlink', target: 'busybox' },
    { path: 'tmp', type: 'directory', mode: 0o1777 },
  ]);
  const listed = execFileSync('tar', ['-tvf', '-', '--numeric-owner'], {
    input: archive,
    env: { ...process.env, TZ: 'UTC', LC_ALL: 'C' },
  }).toString();
  const [bin, file, link, tmp] = listed
    .trim()
    .split('\n')
    .map((line) => line.replace(/ +/g, ' '));
  assert.equal(bin, 'drwxr-xr-x 0/0 0 1970-01-01 00:00 bin/');
  assert.equal(file, '-rwxr-xr-x 0/0 513 1970-01-01 00:00 bin/busybox');
  assert.equal(link, 'lrwxrwxrwx 0/0 0 1970-01-01 00:00 bin/sh -> busybox');
  assert.equal(tmp, 'drwxrwxrwt 0/0 0 1970-01-01 00:00 tmp/');
  assert.throws(() => tar([{ path: 'a'.repeat(101), type: 'directory' }]), /too long/);
});

test('an archive is known by its contents, and what is none is named', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'keelson-images-'));
  try {
    const path = join(folder, 'a.tar');
    const [, busybox] = catalogue(sources);
    assert.ok(busybox);
    const { archive, digest } = imageArchive(busybox);
    const images = busybox.refs.map((ref) => ({ ref, digest }));
    await writeFile(path, archive);
    assert.deepEqual(await inspectArchive(path), { images });
    await writeFile(path, gzipSync(archive));
    assert.deepEqual(await inspectArchive(path), { images });
    for (const content of [
      '',
      'hello',
      Buffer.alloc(600, 'x'),
      archive.subarray(0, 3000),
      gzipSync('no'),
      tar([{ path: 'x', type: 'directory' }]),
    ]) {
      await writeFile(path, content);
      await assert.rejects(inspectArchive(path), { message: /a\.tar is no docker or OCI image archive: / });
    }
    await assert.rejects(importImages('/nowhere.sock', [join(folder, 'b.tar')]), /^Error: no such file: /);
    await writeFile(path, archive);
    await assert.rejects(
      importImages('/nowhere.sock', [path]),
      /no containerd answers on \/nowhere\.sock: there is no such socket\. Start a cluster/,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('images are named as the runtime will name them', () => {
  const read = (file: string, value: unknown) => contentsOf(new Map([[file, Buffer.from(JSON.stringify(value))]]));
  assert.deepEqual(read('manifest.json', [{ RepoTags: ['keelson/a:1', 'b'] }]).images, [
    { ref: 'docker.io/keelson/a:1' },
    { ref: 'docker.io/library/b:latest' },
  ]);
  const named = { manifests: [{ digest: 'sha256:1', annotations: { 'org.opencontainers.image.ref.name': 'quay.io/a/b:1' } }] };
  assert.deepEqual(read('index.json', named), { images: [{ ref: 'quay.io/a/b:1' }], indexName: 'quay.io/a/b:1' });
  assert.throws(() => read('index.json', { manifests: [{ digest: 'sha256:1' }] }), /no name/);
  assert.throws(() => read('manifest.json', [{ RepoTags: null }]), /no name/);
  assert.equal(fullName('localhost/a'), 'localhost/a:latest');
  assert.equal(fullName('registry:5000/a'), 'registry:5000/a:latest');
  assert.equal(fullName('a@sha256:1'), 'docker.io/library/a@sha256:1');
  const table =
    'REF TYPE DIGEST SIZE PLATFORMS LABELS \ndocker.io/library/a:1 application/x sha256:aa 1.9 MiB linux/amd64 - \nsha256:cc application/x sha256:aa 1.9 MiB linux/amd64 - \n';
  assert.deepEqual(parseImageList(table), [{ ref: 'docker.io/library/a:1', digest: 'sha256:aa', size: '1.9 MiB' }]);
});

test('building again writes nothing again', async (t) => {
  const missing = ['/usr/bin/catatonit', '/bin/busybox'].find((path) => !readable(path));
  if (missing) return t.skip(`${missing} is not installed`);
  const folder = await mkdtemp(join(tmpdir(), 'keelson-images-'));
  try {
    const built: string[] = [];
    const log = { ...silentLogger, info: (message: string) => void built.push(message) };
    const first = await buildImages(folder, log);
    assert.equal(built.length, 4);
    assert.deepEqual(await buildImages(folder, log), first);
    assert.equal(built.length, 4);
    assert.equal((await readdir(folder)).length, 4);
  } finally {
    await rm(folder, { recursive: true });
  }
  assert.equal(needsInterpreter(readFileSync(process.execPath)), true);
});

function readable(path: string): boolean {
  try {
    return readFileSync(path).length > 0;
  } catch {
    return false;
  }
}
