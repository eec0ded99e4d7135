import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, readlink, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { ConfigMap, Secret, Volume } from '@keelson/types';
import { ConfigError } from '../config/errors.ts';
import { testPod } from '../pod/testpod.ts';
import { publishAtomically } from './atomic.ts';
import { volumeFiles } from './content.ts';
import { DiskHost } from './disk.ts';
import type { VolumeFile } from './host.ts';
import { MemoryHost } from './memory.ts';
import { mountVolumes } from './mount.ts';

const directories: string[] = [];
async function scratch(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'kubelet-volume-'));
  directories.push(directory);
  return directory;
}
after(() => Promise.all(directories.map((directory) => rm(directory, { recursive: true, force: true }))));

const files = (entries: Record<string, string>, mode = 0o644): Map<string, VolumeFile> =>
  new Map(Object.entries(entries).map(([path, text]) => [path, { data: Buffer.from(text), mode }]));

describe('atomic publishing', () => {
  test('switches all files at once and leaves nothing old', async () => {
    const directory = await scratch();
    await publishAtomically(directory, files({ a: '1', 'sub/b': '2' }), undefined);
    const first = await readlink(join(directory, '..data'));
    assert.equal(await readFile(join(directory, 'sub/b'), 'utf8'), '2');
    assert.equal(await readlink(join(directory, 'a')), '..data/a');
    await publishAtomically(directory, files({ a: '3' }), undefined);
    assert.equal(await readFile(join(directory, 'a'), 'utf8'), '3');
    assert.deepEqual((await readdir(directory)).sort(), ['..data', await readlink(join(directory, '..data')), 'a'].sort());
    assert.notEqual(await readlink(join(directory, '..data')), first);
  });

  test('writes nothing when nothing changed', async () => {
    const directory = await scratch();
    await publishAtomically(directory, files({ a: '1' }), undefined);
    const before = await readlink(join(directory, '..data'));
    await publishAtomically(directory, files({ a: '1' }), undefined);
    assert.equal(await readlink(join(directory, '..data')), before);
  });

  test('sets modes', async () => {
    const directory = await scratch();
    await publishAtomically(directory, files({ a: '1' }, 0o400), undefined);
    assert.equal((await stat(join(directory, 'a'))).mode & 0o777, 0o400);
  });
});

describe('contents', () => {
  const sources = {
    configMaps: new Map([['cm', { data: { a: '1', b: '2' }, binaryData: { c: 'AAE=' } } as unknown as ConfigMap]]),
    secrets: new Map([['s', { data: { k: Buffer.from('v').toString('base64') } } as unknown as Secret]]),
    tokens: new Map([['', 'token']]),
    facts: { podIPs: [], hostIPs: [] },
    allocatable: { milliCpu: 1000, memoryBytes: 1, storageBytes: 2 ** 35 },
  };
  const shown = (volume: object): Record<string, string> =>
    Object.fromEntries(
      Array.from(volumeFiles(testPod({}, { labels: { z: '1', a: 'x"y' } }), volume as Volume, sources), ([path, file]) => [
        path,
        `${file.mode.toString(8)} ${file.data}`,
      ]),
    );

  test('of a config map, whole and by items', () => {
    assert.deepEqual(shown({ configMap: { name: 'cm' } }), { a: '644 1', b: '644 2', c: '644 \u0000\u0001' });
    assert.deepEqual(
      shown({
        configMap: {
          name: 'cm',
          defaultMode: 0o600,
          items: [
            { key: 'a', path: 'd/e', mode: 0o444 },
            { key: 'b', path: 'b' },
          ],
        },
      }),
      { 'd/e': '444 1', b: '600 2' },
    );
  });

  test('what is missing', () => {
    assert.throws(() => shown({ configMap: { name: 'no' } }), new ConfigError('configmap "no" not found'));
    assert.throws(
      () => shown({ secret: { secretName: 's', items: [{ key: 'no', path: 'x' }] } }),
      new ConfigError('references non-existent secret key: no'),
    );
    assert.deepEqual(shown({ secret: { secretName: 'no', optional: true } }), {});
  });

  test('of a projected service account volume', () => {
    const projected = {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { path: 'token', expirationSeconds: 3607 } },
        { configMap: { name: 'cm', items: [{ key: 'a', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [
              { path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } },
              { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
            ],
          },
        },
      ],
    };
    assert.deepEqual(shown({ projected }), {
      token: '644 token',
      'ca.crt': '644 1',
      namespace: '644 default',
      labels: '644 a="x\\"y"\nz="1"',
    });
  });

  test('a volume nobody mounts names itself', async () => {
    const pod = testPod({ volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'c' } }] });
    await assert.rejects(
      mountVolumes(new MemoryHost(), { root: '/k', logs: '/l' }, pod, sources),
      /MountVolume.SetUp failed for volume "data" : unsupported volume type: persistentVolumeClaim/,
    );
  });

  test('a volume that fails does not keep the others from being brought up to date', async () => {
    const host = new MemoryHost();
    const volumes = [
      { name: 'broken', persistentVolumeClaim: { claimName: 'c' } },
      { name: 'map', configMap: { name: 'cm' } },
    ];
    const published: string[] = [];
    const publish = host.publish.bind(host);
    host.publish = async (path, ...rest) => {
      published.push(path);
      await publish(path, ...rest);
    };
    await assert.rejects(mountVolumes(host, { root: '/k', logs: '/l' }, testPod({ volumes }), sources), /volume "broken"/);
    assert.equal(published.length, 1);
  });
});

describe('disk host', () => {
  const host = new DiskHost();

  test('a sub path is made, and never leads out of its volume', async () => {
    const base = await scratch();
    assert.equal(await host.subPath(base, 'a/b', undefined), join(base, 'a/b'));
    await symlink('/etc', join(base, 'out'));
    await assert.rejects(host.subPath(base, 'out/x', undefined), /not below the volume/);
  });

  test('reads the end of a file, tells kinds, removes trees', async () => {
    const base = await scratch();
    await host.write(join(base, 'd/f'), 'hello', 0o600);
    assert.equal(String(await host.readTail(join(base, 'd/f'), 3)), 'llo');
    assert.deepEqual(
      [await host.kind(base), await host.kind(join(base, 'd/f')), await host.kind(join(base, 'no'))],
      ['directory', 'file', undefined],
    );
    await host.remove(join(base, 'd'));
    assert.equal(await host.kind(join(base, 'd')), undefined);
  });
});
