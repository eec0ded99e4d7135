import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRandom } from '@keelson/base';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '@keelson/types';
import { Cycle } from '../cycle/cycle.ts';
import { preemptionMessage, unschedulableMessage } from '../cycle/message.ts';
import { plugins } from '../plugins/index.ts';
import { info, node, pod, table } from '../testdata.ts';
import { choose } from './choose.ts';
import { podVolumes } from './claims.ts';
import type { PodVolumes, VolumeView } from './types.ts';

const local = { provisioner: 'kubernetes.io/no-provisioner', volumeBindingMode: 'WaitForFirstConsumer' } as StorageClass;
const made = { metadata: { name: 'made' }, provisioner: 'csi.example', volumeBindingMode: 'WaitForFirstConsumer' } as StorageClass;

interface ClaimFacts {
  readonly size?: string;
  readonly className?: string;
  readonly volume?: string;
  readonly metadata?: object;
  readonly status?: object;
  readonly modes?: readonly string[];
}

function claim(
  name: string,
  { size = '1Gi', className = 'local', volume, metadata, status, modes = [] }: ClaimFacts = {},
): PersistentVolumeClaim {
  const annotations = volume ? { 'pv.kubernetes.io/bind-completed': 'yes' } : {};
  return {
    metadata: { name, namespace: 'ns', uid: `uid-${name}`, annotations, ...metadata },
    spec: { storageClassName: className, volumeName: volume, accessModes: modes, resources: { requests: { storage: size } } },
    status: status ?? { phase: volume ? 'Bound' : 'Pending' },
  } as unknown as PersistentVolumeClaim;
}

function volume(name: string, size: string, on?: string, metadata: object = {}): PersistentVolume {
  const values = [on];
  const terms = [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values }] }];
  return {
    metadata: { name, ...metadata },
    spec: {
      capacity: { storage: size },
      storageClassName: 'local',
      ...(on ? { nodeAffinity: { required: { nodeSelectorTerms: terms } } } : {}),
    },
  } as unknown as PersistentVolume;
}

function view(
  claims: readonly PersistentVolumeClaim[],
  volumes: readonly PersistentVolume[] = [],
  more: Partial<VolumeView> = {},
): VolumeView {
  const classes = new Map([
    ['local', local],
    ['made', made],
    ['now', { provisioner: 'x', volumeBindingMode: 'Immediate' } as StorageClass],
  ]);
  return {
    claim: (key) => claims.find(({ metadata }) => `${metadata.namespace}/${metadata.name}` === key),
    volume: (name) => volumes.find(({ metadata }) => metadata.name === name),
    storageClass: (name) => classes.get(name),
    candidates: () => volumes,
    csiNode: () => undefined,
    attachments: () => [],
    tellsCapacity: () => false,
    capacities: () => [],
    ...more,
  };
}

const using = (...names: string[]): object => ({ volumes: names.map((name) => ({ name, persistentVolumeClaim: { claimName: name } })) });

function volumesOf(spec: object, seen: VolumeView): PodVolumes {
  const found = podVolumes(pod('p', { spec: spec as Record<string, unknown> }), seen);
  assert.ok(found);
  return found;
}

