import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CSINode, PersistentVolume, PersistentVolumeClaim, Pod, StorageClass, VolumeAttributesClass } from '@keelson/types';
import { alignTabs } from '../printers/tabwriter.ts';
import { claimLines } from './claims.ts';
import type { Lines } from './lines.ts';
import { persistentVolumeLines } from './persistent-volume.ts';
import { csiNodeLines, storageClassLines, volumeAttributesClassLines } from './storage.ts';
import { volumesLines } from './volumes.ts';

/*
 * What upstream's kubectl 1.36 printed of the same objects. Time is told in the machine's zone: the clock's part is cut off.
 */

const printed = (lines: Lines): string[] =>
  alignTabs(lines.join('\n'))
    .replace(/(\w{3}, \d\d \w{3} \d{4}) \d\d:\d\d:\d\d [+-]\d{4}/g, '$1')
    .split('\n')
    .map((line) => line.trimEnd());

const now = Date.parse('2026-01-01T00:02:00Z');

test('a PersistentVolume and where it can be reached from', () => {
  const volume: PersistentVolume = {
    metadata: { name: 'pv-local', labels: { a: 'b' }, finalizers: ['kubernetes.io/pv-protection'] },
    spec: {
      ...{ capacity: { storage: '1024Mi' }, accessModes: ['ReadWriteMany', 'ReadWriteOnce'], volumeMode: 'Filesystem' },
      ...{ persistentVolumeReclaimPolicy: 'Retain', storageClassName: 'fast', local: { path: '/x' } },
      claimRef: { namespace: 'full', name: 'claim' },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            {
              matchExpressions: [
                { key: 'host', operator: 'In', values: ['n1', 'n2'] },
                { key: 'x', operator: 'Exists' },
              ],
            },
            { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['b'] }] },
          ],
        },
      },
    },
    status: { phase: 'Bound' },
  };
  assert.deepEqual(printed(persistentVolumeLines(volume, now)), [
    'Name:              pv-local',
    'Labels:            a=b',
    'Annotations:       <none>',
    'Finalizers:        [kubernetes.io/pv-protection]',
    'StorageClass:      fast',
    'Status:            Bound',
    'Claim:             full/claim',
    'Reclaim Policy:    Retain',
    'Access Modes:      RWO,RWX',
    'VolumeMode:        Filesystem',
    'Capacity:          1Gi',
    'Node Affinity:',
    '  Required Terms:',
    '    Term 0:        host in [n1, n2]',
    '                   x exists',
    '    Term 1:        <none>',
    'Message:',
    'Source:',
    '    Type:  LocalVolume (a persistent volume backed by local storage on a node)',
    '    Path:  /x',
  ]);
});

type Source = Partial<NonNullable<PersistentVolume['spec']>>;

const sources: readonly { readonly name: string; readonly source: Source; readonly lines: readonly string[] }[] = [
  {
    name: 'csi',
    source: { csi: { driver: 'd', volumeHandle: 'h', volumeAttributes: { a: 'b', c: 'd' } } },
    lines: [
      '    Type:              CSI (a Container Storage Interface (CSI) volume source)',
      '    Driver:            d',
      '    FSType:',
      '    VolumeHandle:      h',
      '    ReadOnly:          false',
      '    VolumeAttributes:      a=b',
      '                           c=d',
    ],
  },
  {
    name: 'iscsi',
    source: { iscsi: { targetPortal: '1.2.3.4', iqn: 'i', lun: 0, secretRef: { name: 's', namespace: 'n2' } } },
    lines: [
      "    Type:               ISCSI (an ISCSI Disk resource that is attached to a kubelet's host machine and then exposed to the pod)",
      '    TargetPortal:       1.2.3.4',
      '    IQN:                i',
      '    Lun:                0',
      '    ISCSIInterface',
      '    FSType:',
      '    ReadOnly:           false',
      '    Portals:            []',
      '    DiscoveryCHAPAuth:  false',
      '    SessionCHAPAuth:    false',
      '    SecretRef:          &SecretReference{Name:s,Namespace:n2,}',
      '    InitiatorName:      <none>',
    ],
  },
  {
    name: 'glusterfs',
    source: { glusterfs: { endpoints: 'e', path: 'p' } },
    lines: [
      "    Type:                Glusterfs (a Glusterfs mount on the host that shares a pod's lifetime)",
      '    EndpointsName:       e',
      '    EndpointsNamespace:  <unset>',
      '    Path:                p',
      '    ReadOnly:            false',
    ],
  },
  {
    name: 'flexVolume',
    source: { flexVolume: { driver: 'a/b', options: { c: 'd', a: 'b' } } },
    lines: [
      '    Type:       FlexVolume (a generic volume resource that is provisioned/attached using an exec based plugin)',
      '    Driver:     a/b',
      '    FSType:',
      '    SecretRef:  nil',
      '    ReadOnly:   false',
      '    Options:    map[a:b c:d]',
    ],
  },
  { name: 'nothing known', source: {}, lines: ['  <unknown>'] },
];

test('what a PersistentVolume is on', () => {
  for (const { name, source, lines } of sources) {
    const all = printed(persistentVolumeLines({ metadata: { name }, spec: source }, now));
    assert.deepEqual(all.slice(all.indexOf('Source:') + 1), lines, name);
  }
});

