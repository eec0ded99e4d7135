import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cells, created, problems, specOf, statusProblems, testTime, updateProblems } from '../../testing/exercise.ts';
import { persistentVolumeKind } from './persistent-volume.ts';
import { persistentVolumeClaimKind } from './persistent-volume-claim.ts';

const modes = ['ReadWriteOnce'];
const claim = (spec: object = {}) => ({ spec: { accessModes: modes, resources: { requests: { storage: '1Gi' } }, ...spec } });
const volume = (spec: object = {}) => ({
  spec: { accessModes: modes, capacity: { storage: '1Gi' }, hostPath: { path: '/data' }, ...spec },
});
const subdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const supported = 'supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"';

test('a claim is filled in', () => {
  assert.equal(created(persistentVolumeClaimKind, claim()).spec.volumeMode, 'Filesystem');
  assert.deepEqual(created(persistentVolumeClaimKind, claim()).status, { phase: 'Pending' });
  const source = { kind: 'PersistentVolumeClaim', name: 'other' };
  const filled = created(persistentVolumeClaimKind, claim({ dataSource: source })).spec;
  assert.deepEqual(filled.dataSourceRef, source);
  const odd = { apiGroup: 'example.com', kind: 'Populator', name: 'other' };
  const { dataSource, dataSourceRef } = created(persistentVolumeClaimKind, claim({ dataSourceRef: odd })).spec;
  assert.deepEqual([dataSource, dataSourceRef], [undefined, odd]);
});

test('claims that cannot be', () => {
  const cases: [object, string[]][] = [
    [claim(), []],
    [{ spec: {} }, ['spec.accessModes: Required value: at least 1 access mode is required', 'spec.resources[storage]: Required value']],
    [claim({ accessModes: ['Often'] }), [`spec.accessModes: Unsupported value: "Often": ${supported}`]],
    [
      claim({ accessModes: ['ReadWriteOncePod', 'ReadWriteOnce'] }),
      ['spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes'],
    ],
    [claim({ resources: { requests: { storage: '0' } } }), ['spec.resources[storage]: Invalid value: "0": must be greater than zero']],
    [claim({ volumeMode: 'Disk' }), ['spec.volumeMode: Unsupported value: "Disk": supported values: "Block", "Filesystem"']],
    [claim({ volumeMode: '' }), ['spec.volumeMode: Unsupported value: "": supported values: "Block", "Filesystem"']],
    [
      claim({ dataSourceRef: { kind: 'Populator', name: 'a' } }),
      ['spec.dataSourceRef: Invalid value: "Populator": must be \'PersistentVolumeClaim\' when referencing the default apiGroup'],
    ],
  ];
  for (const [object, expected] of cases) assert.deepEqual(problems(persistentVolumeClaimKind, object), expected);
});

test('a claim grows once it is bound, and is bound once', () => {
  const grow = (storage: string, phase: string) =>
    updateProblems(persistentVolumeClaimKind, claim(), (next) => {
      next.spec.resources = { requests: { storage } };
      next.spec.volumeName = phase === 'Bound' ? 'pv' : undefined;
    });
  const immutable =
    'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
  assert.deepEqual(grow('2Gi', 'Pending'), [immutable]);
  const bound = { ...claim({ volumeName: 'pv', storageClassName: 'fast' }) };
  const update = (change: (spec: { storageClassName?: string; volumeName?: string; resources?: object }) => void) => {
    const old = created(persistentVolumeClaimKind, bound);
    old.status = { phase: 'Bound', capacity: { storage: '1Gi' } };
    const next = structuredClone(old);
    change(next.spec as never);
    return persistentVolumeClaimKind.validateUpdate?.(next, old).map(({ path, detail }) => `${path}: ${detail}`);
  };
  const resize = (storage: string) => update((spec) => Object.assign(spec, { resources: { requests: { storage } } }));
  assert.deepEqual(resize('2Gi'), []);
  assert.deepEqual(resize('512Mi'), ['spec.resources.requests.storage: field can not be less than status.capacity']);
  assert.deepEqual(
    update((spec) => Object.assign(spec, { storageClassName: 'slow' })),
    [immutable.replace(' Forbidden:', '')],
  );
  assert.deepEqual(
    update((spec) => Object.assign(spec, { volumeName: 'other' })),
    [immutable.replace(' Forbidden:', '')],
  );
});

test('a class of attributes is taken back until it was applied', () => {
  const remove = (name: string | undefined, currentVolumeAttributesClassName?: string) => {
    const old = created(persistentVolumeClaimKind, claim({ volumeName: 'pv', volumeAttributesClassName: 'gold' }));
    old.status = { phase: 'Bound', ...(currentVolumeAttributesClassName && { currentVolumeAttributesClassName }) };
    const next = structuredClone(old);
    next.spec.volumeAttributesClassName = name;
    return persistentVolumeClaimKind.validateUpdate?.(next, old).map(({ path, type, detail }) => `${path}: ${type}: ${detail}`);
  };
  const refused = (to: string) => [
    `spec.volumeAttributesClassName: Forbidden: update to ${to} is forbidden when status.currentVolumeAttributesClassName is not nil`,
  ];
  assert.deepEqual(remove(undefined), []);
  assert.deepEqual(remove(undefined, 'gold'), refused('nil'));
  assert.deepEqual(remove('', 'gold'), refused('empty string'));
  assert.deepEqual(remove('silver', 'gold'), []);
});

