import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CSIDriver, Node, PersistentVolume, Volume } from '@keelson/types';
import { Mode, VolumeUsage_Unit as Unit } from '../cri/grpc/codec/csi.ts';
import { testPod } from '../pod/testpod.ts';
import {
  attachableName,
  type CsiVolume,
  capabilityOf,
  contextOf,
  csiNodeDriver,
  csiNodeOf,
  csiOfClaim,
  csiOfPod,
  fullnessOf,
  podTokens,
  takesGroup,
  tokenWishes,
} from './plan.ts';

function claimed(spec: object = {}, csi: object = {}): CsiVolume {
  const volume = {
    metadata: { name: 'pv' },
    spec: { accessModes: ['ReadWriteOnce'], csi: { driver: 'd', volumeHandle: 'h', ...csi }, ...spec },
  };
  const found = csiOfClaim(volume as unknown as PersistentVolume, false);
  assert.ok(found);
  return found;
}

function ownVolume(fsType: string): CsiVolume {
  const found = csiOfPod(testPod(), { name: 'v', csi: { driver: 'd', fsType } } as Volume);
  assert.ok(found);
  return found;
}

const driver = (spec: object): CSIDriver => ({ metadata: { name: 'd' }, spec }) as unknown as CSIDriver;

test('what is asked of a driver for a claim, and for a volume of the pod itself', () => {
  const one = claimed(
    { mountOptions: ['noatime'] },
    { fsType: 'xfs', volumeAttributes: { a: 'b' }, nodeStageSecretRef: { name: 's', namespace: 'n' }, nodeExpandSecretRef: { name: 'e' } },
  );
  assert.deepEqual(
    [one.name, one.handle, one.readOnly, one.attributes, one.secrets],
    ['pv', 'h', false, { a: 'b' }, { stage: { name: 's', namespace: 'n' }, publish: undefined, expand: { name: 'e', namespace: '' } }],
  );
  assert.deepEqual(capabilityOf(one, { group: 7 }), {
    mount: { fsType: 'xfs', mountFlags: ['noatime'], volumeMountGroup: '7' },
    accessMode: { mode: Mode.SINGLE_NODE_WRITER },
  });
  const own = csiOfPod(testPod(), { name: 'v', csi: { driver: 'd', readOnly: true, nodePublishSecretRef: { name: 's' } } } as Volume);
  assert.deepEqual(
    [own?.name, own?.handle, own?.readOnly, own?.secrets.publish],
    ['v', undefined, true, { namespace: 'default', name: 's' }],
  );
  assert.equal(csiOfPod(testPod(), { name: 'v', emptyDir: {} }), undefined);
});

test('how a volume is used: by the first access mode, of one node as finely as the driver knows it', () => {
  const mode = (accessModes: string[], singleNodeMultiWriter = false) =>
    capabilityOf(claimed({ accessModes }), { singleNodeMultiWriter }).accessMode?.mode;
  assert.equal(mode(['ReadOnlyMany', 'ReadWriteMany']), Mode.MULTI_NODE_READER_ONLY);
  assert.deepEqual([mode(['ReadWriteOnce']), mode(['ReadWriteOncePod'])], [Mode.SINGLE_NODE_WRITER, Mode.SINGLE_NODE_WRITER]);
  assert.deepEqual(
    [mode(['ReadWriteOnce'], true), mode(['ReadWriteOncePod'], true)],
    [Mode.SINGLE_NODE_MULTI_WRITER, Mode.SINGLE_NODE_SINGLE_WRITER],
  );
  const block = capabilityOf(claimed({ volumeMode: 'Block', mountOptions: ['noatime'] }, { fsType: 'xfs' }), {});
  assert.deepEqual([block.block, block.mount], [{}, undefined]);
});