const claim: PersistentVolumeClaim = {
  metadata: { name: 'claim', namespace: 'full', finalizers: ['kubernetes.io/pvc-protection'] },
  spec: {
    ...{ storageClassName: 'fast', volumeName: 'pv-hp', volumeMode: 'Block', accessModes: ['ReadWriteOnce'] },
    dataSource: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'snap' },
  },
  status: {
    ...{ phase: 'Bound', capacity: { storage: '1Gi' }, accessModes: ['ReadOnlyMany', 'ReadWriteOnce'] },
    conditions: [
      { type: 'Resizing', status: 'True', reason: 'R', message: 'm', lastTransitionTime: '2026-01-01T00:00:00Z' },
      { type: 'FileSystemResizePending', status: 'True' },
    ],
  },
};

test('a claim, who uses it and what becomes of it', () => {
  const users = ['one', 'claim'].map((name) => ({
    metadata: { name },
    spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'claim' } }] },
  }));
  const ephemeral = { metadata: { name: 'other' }, spec: { volumes: [{ name: 'v', ephemeral: {} }] } };
  assert.deepEqual(printed(claimLines(claim, [...users, ephemeral] as Pod[], now)), [
    'Name:          claim',
    'Namespace:     full',
    'StorageClass:  fast',
    'Status:        Bound',
    'Volume:        pv-hp',
    'Labels:        <none>',
    'Annotations:   <none>',
    'Finalizers:    [kubernetes.io/pvc-protection]',
    'Capacity:      1Gi',
    'Access Modes:  RWO,ROX',
    'VolumeMode:    Block',
    'DataSource:',
    '  APIGroup:  snapshot.storage.k8s.io',
    '  Kind:      VolumeSnapshot',
    '  Name:      snap',
    'Used By:     claim',
    '             one',
    'Conditions:',
    '  Type                      Status  LastProbeTime                     LastTransitionTime                Reason  Message',
    '  ----                      ------  -----------------                 ------------------                ------  -------',
    '  Resizing                  True    Mon, 01 Jan 0001   Thu, 01 Jan 2026   R       m',
    '  FileSystemResizePending   True    Mon, 01 Jan 0001   Mon, 01 Jan 0001',
  ]);
  const leaving = { ...claim, metadata: { ...claim.metadata, deletionTimestamp: '2026-01-01T00:00:42Z' } };
  assert.ok(printed(claimLines(leaving, [], now)).includes('Status:        Terminating (lasts 78s)'));
});

test('a volume made for its pod says so of its claim, further in', () => {
  const volumeClaimTemplate = {
    metadata: { labels: { a: 'b', c: 'd' }, annotations: { q: 'r\ns', x: 'z' } },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'fast', volumeMode: 'Filesystem' },
  };
  assert.deepEqual(printed(volumesLines([{ name: 'eph3', ephemeral: { volumeClaimTemplate } }], false)), [
    'Volumes:',
    '  eph3:',
    '    Type:          EphemeralVolume (an inline specification for a volume that gets created and deleted with the pod)',
    '    StorageClass:  fast',
    '    Volume:',
    '    Labels:            a=b',
    '                       c=d',
    '    Annotations:       q:',
    '                     r',
    '                     s',
    '                       x: z',
    '    Capacity:',
    '    Access Modes:',
    '    VolumeMode:    Filesystem',
  ]);
});

test('classes of storage and of its attributes', () => {
  const storageClass: StorageClass = {
    ...{ metadata: { name: 'fast', annotations: { 'storageclass.beta.kubernetes.io/is-default-class': 'true' } }, provisioner: 'p' },
    ...{ parameters: { b: 'c', a: 'd' }, mountOptions: ['ro'], reclaimPolicy: 'Retain', volumeBindingMode: 'Immediate' },
    allowedTopologies: [
      {
        matchLabelExpressions: [
          { key: 'zone', values: ['a', 'b'] },
          { key: 'q', values: ['r'] },
        ],
      },
      { matchLabelExpressions: [{ key: 'zone2', values: ['c'] }] },
    ],
  };
  assert.deepEqual(printed(storageClassLines(storageClass)), [
    'Name:                  fast',
    'IsDefaultClass:        Yes',
    'Annotations:           storageclass.beta.kubernetes.io/is-default-class=true',
    'Provisioner:           p',
    'Parameters:            a=d,b=c',
    'AllowVolumeExpansion:  <unset>',
    'MountOptions:',
    '  ro',
    'ReclaimPolicy:      Retain',
    'VolumeBindingMode:  Immediate',
    'AllowedTopologies:',
    '  Term 0:           zone in [a, b]',
    '                    q in [r]',
    '  Term 1:           zone2 in [c]',
  ]);
  const attributes: VolumeAttributesClass = {
    metadata: { name: 'vac' },
    driverName: 'd.example.com',
    parameters: { iops: '100', x: 'yy' },
  };
  assert.deepEqual(printed(volumeAttributesClassLines(attributes)), [
    'Name:         vac',
    'Annotations:  <none>',
    'DriverName:   d.example.com',
    'Parameters:   iops=100,x=yy',
  ]);
});

test('the drivers of a node', () => {
  const node: CSINode = {
    metadata: { name: 'csin', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      drivers: [
        { name: 'd.example.com', nodeID: 'n1', topologyKeys: ['a', 'b'], allocatable: { count: 5 } },
        { name: 'e.example.com', nodeID: 'n1' },
      ],
    },
  };
  assert.deepEqual(printed(csiNodeLines(node)), [
    'Name:               csin',
    'Labels:             <none>',
    'Annotations:        <none>',
    'CreationTimestamp:  Thu, 01 Jan 2026',
    'Spec:',
    '  Drivers:',
    '    d.example.com:',
    '      Node ID:  n1',
    '      Allocatables:',
    '        Count:        5',
    '      Topology Keys:  [a b]',
    '    e.example.com:',
    '      Node ID:  n1',
  ]);
});
