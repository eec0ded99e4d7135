import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { systemClock } from '@keelson/base';
import { ApiError } from '@keelson/client';
import type { CSIDriver, Kind, Node, PersistentVolume, Pod } from '@keelson/types';
import { volumePath } from '../config/paths.ts';
import { testPod } from '../pod/testpod.ts';
import { DiskHost } from '../volume/disk.ts';
import { CsiDriver } from './driver.ts';
import { type CsiVolume, csiOfClaim, csiOfPod } from './plan.ts';
import { TestDriver } from './testdriver.ts';
import { CsiVolumes } from './volumes.ts';

/** Mounting needs root, and a kernel that lets it. */
function mayMount(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'true'], { stdio: 'ignore' });
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
}

const name = 'd';
const attachment = { metadata: {}, status: { attached: true, attachmentMetadata: { device: 'sdz' } } };

function claimed(spec: object = {}, csi: object = {}): CsiVolume {
  const source = { driver: name, volumeHandle: 'h', fsType: 'ext4', ...csi };
  const volume = { metadata: { name: 'pv' }, spec: { accessModes: ['ReadWriteOnce'], csi: source, ...spec } };
  const found = csiOfClaim(volume as unknown as PersistentVolume, false);
  assert.ok(found);
  return found;
}

/** A node with one driver. `spec` is what the cluster says of the driver; `attached` what attaching came to. */
async function bench(t: TestContext, spec: object, attached: object | undefined = attachment) {
  const root = await mkdtemp(join(tmpdir(), 'kubelet-csi-'));
  const directory = (handle: string): string => join(root, 'disks', handle);
  const driver = new TestDriver({ name, root, directory, device: '/dev/null' });
  await driver.start();
  const client = new CsiDriver(join(root, 'plugins', name, 'csi.sock'), systemClock);
  t.after(async () => {
    client.close();
    await driver.stop();
    await new DiskHost().remove(root);
    await rm(root, { recursive: true, force: true });
  });
  const objects: Record<string, object | undefined> = {
    CSIDriver: { metadata: { name }, spec } as CSIDriver,
    VolumeAttachment: attached,
    Secret: { data: { key: Buffer.from('value').toString('base64') } },
  };
  const state = { registered: true, reporting: true, reports: 0, node: { metadata: { name: 'n' } } as Node };
  const get = async ({ kind }: Kind<unknown>) => {
    const found = objects[kind];
    if (!found) throw new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' } as never, 404);
    return found;
  };
  const volumes = new CsiVolumes({
    api: { get } as never,
    tokens: { hold: async () => ({ token: 't', expiresAt: 0 }), forget: () => undefined },
    nodeName: 'n',
    root,
    driver: () => (state.registered ? client : undefined),
    node: () => state.node,
    report: async () => {
      state.reports++;
      if (state.reporting) state.node = { ...state.node, status: { volumesInUse: [...(await volumes.inUse())] } } as Node;
    },
  });
  return { root, directory, driver, volumes, state, podDirectory: join(root, 'pods/u1'), target: (one: CsiVolume) => targetOf(root, one) };
}

function targetOf(root: string, volume: CsiVolume): string {
  const paths = { root, logs: root };
  const own = { name: volume.name, csi: { driver: name } };
  if (volume.handle === undefined) return volumePath(paths, 'u1', own as never) ?? '';
  const source = { type: 'csi', csi: volume } as const;
  return (
    volumePath(paths, 'u1', { name: volume.name, claim: 'c', source, readOnly: false, block: volume.block, volume: {} as never }) ?? ''
  );
}

const pod: Pod = testPod({ volumes: [] });

