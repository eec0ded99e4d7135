import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
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

  test('goes on where a kubelet ended between two steps', async () => {
    const directory = await scratch();
    await publishAtomically(directory, files({ a: '1' }), undefined);
    await symlink('..nowhere', join(directory, '..data_tmp'));
    await publishAtomically(directory, files({ a: '2' }), undefined);
    assert.equal(await readFile(join(directory, 'a'), 'utf8'), '2');
  });

  test('sets modes', async () => {
    const directory = await scratch();
    await publishAtomically(directory, files({ a: '1' }, 0o400), undefined);
    assert.equal((await stat(join(directory, 'a'))).mode & 0o777, 0o400);
  });

  test('gives files to a user and all to a group', { skip: process.getuid?.() !== 0 }, async () => {
    const directory = await scratch();
    await publishAtomically(directory, new Map([['d/a', { data: Buffer.from('1'), mode: 0o600, uid: 7 }]]), 8);
    const owners = async (path: string): Promise<unknown> => {
      const { uid, gid, mode } = await stat(join(directory, path));
      return [uid, gid, (mode & 0o7777).toString(8)];
    };
    assert.deepEqual(await owners('d/a'), [7, 8, '640']);
    assert.deepEqual(await owners('d'), [0, 8, '2755']);
  });
});

describe('contents', () => {
  const sources = {
    configMaps: new Map([['cm', { data: { a: '1', b: '2' }, binaryData: { c: 'AAE=' } } as unknown as ConfigMap]]),
    secrets: new Map([['s', { data: { k: Buffer.from('v').toString('base64') } } as unknown as Secret]]),
    tokens: new Map([
      [' 3600', 'token'],
      [' 3607', 'token'],
    ]),
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

  test('a projection nobody knows names itself', () => {
    assert.throws(
      () => shown({ projected: { sources: [{ podCertificate: { signerName: 'a/b' } }] } }),
      new ConfigError('PodCertificate projection is not supported by this kubelet'),
    );
    assert.deepEqual(shown({ projected: { sources: [{ clusterTrustBundle: { path: 'x', optional: true } }] } }), {});
  });

  test('a token belongs to the one user of the pod, or to its group', () => {
    const projected = { defaultMode: 0o644, sources: [{ serviceAccountToken: { path: 'token' } }] };
    const owned = (spec: object): unknown => {
      const file = volumeFiles(testPod(spec), { name: 'v', projected } as unknown as Volume, sources).get('token');
      return [file?.mode.toString(8), file?.uid];
    };
    assert.deepEqual(owned({}), ['644', undefined]);
    assert.deepEqual(owned({ securityContext: { runAsUser: 7 } }), ['600', 7]);
    assert.deepEqual(owned({ securityContext: { fsGroup: 8 } }), ['600', undefined]);
    const containers = [{ name: 'a', securityContext: { runAsUser: 7 } }, { name: 'b' }];
    assert.deepEqual(owned({ containers }), ['644', undefined]);
    assert.deepEqual(owned({ containers, securityContext: { runAsUser: 7 } }), ['600', 7]);
  });

  test('two tokens for the same audience are told apart by their lives', () => {
    const source = (path: string, expirationSeconds: number) => ({ serviceAccountToken: { path, expirationSeconds } });
    const projected = { sources: [source('short', 600), source('long', 3607)] };
    const tokens = new Map([
      [' 600', 'short'],
      [' 3607', 'long'],
    ]);
    const files = volumeFiles(testPod(), { name: 'v', projected } as unknown as Volume, { ...sources, tokens });
    assert.deepEqual(
      [...files].map(([path, { data }]) => [path, data.toString()]),
      [
        ['short', 'short'],
        ['long', 'long'],
      ],
    );
  });

  test('a token that cannot be had keeps its volume back', () => {
    const projected = { sources: [{ serviceAccountToken: { path: 'token', audience: 'x' } }] };
    const tokens = new Map([['x 3600', new Error('no such account')]]);
    assert.throws(
      () => volumeFiles(testPod(), { name: 'v', projected } as unknown as Volume, { ...sources, tokens }),
      new ConfigError('failed to fetch token: no such account'),
    );
  });
});

describe('disk host', () => {
  const host = new DiskHost();

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

test('a file is read from within its volume only, and not without end', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'kubelet-files-'));
  t.after(() => rm(root, { recursive: true }));
  const volume = join(root, 'volume');
  await mkdir(join(volume, 'in'), { recursive: true });
  await writeFile(join(root, 'secret'), 'secret');
  await writeFile(join(volume, 'in', 'file'), 'content');
  await symlink('in/file', join(volume, 'link'));
  await symlink('../secret', join(volume, 'out'));
  await symlink('/etc/passwd', join(volume, 'away'));
  const host = new DiskHost();
  const read = async (path: string, limit = 100): Promise<string | undefined> => (await host.readBelow(volume, path, limit))?.toString();
  assert.deepEqual(await Promise.all(['in/file', 'link', 'out', 'away', 'none', 'in'].map((path) => read(path))), [
    'content',
    'content',
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  assert.equal(await read('in/file', 4), 'cont');
});
