import assert from 'node:assert/strict';
import { link, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { SimulatedClock } from '@keelson/testing';
import { testPod } from '../pod/testpod.ts';
import type { Claimed } from '../volume/claims.ts';
import { DiskHost } from '../volume/disk.ts';
import type { Drivers } from '../volume/drivers.ts';
import { MemoryHost } from '../volume/memory.ts';
import { Footprints } from './footprints.ts';

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubelet-footprint-'));
});
after(() => rm(directory, { recursive: true, force: true }));

test('a tree takes its blocks, holes and second names left out; what is missing takes nothing', async () => {
  const root = join(directory, 'tree');
  await mkdir(join(root, 'below/deep'), { recursive: true });
  await writeFile(join(root, 'below/file'), Buffer.alloc(20_000, 1));
  await writeFile(join(root, 'hole'), '');
  await truncate(join(root, 'hole'), 2 ** 30);
  await link(join(root, 'below/file'), join(root, 'below/deep/same'));
  await symlink('/', join(root, 'away'));
  const host = new DiskHost();
  const all = await host.usage(root, { itself: true });
  assert.equal(all.inodes, 6, 'three directories, two files, a link');
  assert.ok(all.bytes >= 20_000 && all.bytes < 200_000, `${all.bytes} bytes`);
  assert.equal((await host.usage(root, { itself: false })).inodes, 5);
  await Promise.all(Array.from({ length: 1_100 }, (_, i) => writeFile(join(root, 'below', `${i}`), 'x')));
  const many = await host.usage(root, { itself: true });
  assert.equal(many.inodes, 6 + 1_100);
  // The directory itself has grown.
  assert.ok(many.bytes - all.bytes >= 1_100 * 512 && many.bytes - all.bytes < 1_200 * 8192, `${many.bytes} bytes`);
  assert.equal((await host.usage(root, { itself: false })).inodes, 5 + 1_100);
  assert.deepEqual(await host.usage(join(root, 'none'), { itself: true }), { bytes: 0, inodes: 0 });
});

const paths = { root: '/k', logs: '/k/logs' };
const volumes = [
  { name: 'data', emptyDir: {} },
  { name: 'tmp', emptyDir: { medium: 'Memory' } },
  { name: 'settings', configMap: { name: 'c' } },
  { name: 'key', secret: { secretName: 's' } },
  { name: 'host', hostPath: { path: '/etc' } },
];

test('logs by container, volumes by kind; only what is on the node’s disk counts as the pod’s', async () => {
  const host = new MemoryHost();
  const pod = testPod({ volumes, containers: [{ name: 'app' }, { name: 'silent' }] });
  await host.write('/k/logs/default_web_u1/app/0.log', 'four');
  await host.write('/k/pods/u1/etc-hosts', 'hosts');
  await host.write('/k/pods/u1/volumes/kubernetes.io~empty-dir/data/a', 'three');
  const footprints = new Footprints(host, paths, new SimulatedClock());
  const found = await footprints.of({ pod, uid: 'u1', claimed: new Map(), volumesMounted: true });
  assert.deepEqual(
    [...found.logs],
    [
      ['app', { bytes: 4, inodes: 1 }],
      ['silent', { bytes: 0, inodes: 0 }],
    ],
  );
  assert.deepEqual(found.rest, { bytes: 5, inodes: 1 });
  assert.deepEqual(
    found.volumes.map(({ name, usedBytes, local }) => [name, usedBytes, local]),
    [
      ['data', 5, true],
      ['tmp', 0, false],
      ['settings', 0, true],
      ['key', 0, false],
    ],
  );
});

test('claimed volumes by their disk or their driver; what cannot be measured says nothing of the others', async () => {
  const host = new MemoryHost();
  const full = { capacityBytes: 10, availableBytes: 4, usedBytes: 6, inodes: 3, inodesFree: 2, inodesUsed: 1 };
  host.mounts.fullness = async () => full;
  const claim = (name: string, source: object, block = false) => [name, { name: `pv-${name}`, claim: `c-${name}`, source, block }] as const;
  const csi = (driver: string): object => ({ type: 'csi', csi: { driver } });
  const local = { type: 'local', path: '/d' };
  const claims = [
    claim('driven', csi('d')),
    claim('raw', csi('d'), true),
    claim('silent', csi('none')),
    claim('broken', csi('broken')),
    claim('disk', local),
    claim('device', local, true),
    claim('host', { type: 'hostPath', path: '/etc' }),
  ];
  const pod = testPod({
    volumes: [
      ...claims.map(([name]) => ({ name, persistentVolumeClaim: { claimName: `c-${name}` } })),
      { name: 'own', csi: { driver: 'd' } },
    ],
  });
  const asked: string[] = [];
  const fullness: Drivers['fullness'] = async (_pod, { driver }, target) => {
    asked.push(target);
    if (driver === 'broken') throw new Error('not now');
    return driver === 'none' ? undefined : { ...full, usedBytes: 7 };
  };
  const footprints = new Footprints(host, paths, new SimulatedClock(), { fullness });
  const record = { pod, uid: 'u1', claimed: new Map(claims) as unknown as Claimed, volumesMounted: true };
  assert.deepEqual(
    (await footprints.volumes(record)).map((each) => [each.name, each.claim, each.usedBytes, each.local]),
    [
      ['driven', 'c-driven', 7, false],
      ['raw', 'c-raw', 7, false],
      ['disk', 'c-disk', 6, false],
      ['own', undefined, 7, false],
    ],
  );
  const of = (path: string): string => `/k/pods/u1/${path}`;
  const files = (name: string): string => of(`volumes/kubernetes.io~csi/${name}/mount`);
  assert.deepEqual(asked, [
    files('pv-driven'),
    of('volumeDevices/kubernetes.io~csi/pv-raw/device'),
    files('pv-silent'),
    files('pv-broken'),
    files('own'),
  ]);
});

test('volumes are looked through again after ten seconds, or twenty times as long as it took; nobody waits long', async () => {
  const clock = new SimulatedClock();
  let [looks, takes] = [0, 0];
  const host = new MemoryHost();
  host.usage = async (path) => {
    if (!path.includes('empty-dir')) return { bytes: 0, inodes: 0 };
    looks++;
    await new Promise<void>((resolve) => void clock.after(takes, resolve));
    return { bytes: looks, inodes: 1 };
  };
  const footprints = new Footprints(host, paths, clock);
  const record = { pod: testPod({ volumes: volumes.slice(0, 1) }), uid: 'u1', claimed: new Map(), volumesMounted: true };
  const looked = async (after: number): Promise<number> => {
    await clock.advance(after);
    const both = Promise.all([footprints.of(record), footprints.of(record)]);
    await clock.advance(takes);
    await both;
    return looks;
  };
  assert.deepEqual([await looked(0), await looked(9_000), await looked(1_000)], [1, 1, 2]);
  takes = 3_000;
  await clock.advance(10_000);
  const asked = footprints.of(record);
  await clock.advance(2_000);
  assert.equal((await asked).volumes[0]?.usedBytes, 2, 'what was found before');
  await clock.advance(1_000);
  assert.equal((await footprints.of(record)).volumes[0]?.usedBytes, 3);
  takes = 1_500;
  assert.deepEqual([await looked(60_000), await looked(29_000), await looked(1_000)], [4, 4, 5]);
});