describe('volumes of drivers', { skip: mayMount() ? false : 'needs root' }, () => {
  test('an attached volume is told of, staged, published, enlarged, and all of it back', async (t) => {
    const { root, driver, volumes, state, podDirectory, directory, target } = await bench(t, { tokenRequests: [{ audience: 'a' }] });
    const volume = claimed({}, { nodeStageSecretRef: { name: 's' }, nodeExpandSecretRef: { name: 's' } });
    state.reporting = false;
    await assert.rejects(volumes.mount(pod, volume, target(volume)), /has not been added to the list of VolumesInUse/);
    state.reporting = true;
    await volumes.mount(pod, volume, target(volume));
    writeFileSync(join(target(volume), 'file'), 'x');
    assert.equal(readFileSync(join(directory('h'), 'file'), 'utf8'), 'x');
    assert.deepEqual(await volumes.inUse(), ['kubernetes.io/csi/d^h']);
    const [published] = driver.published;
    assert.deepEqual([driver.staged[0]?.secrets, published?.publishContext], [{ key: 'value' }, { device: 'sdz' }]);
    const tokens = JSON.parse(published?.volumeContext['csi.storage.k8s.io/serviceAccount.tokens'] ?? '');
    assert.deepEqual(tokens, { a: { token: 't', expirationTimestamp: '1970-01-01T00:00:00Z' } });
    await volumes.expand(volume, target(volume), 4096);
    const [asked] = driver.expanded;
    assert.deepEqual(
      [asked?.volumePath, asked?.capacityRange?.requiredBytes, asked?.secrets],
      [published?.stagingTargetPath, 4096n, { key: 'value' }],
    );
    const reports = state.reports;
    await volumes.unmountAll(podDirectory);
    assert.deepEqual(driver.calls, ['stage h', 'publish h', 'expand h', 'unpublish h', 'unstage h']);
    assert.deepEqual([await volumes.inUse(), state.reports], [[], reports + 1]);
    assert.equal(existsSync(published?.stagingTargetPath ?? root), false);
  });

  test('a volume as a device', async (t) => {
    const { driver, volumes, podDirectory, target } = await bench(t, { attachRequired: false });
    const volume = claimed({ volumeMode: 'Block' });
    await volumes.mount(pod, volume, target(volume));
    assert.ok(target(volume).endsWith('/pods/u1/volumeDevices/kubernetes.io~csi/pv/device'));
    assert.ok(statSync(target(volume)).isCharacterDevice());
    assert.deepEqual([driver.published[0]?.volumeCapability?.block, driver.published[0]?.volumeCapability?.mount], [{}, undefined]);
    assert.deepEqual(await volumes.inUse(), []);
    await volumes.unmountAll(podDirectory);
    assert.equal(existsSync(target(volume)), false);
  });

  test('what a driver wants is mounted again and again, and nothing else', async (t) => {
    for (const requiresRepublish of [true, false]) {
      const { driver, volumes, target } = await bench(t, { requiresRepublish });
      const own = csiOfPod(pod, { name: 'own', csi: { driver: name } } as never);
      assert.ok(own);
      await volumes.mount(pod, own, target(own));
      await volumes.refresh(pod, own, target(own));
      assert.equal(driver.published.length, requiresRepublish ? 2 : 1);
    }
  });

  test('a driver that measures its volumes is asked how full they are', async (t) => {
    const { driver, volumes, target } = await bench(t, { attachRequired: false });
    const full = { capacityBytes: 100, availableBytes: 60, usedBytes: 40, inodes: 10, inodesFree: 7, inodesUsed: 3 };
    for (const volume of [claimed(), csiOfPod(pod, { name: 'own', csi: { driver: name } } as never)]) {
      assert.ok(volume);
      await assert.rejects(volumes.fullness(pod, volume, target(volume)), /nothing is at/);
      await volumes.mount(pod, volume, target(volume));
      assert.deepEqual(await volumes.fullness(pod, volume, target(volume)), full);
    }
    const silent = await bench(t, { attachRequired: false });
    silent.driver.abilities.delete('GET_VOLUME_STATS');
    assert.equal(await silent.volumes.fullness(pod, claimed(), silent.target(claimed())), undefined);
    assert.deepEqual(driver.calls, ['stage h', 'publish h', `publish ${driver.published[1]?.volumeId}`]);
  });

  test('what was never mounted is let go without its driver', async (t) => {
    const { volumes, state, podDirectory, target } = await bench(
      t,
      {},
      { metadata: { deletionTimestamp: 'now' }, status: { attached: true } },
    );
    const volume = claimed();
    await assert.rejects(
      volumes.mount(pod, volume, target(volume)),
      /timed out waiting for external-attacher of d CSI driver to attach volume h/,
    );
    state.registered = false;
    await volumes.unmountAll(podDirectory);
    assert.deepEqual(await volumes.inUse(), []);
  });
});