describe('what stands behind the claims of a pod', () => {
  test('nothing, without claims', () =>
    assert.equal(podVolumes(pod('p', { spec: { volumes: [{ name: 'v', emptyDir: {} }] } }), view([])), undefined));

  test('bound ones, and those that wait for a node', () => {
    const { refusal, bound, delayed, exclusive } = volumesOf(
      using('a', 'b', 'c'),
      view(
        [claim('a', { volume: 'pv' }), claim('b', { modes: ['ReadWriteOncePod'] }), claim('c', { volume: 'gone' })],
        [volume('pv', '1Gi')],
      ),
    );
    assert.deepEqual(
      [refusal, bound.map((one) => one?.metadata.name), delayed.length, exclusive],
      [undefined, ['pv', undefined], 1, ['ns/b']],
    );
  });

  const cases: ReadonlyArray<readonly [string, PersistentVolumeClaim | undefined, string]> = [
    ['missing', undefined, 'persistentvolumeclaim "c" not found'],
    ['on its way out', claim('c', { metadata: { deletionTimestamp: 'now' } }), 'persistentvolumeclaim "c" is being deleted'],
    [
      'that lost its volume',
      claim('c', { volume: 'pv', status: { phase: 'Lost' } }),
      'persistentvolumeclaim "c" bound to non-existent persistentvolume "pv"',
    ],
    ['not bound though it could be', claim('c', { className: 'now' }), 'pod has unbound immediate PersistentVolumeClaims'],
  ];
  for (const [what, one, words] of cases) {
    test(`a claim ${what} keeps the pod from every node`, () => {
      const volumes = volumesOf(using('c'), view(one ? [one] : []));
      const cycle = new Cycle(table([node('n1'), node('n2')]), plugins);
      const decision = cycle.decide(info('p'), { volumes }, seededRandom(1));
      assert.ok(decision.type === 'none');
      assert.equal(
        unschedulableMessage(decision.diagnosis, cycle.reasons, [preemptionMessage(decision.diagnosis, cycle.reasons, new Map())]),
        `0/2 nodes are available: ${words}. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.`,
      );
    });
  }

  test('ephemeral volumes wait for a claim of their own', () => {
    const spec = { volumes: [{ name: 'v', ephemeral: {} }] };
    const words = (claims: PersistentVolumeClaim[]) => volumesOf(spec, view(claims)).refusal?.words;
    assert.equal(words([]), 'waiting for ephemeral volume controller to create the persistentvolumeclaim "p-v"');
    assert.equal(words([claim('p-v')]), 'PVC ns/p-v was not created for pod ns/p (pod is not owner)');
    assert.equal(words([claim('p-v', { metadata: { ownerReferences: [{ uid: 'uid-p', controller: true }] } })]), undefined);
  });
});

describe('nodes for volumes', () => {
  const nodes = [node('n1'), node('n2', { labels: { 'topology.kubernetes.io/zone': 'b' } })];
  const told = (volumes: PodVolumes, running: Parameters<typeof table>[1] = {}): string => {
    const cycle = new Cycle(table(nodes, running), plugins);
    const decision = cycle.decide(info('p'), { volumes }, seededRandom(1));
    return decision.type === 'node' ? (nodes[decision.row]?.metadata.name ?? '') : unschedulableMessage(decision.diagnosis, cycle.reasons);
  };

  test('a bound volume is used where it is', () => {
    const seen = (on: string): VolumeView => view([claim('a', { volume: 'pv' })], [volume('pv', '1Gi', on)]);
    assert.equal(told(volumesOf(using('a'), seen('n2'))), 'n2');
    assert.equal(
      told(volumesOf(using('a'), seen('n3'))),
      "0/2 nodes are available: 2 node(s) didn't match PersistentVolume's node affinity.",
    );
    assert.equal(
      told(volumesOf(using('a'), view([claim('a', { volume: 'pv' })]))),
      '0/2 nodes are available: 2 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s).',
    );
  });

  test('claims that wait get volumes of one node', () => {
    const claims = [claim('a'), claim('b')];
    assert.equal(
      told(volumesOf(using('a', 'b'), view(claims, [volume('x', '1Gi', 'n1'), volume('y', '1Gi', 'n2'), volume('z', '1Gi', 'n2')]))),
      'n2',
    );
    assert.equal(
      told(volumesOf(using('a', 'b'), view(claims, [volume('x', '1Gi', 'n1'), volume('y', '1Gi', 'n2')]))),
      "0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind.",
    );
  });

  test('a volume’s zone is kept to', () => {
    const zoned = (zone: string): VolumeView =>
      view([claim('a', { volume: 'pv' })], [volume('pv', '1Gi', undefined, { labels: { 'topology.kubernetes.io/zone': zone } })]);
    assert.equal(told(volumesOf(using('a'), zoned('a__b'))) === '', false);
    assert.equal(told({ ...volumesOf(using('a'), zoned('c')) }), 'n1');
  });

  test('ReadWriteOncePod claims are one pod’s', () => {
    const volumes = volumesOf(using('a'), view([claim('a', { volume: 'pv', modes: ['ReadWriteOncePod'] })], [volume('pv', '1Gi')]));
    const other = pod('other', { spec: using('a') as Record<string, unknown> });
    assert.equal(
      told(volumes, { n1: [other] }),
      '0/2 nodes are available: 2 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode.',
    );
  });
});

