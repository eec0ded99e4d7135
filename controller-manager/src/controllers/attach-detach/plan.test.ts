import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CSIDriver, Node, PersistentVolume, PersistentVolumeClaim, Pod, VolumeAttachment } from '@keelson/types';
import { planAttachments, type View } from './plan.ts';

const pod = (name: string, claimName = 'c'): Pod =>
  ({
    metadata: { name, namespace: 'ns' },
    spec: { nodeName: 'n1', volumes: [{ name: 'v', persistentVolumeClaim: { claimName } }] },
  }) as unknown as Pod;

const ended = (name: string): Pod => ({ ...pod(name), status: { phase: 'Succeeded' } });

const claim = {
  metadata: { name: 'c', namespace: 'ns', uid: 'u' },
  spec: { volumeName: 'pv' },
  status: { phase: 'Bound' },
} as PersistentVolumeClaim;

const volume = {
  metadata: { name: 'pv' },
  spec: { accessModes: ['ReadWriteOnce'], claimRef: { name: 'c', namespace: 'ns', uid: 'u' }, csi: { driver: 'd', volumeHandle: 'h' } },
} as unknown as PersistentVolume;

const attachment = (nodeName: string, status?: object): VolumeAttachment =>
  ({
    metadata: { name: `h-d-${nodeName}` },
    spec: { attacher: 'd', nodeName, source: { persistentVolumeName: 'pv' } },
    status,
  }) as unknown as VolumeAttachment;

const minute = 60_000;

function node(ready: string, volumesInUse: string[] = [], taints: object[] = []): Node {
  return {
    metadata: { name: 'n1' },
    spec: { taints },
    status: { conditions: [{ type: 'Ready', status: ready }], volumesInUse },
  } as unknown as Node;
}

interface More {
  readonly driver?: object;
  readonly node?: Node;
  readonly elsewhere?: readonly Pod[];
  /** How long what is no longer wanted has been waited for. */
  readonly waited?: number;
}

function plan(pods: readonly Pod[], attachments: readonly VolumeAttachment[] = [], { driver, ...more }: More = {}) {
  const view: View = {
    nodeName: 'n1',
    node: more.node,
    waited: () => more.waited ?? 0,
    pods,
    podsOn: () => more.elsewhere ?? [],
    attachments,
    claim: (key) => (key === 'ns/c' ? claim : undefined),
    volume: (name) => (name === 'pv' ? volume : undefined),
    driver: () => driver && ({ spec: driver } as unknown as CSIDriver),
    nameOf: (...parts) => parts.join('-'),
  };
  const { create, remove, notices, attached, waiting } = planAttachments(view);
  return {
    create: create.map(({ metadata }) => metadata.name),
    remove,
    ...(attached.length > 0 && { attached: attached.map(({ name }) => name) }),
    ...(waiting.length > 0 && { waiting }),
    told: notices.map((one) => `${one.pod.metadata.name} ${one.reason}: ${one.message}`),
  };
}

const nothing = { create: [], remove: [], told: [] };

test('a volume is attached once for all pods of a node, where its driver asks for that', () => {
  assert.deepEqual(plan([pod('a'), pod('b')]), { ...nothing, create: ['h-d-n1'] });
  assert.deepEqual(plan([pod('a')], [], { driver: { attachRequired: false } }), nothing);
  assert.deepEqual(plan([pod('a', 'other')]), nothing);
});

test('what no pod uses is detached, from this node only, and once', () => {
  assert.deepEqual(plan([], [attachment('n1'), attachment('n2')]), { ...nothing, remove: ['h-d-n1'] });
  const leaving = attachment('n1');
  assert.deepEqual(plan([], [{ ...leaving, metadata: { ...leaving.metadata, deletionTimestamp: 'now' } }]), nothing);
});

test('a volume for one node waits until the other has let it go', () => {
  const message = `Multi-Attach error for volume "pv" Volume is already exclusively attached to one node and can't be attached to another`;
  assert.deepEqual(plan([pod('a')], [attachment('n2')]), { ...nothing, told: [`a FailedAttachVolume: ${message}`] });
  const elsewhere = [pod('b'), ended('d'), pod('c')];
  const used = 'Multi-Attach error for volume "pv" Volume is already used by pod(s) b, c';
  assert.deepEqual(plan([pod('a')], [attachment('n2')], { elsewhere }), { ...nothing, told: [`a FailedAttachVolume: ${used}`] });
});

test('a pod that has ended holds nothing but what its node has mounted', () => {
  const left = [attachment('n1', { attached: true })];
  assert.deepEqual(plan([ended('a')], left, { node: node('True') }), { ...nothing, remove: ['h-d-n1'] });
  const name = 'kubernetes.io/csi/d^h';
  assert.deepEqual(plan([ended('a')], left, { node: node('True', [name]) }), { ...nothing, attached: [name], waiting: ['h-d-n1'] });
  assert.deepEqual(plan([ended('a')]), nothing);
});

test('what a node uses is not detached from it, unless the node is gone for good', () => {
  const name = 'kubernetes.io/csi/d^h';
  const left = [attachment('n1', { attached: true })];
  const waits = { ...nothing, attached: [name], waiting: ['h-d-n1'] };
  const detached = { ...nothing, remove: ['h-d-n1'] };
  assert.deepEqual(plan([], left, { node: node('True', [name]) }), waits);
  assert.deepEqual(plan([], left, { node: node('True', [name]), waited: 60 * minute }), waits);
  assert.deepEqual(plan([], left, { node: node('Unknown', [name]), waited: 5 * minute }), waits);
  assert.deepEqual(plan([], left, { node: node('Unknown', [name]), waited: 6 * minute }), detached);
  const taint = { key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' };
  assert.deepEqual(plan([], left, { node: node('Unknown', [name], [taint]) }), detached);
  assert.deepEqual(plan([], left, { node: node('True') }), detached);
});

test('the node is told what is attached to it', () => {
  assert.deepEqual(plan([pod('a')], [attachment('n1', { attached: true })], { node: node('True') }).attached, ['kubernetes.io/csi/d^h']);
  assert.equal(plan([pod('a')], [attachment('n1', { attached: false })], { node: node('True') }).attached, undefined);
});

test('what came of it is told', () => {
  assert.deepEqual(plan([pod('a')], [attachment('n1', { attached: true })]).told, [
    'a SuccessfulAttachVolume: AttachVolume.Attach succeeded for volume "pv" ',
  ]);
  assert.deepEqual(plan([pod('a')], [attachment('n1', { attached: false, attachError: { message: 'no' } })]).told, [
    'a FailedAttachVolume: AttachVolume.Attach failed for volume "pv" : no',
  ]);
});