test('columns of claims', () => {
  const spec = { ...claim().spec, volumeName: 'pv', storageClassName: 'fast', volumeMode: 'Filesystem' };
  const status = { phase: 'Bound', capacity: { storage: '2Gi' }, accessModes: ['ReadOnlyMany', 'ReadWriteOnce'] };
  const { Age: _age, ...shown } = cells(persistentVolumeClaimKind, { metadata: { name: 'x' }, spec, status });
  assert.deepEqual(shown, {
    ...{ Name: 'x', Status: 'Bound', Volume: 'pv', Capacity: '2Gi', 'Access Modes': 'RWO,ROX', StorageClass: 'fast' },
    ...{ VolumeAttributesClass: '<unset>', VolumeMode: 'Filesystem' },
  });
});

test('a volume is filled in', () => {
  assert.deepEqual(specOf(persistentVolumeKind, volume().spec), {
    ...volume().spec,
    hostPath: { path: '/data', type: '' },
    persistentVolumeReclaimPolicy: 'Retain',
    volumeMode: 'Filesystem',
  });
  assert.deepEqual(created(persistentVolumeKind, volume()).status, { phase: 'Pending', lastPhaseTransitionTime: testTime });
});

test('volumes that cannot be', () => {
  const cases: [object, string[]][] = [
    [volume(), []],
    [
      { spec: {} },
      [
        'spec.accessModes: Required value',
        'spec.capacity: Required value',
        'spec.capacity: Unsupported value: null: supported values: "storage"',
        'spec: Required value: must specify a volume type',
      ],
    ],
    [
      volume({ capacity: { storage: '1Gi', cpu: '1' } }),
      ['spec.capacity: Unsupported value: {"storage":"1Gi","cpu":"1"}: supported values: "storage"'],
    ],
    [volume({ capacity: { storage: '0' } }), ['spec.capacity[storage]: Invalid value: "0": must be greater than zero']],
    [
      volume({ persistentVolumeReclaimPolicy: 'Burn' }),
      ['spec.persistentVolumeReclaimPolicy: Unsupported value: "Burn": supported values: "Delete", "Recycle", "Retain"'],
    ],
    [volume({ nfs: { server: 'a', path: '/b' } }), ['spec.nfs: Forbidden: may not specify more than 1 volume type']],
    [
      volume({
        hostPath: undefined,
        csi: { driver: 'a.b', volumeHandle: 'h', nodeStageSecretRef: {}, nodePublishSecretRef: { name: 'A' } },
      }),
      [`spec.csi.nodePublishSecretRef.name: Invalid value: "A": ${subdomain}`, 'spec.csi.nodePublishSecretRef.namespace: Required value'],
    ],
    [
      volume({ hostPath: undefined, iscsi: { targetPortal: 'a', iqn: 'abc', lun: -1 } }),
      [
        'spec.iscsi.iqn: Invalid value: "abc": must be valid format',
        'spec.iscsi.lun: Invalid value: -1: must be between 0 and 255, inclusive',
      ],
    ],
    [
      volume({ hostPath: undefined, cinder: { volumeID: 'a', secretRef: { name: 's' } } }),
      ['spec.cinder.secretRef.namespace: Required value'],
    ],
    [volume({ volumeAttributesClassName: 'gold' }), ['spec.csi: Required value: has to be specified when using volumeAttributesClassName']],
    [volume({ hostPath: { path: '/a/../b' } }), ['spec.hostPath.path: Invalid value: "/a/../b": must not contain \'..\'']],
    [volume({ hostPath: undefined, local: { path: '/mnt' } }), ['spec.nodeAffinity: Required value: Local volume requires node affinity']],
    [
      volume({ hostPath: undefined, csi: { driver: '', volumeHandle: '' } }),
      ['spec.csi.driver: Required value', 'spec.csi.volumeHandle: Required value'],
    ],
    [volume({ nodeAffinity: {} }), ['spec.nodeAffinity.required: Required value: must specify required node constraints']],
    [
      volume({ nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'In' }] }] } } }),
      [
        "spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      ],
    ],
  ];
  for (const [object, expected] of cases) assert.deepEqual(problems(persistentVolumeKind, object), expected);
});

test('where a volume lies does not change', () => {
  const update = (change: object) => updateProblems(persistentVolumeKind, volume(), ({ spec }) => Object.assign(spec ?? {}, change));
  assert.deepEqual(update({ capacity: { storage: '2Gi' }, claimRef: { name: 'a', namespace: 'b' } }), []);
  assert.deepEqual(update({ hostPath: { path: '/other' } }), [
    'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation',
  ]);
  assert.deepEqual(update({ volumeMode: 'Block' }), ['volumeMode: Invalid value: "Block": field is immutable']);
  assert.deepEqual(statusProblems(persistentVolumeKind, volume(), { phase: 'Bound' }), []);
  const shown = cells(persistentVolumeKind, {
    metadata: { name: 'x', deletionTimestamp: testTime },
    spec: { ...volume().spec, claimRef: { namespace: 'a', name: 'b' } },
  });
  assert.deepEqual([shown.Claim, shown.Status, shown.Capacity], ['a/b', 'Terminating', '1Gi']);
});