describe('what CSI drivers can do', () => {
  const csi = (name: string, handle: string): PersistentVolume => {
    const one = volume(name, '1Gi');
    return { ...one, spec: { ...one.spec, csi: { driver: 'csi.example', volumeHandle: handle } } } as PersistentVolume;
  };
  const told = (volumes: PodVolumes, running: Parameters<typeof table>[1] = {}): string => {
    const cycle = new Cycle(table([node('n1', { labels: { zone: 'a' } })], running), plugins);
    const decision = cycle.decide(info('p'), { volumes }, seededRandom(1));
    return decision.type === 'node' ? 'fits' : unschedulableMessage(decision.diagnosis, cycle.reasons);
  };
  const limited = (count: number): Partial<VolumeView> => ({
    csiNode: () => ({ metadata: { name: 'n1' }, spec: { drivers: [{ name: 'csi.example', nodeID: 'x', allocatable: { count } }] } }),
  });
  const full = '0/1 nodes are available: 1 node(s) exceed max volume count.';
  const claims = [
    claim('a', { volume: 'x' }),
    claim('b', { volume: 'y' }),
    claim('same', { volume: 'x' }),
    claim('c', { className: 'made' }),
  ];
  const volumes = [csi('x', 'hx'), csi('y', 'hy')];
  const other = (...names: string[]) => ({ n1: [pod('other', { spec: using(...names) as Record<string, unknown> })] });

  test('a node takes so many volumes and no more', () => {
    const at = (count: number, ...names: string[]): PodVolumes => volumesOf(using(...names), view(claims, volumes, limited(count)));
    assert.equal(told(at(1, 'a')), 'fits');
    assert.equal(told(at(1, 'a', 'b')), full);
    assert.equal(told(at(1, 'a'), other('b')), full);
    assert.equal(told(at(2, 'a'), other('b')), 'fits');
    assert.equal(told(at(1, 'a'), other('same')), 'fits', 'the same volume counts once');
    assert.equal(told(at(1, 'c'), other('b')), full, 'one that is to be made counts');
    assert.equal(told(volumesOf(using('a', 'b'), view(claims, volumes))), 'fits', 'without a limit');
  });

  test('what is attached counts though no pod uses it', () => {
    const attachment = {
      metadata: { name: 'va' },
      spec: { attacher: 'csi.example', nodeName: 'n1', source: { persistentVolumeName: 'y' } },
    };
    const more = { ...limited(1), attachments: () => [attachment] };
    assert.equal(told(volumesOf(using('a'), view(claims, volumes, more))), full);
    assert.equal(told(volumesOf(using('b'), view(claims, volumes, more))), 'fits');
  });

  test('a volume is made where the driver has room for it', () => {
    const capacity = (capacityLeft: string, zone: string): Partial<VolumeView> => ({
      tellsCapacity: () => true,
      capacities: () => [{ metadata: {}, storageClassName: 'made', capacity: capacityLeft, nodeTopology: { matchLabels: { zone } } }],
    });
    const of = (more: Partial<VolumeView>): string => told(volumesOf(using('c'), view(claims, [], more)));
    assert.equal(of(capacity('1Gi', 'a')), 'fits');
    for (const more of [capacity('1000Mi', 'a'), capacity('1Gi', 'b'), { tellsCapacity: () => true }])
      assert.equal(of(more), '0/1 nodes are available: 1 node(s) did not have enough free storage.');
  });
});

test('the smallest that is enough, to the smallest first; what is not there is made where that can be', () => {
  const claims = [claim('big', { size: '5Gi' }), claim('small')].map((one) => ({ claim: one, storageClass: local }));
  const free = [volume('ten', '10Gi'), volume('six', '6Gi'), volume('two', '2Gi')];
  const names = (delayed: Parameters<typeof choose>[0], volumes = free) =>
    choose(delayed, volumes, node('n1'))?.map(
      (choice) => `${choice.claim.metadata.name} ${choice.type === 'volume' ? choice.volume.metadata.name : '-'}`,
    );
  assert.deepEqual(names(claims), ['small two', 'big six']);
  assert.equal(names(claims, [volume('two', '2Gi')]), undefined);
  const asked = (annotations: object, more: object = {}) => [
    { claim: claim('c', { className: 'made', metadata: { annotations } }), storageClass: { ...made, ...more } },
  ];
  const selected = (name: string): object => ({ 'volume.kubernetes.io/selected-node': name });
  assert.deepEqual(names(asked({})), ['c -']);
  assert.deepEqual(names(asked(selected('n1'))), ['c -']);
  assert.equal(names(asked(selected('n2'))), undefined);
  const zones = { allowedTopologies: [{ matchLabelExpressions: [{ key: 'kubernetes.io/hostname', values: ['n2'] }] }] };
  assert.equal(names(asked({}, zones)), undefined);
});
