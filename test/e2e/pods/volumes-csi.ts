import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TestDriver } from '@keelson/kubelet/csi/testdriver';
import { eventually } from '@keelson/testing';
import { CSIDriver, CSINode, Node, PersistentVolume, PersistentVolumeClaim, VolumeAttachment } from '@keelson/types';
import { type Bench, idle, namespace, patience, present, type Subtests, shell } from './bench.ts';

const driverName = 'disks.test';

async function claimedVolume(bench: Bench, name: string): Promise<void> {
  const common = { accessModes: ['ReadWriteOnce'], storageClassName: name };
  const secret = { name: 'csi-secret', namespace };
  const csi = {
    driver: driverName,
    volumeHandle: `handle-${name}`,
    fsType: 'ext4',
    nodeStageSecretRef: secret,
    volumeAttributes: { size: 'small' },
  };
  const spec = { ...common, capacity: { storage: '1Mi' }, csi };
  await bench.api.create(PersistentVolume, { metadata: { name }, spec } as unknown as PersistentVolume);
  await bench.api.create(PersistentVolumeClaim, {
    metadata: { name, namespace },
    spec: { ...common, resources: { requests: { storage: '1Mi' } } },
  } as unknown as PersistentVolumeClaim);
}

/** What an attacher beside the controller manager does. */
async function attach(bench: Bench): Promise<VolumeAttachment> {
  const found = await eventually(
    async () => (await bench.api.list(VolumeAttachment)).items.find(({ spec }) => spec.attacher === driverName),
    {
      deadlineMs: patience,
      message: 'the volume is to be attached',
    },
  );
  const status = { attached: true, attachmentMetadata: { device: 'sdz' } };
  const name = present(found.metadata.name);
  return bench.api.patch(VolumeAttachment, { name }, 'application/merge-patch+json', { status }, { subresource: 'status' });
}

/** Storage drivers: registered, attached, staged and published, and all of it back. */
export const csi: Subtests = {
  async 'a storage driver makes itself known, mounts volumes of claims and of pods, and is gone again'(bench) {
    const root = join(bench.cluster.dataDir, 'kubelet', bench.cluster.netns);
    const directory = (handle: string): string => join(bench.work, 'csi', handle);
    const driver = new TestDriver({ name: driverName, root, directory });
    await bench.api.create(CSIDriver, {
      metadata: { name: driverName },
      spec: { attachRequired: true, podInfoOnMount: true, volumeLifecycleModes: ['Persistent', 'Ephemeral'] },
    } as unknown as CSIDriver);
    await bench.secret('csi-secret', { key: 'value' });
    const volumeMounts = [
      { name: 'data', mountPath: '/data' },
      { name: 'own', mountPath: '/own' },
    ];
    const volumes = [
      { name: 'data', persistentVolumeClaim: { claimName: 'csi' } },
      { name: 'own', csi: { driver: driverName, volumeAttributes: { kind: 'own' } } },
    ];
    await claimedVolume(bench, 'csi');
    await bench.create('csi', { securityContext: { fsGroup: 2000 }, containers: [idle({ volumeMounts })], volumes });
    await bench.event(
      'csi',
      'FailedMount',
      /MountVolume.SetUp failed for volume "csi" : kubernetes.io\/csi: .*driver name disks.test not found in the list of registered CSI drivers/,
    );
    await driver.start();
    try {
      const shown = async (): Promise<unknown> => (await bench.api.get(CSINode, { name: bench.cluster.netns })).spec.drivers;
      const wanted = { name: driverName, nodeID: 'test-node', topologyKeys: ['test.csi/rack'], allocatable: { count: 7 } };
      await eventually(async () => JSON.stringify(await shown()).includes('"disks.test"'), {
        deadlineMs: patience,
        message: 'the CSINode names it',
      });
      assert.deepEqual(await shown(), [wanted]);
      await attach(bench);
      await bench.running('csi');
      await bench.event('csi', 'SuccessfulAttachVolume', /AttachVolume.Attach succeeded for volume "csi"/);
      await bench.exec('csi', 'echo -n hi >/data/word; echo -n own >/own/word; [ $(stat -c %g /data) = 2000 ]');
      assert.equal(readFileSync(join(directory('handle-csi'), 'word'), 'utf8'), 'hi');
      checkRequests(driver);
      await checkNode(bench, 'kubernetes.io/csi/disks.test^handle-csi');
      await measured(bench);
      await grow(bench, driver);
      await bench.remove('csi');
      await bench.gone('csi');
      const twice = ['stage', 'publish', 'stage', 'publish', 'expand', 'unpublish'];
      assert.deepEqual(
        driver.calls.filter((call) => call.endsWith('handle-csi')),
        [...twice, 'unpublish', 'unstage'].map((call) => `${call} handle-csi`),
      );
      assert.equal(readFileSync(join(directory('handle-csi'), 'word'), 'utf8'), 'hi');
      const detached = async (): Promise<boolean> => (await bench.api.list(VolumeAttachment)).items.length === 0;
      await eventually(detached, { deadlineMs: patience, message: 'the volume is detached' });
      assert.equal(existsSync(dirname(present(driver.staged[0]).stagingTargetPath)), false);
    } finally {
      await driver.stop();
    }
    await eventually(async () => (await bench.api.get(CSINode, { name: bench.cluster.netns })).spec.drivers?.length === 0, {
      deadlineMs: patience,
    });
    assert.match(await bench.output('csi-after', { containers: [shell('echo fine')] }), /fine/);
  },
};