test('a driver is given the tokens it asks for, where it asks for them', () => {
  const asks = { tokenRequests: [{ audience: 'vault', expirationSeconds: 700 }, { audience: '' }] };
  assert.deepEqual(tokenWishes(driver(asks)), [
    { audience: 'vault', expirationSeconds: 700 },
    { audience: '', expirationSeconds: 3600 },
  ]);
  assert.deepEqual(tokenWishes(undefined), []);
  const held = [{ audience: 'vault', token: 't', expiresAt: Date.parse('2026-01-02T03:04:05Z') }];
  const text = '{"vault":{"token":"t","expirationTimestamp":"2026-01-02T03:04:05Z"}}';
  const key = 'csi.storage.k8s.io/serviceAccount.tokens';
  assert.deepEqual(podTokens(held, driver(asks)), { context: { [key]: text }, secrets: {} });
  assert.deepEqual(podTokens(held, driver({ ...asks, serviceAccountTokenInSecrets: true })), { context: {}, secrets: { [key]: text } });
  assert.deepEqual(podTokens([], undefined), { context: {}, secrets: {} });
});

test('what the node says it uses, of volumes that are attached', () => {
  assert.equal(attachableName(claimed(), undefined), 'kubernetes.io/csi/d^h');
  assert.equal(attachableName(claimed(), driver({ attachRequired: false })), undefined);
  const own = csiOfPod(testPod(), { name: 'v', csi: { driver: 'd' } } as Volume);
  assert.equal(own && attachableName(own, undefined), undefined);
});

test('a driver is told of the pod when it asks', () => {
  const one = claimed({}, { volumeAttributes: { a: 'b' } });
  assert.deepEqual(contextOf(testPod(), one, undefined), { a: 'b' });
  const told = contextOf(testPod(), one, driver({ podInfoOnMount: true }));
  assert.deepEqual([told.a, told['csi.storage.k8s.io/pod.name'], told['csi.storage.k8s.io/ephemeral']], ['b', 'web', 'false']);
});

test('groups are given by the driver’s policy', () => {
  const cases: ReadonlyArray<readonly [CsiVolume, object | undefined, boolean]> = [
    [claimed(), undefined, false],
    [claimed({}, { fsType: 'ext4' }), undefined, true],
    [claimed({ accessModes: ['ReadWriteMany'] }, { fsType: 'ext4' }), undefined, false],
    [claimed({ accessModes: ['ReadWriteMany', 'ReadWriteOnce'] }, { fsType: 'ext4' }), undefined, true],
    [claimed({ accessModes: ['ReadWriteMany'] }), { fsGroupPolicy: 'File' }, true],
    [ownVolume('ext4'), undefined, true],
    [ownVolume(''), undefined, false],
    [claimed({}, { fsType: 'ext4' }), { fsGroupPolicy: 'None' }, false],
    [claimed({}, { readOnly: true }), { fsGroupPolicy: 'File' }, false],
  ];
  for (const [volume, spec, wanted] of cases) assert.equal(takesGroup(volume, spec && driver(spec)), wanted);
});

test('the CSINode tells of the drivers there are', () => {
  const node = { metadata: { name: 'n', uid: 'u' } } as Node;
  const one = csiNodeDriver('d', 'id', 3, { zone: 'a', rack: 'b' });
  assert.deepEqual(one, { name: 'd', nodeID: 'id', topologyKeys: ['rack', 'zone'], allocatable: { count: 3 } });
  const made = csiNodeOf(node, undefined, [one]);
  assert.deepEqual(made.metadata.ownerReferences, [{ apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'u' }]);
  assert.deepEqual(csiNodeOf(node, made, []).spec.drivers, []);
  assert.equal(csiNodeDriver('d', 'id', 0, {}).allocatable, undefined);
});

test('how full a volume is: bytes and inodes, nought for what is not told', () => {
  const usage = (unit: Unit, total: bigint) => ({ unit, total, available: total - 1n, used: 1n });
  const bytes = { capacityBytes: 10, availableBytes: 9, usedBytes: 1 };
  assert.deepEqual(fullnessOf([usage(Unit.BYTES, 10n), usage(Unit.INODES, 5n)]), { ...bytes, inodes: 5, inodesFree: 4, inodesUsed: 1 });
  assert.deepEqual(fullnessOf([usage(Unit.BYTES, 10n)]), { ...bytes, inodes: 0, inodesFree: 0, inodesUsed: 0 });
  assert.equal(fullnessOf([]), undefined);
  assert.throws(() => fullnessOf([usage(Unit.UNKNOWN, 1n)]), /unknown key/);
});