/** The node tells what it uses, and is told what it has. */
async function checkNode(bench: Bench, name: string): Promise<void> {
  const { status } = await bench.api.get(Node, { name: bench.cluster.netns });
  assert.deepEqual(status?.volumesInUse, [name]);
  await eventually(
    async () => (await bench.api.get(Node, { name: bench.cluster.netns })).status?.volumesAttached?.some((one) => one.name === name),
    { deadlineMs: 10_000, message: 'the node is told of its volume' },
  );
}

/** The driver is asked how full its volumes are, and the kubelet tells. */
async function measured(bench: Bench): Promise<void> {
  const { pods } = JSON.parse(await bench.kubelet('stats/summary'));
  const { volume } = pods.find(({ podRef }: { podRef: { name: string } }) => podRef.name === 'csi');
  const shown = ['data', 'own'].map((wanted) => volume.find(({ name }: { name: string }) => name === wanted));
  assert.deepEqual(
    shown.map(({ usedBytes, capacityBytes, inodesFree, pvcRef }) => [usedBytes, capacityBytes, inodesFree, pvcRef]),
    [
      [40, 100, 7, { name: 'csi', namespace }],
      [40, 100, 7, undefined],
    ],
  );
  const labels = `{namespace="${namespace}",persistentvolumeclaim="csi"}`;
  assert.ok((await bench.kubelet('metrics')).includes(`kubelet_volume_stats_available_bytes${labels} 60`));
}

/** A resizer beside the controller manager makes the volume larger; a new pod of the claim finds out at once. */
async function grow(bench: Bench, driver: TestDriver): Promise<void> {
  const patch = { spec: { capacity: { storage: '2Mi' } } };
  await bench.api.patch(PersistentVolume, { name: 'csi' }, 'application/merge-patch+json', patch);
  const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'csi' } }];
  await bench.create('csi-second', { containers: [idle({ volumeMounts: [{ name: 'data', mountPath: '/data' }] })], volumes });
  const told = async (): Promise<boolean> => {
    const { status } = await bench.api.get(PersistentVolumeClaim, { name: 'csi', namespace });
    return status?.capacity?.storage === '2Mi';
  };
  await eventually(told, { deadlineMs: 20_000, message: 'the claim is told of its size' });
  assert.equal(driver.expanded[0]?.capacityRange?.requiredBytes, BigInt(2 * 2 ** 20));
  await bench.remove('csi-second');
  await bench.gone('csi-second');
}

function checkRequests({ staged, published }: TestDriver): void {
  const [stage] = staged;
  assert.deepEqual([stage?.secrets, stage?.volumeContext, stage?.publishContext], [{ key: 'value' }, { size: 'small' }, { device: 'sdz' }]);
  const one = published.find(({ volumeId }) => volumeId === 'handle-csi');
  assert.equal(one?.stagingTargetPath, stage?.stagingTargetPath);
  assert.equal(one?.volumeContext['csi.storage.k8s.io/pod.name'], 'csi');
  const own = published.find(({ volumeId }) => volumeId !== 'handle-csi');
  assert.match(own?.volumeId ?? '', /^csi-[0-9a-f]{64}$/);
  assert.deepEqual(
    [own?.volumeContext.kind, own?.volumeContext['csi.storage.k8s.io/ephemeral'], own?.stagingTargetPath],
    ['own', 'true', ''],
  );
}
