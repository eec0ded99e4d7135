import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cells, created, problems, specOf, statusProblems, updateProblems } from '../../testing/exercise.ts';
import { csiDriverKind } from './csi-driver.ts';
import { csiNodeKind } from './csi-node.ts';
import { csiStorageCapacityKind } from './csi-storage-capacity.ts';
import { storageClassKind } from './storage-class.ts';
import { volumeAttachmentKind } from './volume-attachment.ts';
import { volumeAttributesClassKind } from './volume-attributes-class.ts';

test('storage classes', () => {
  const { reclaimPolicy, volumeBindingMode } = created(storageClassKind, { provisioner: 'example.com/disk' });
  assert.deepEqual([reclaimPolicy, volumeBindingMode], ['Delete', 'Immediate']);
  const cases: [object, string[]][] = [
    [{ provisioner: 'example.com/disk' }, []],
    [{}, ['provisioner: Required value']],
    [{ provisioner: 'a', reclaimPolicy: 'Recycle' }, ['reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"']],
    [
      { provisioner: 'a', volumeBindingMode: 'Later' },
      ['volumeBindingMode: Unsupported value: "Later": supported values: "Immediate", "WaitForFirstConsumer"'],
    ],
    [{ provisioner: 'a', parameters: { '': 'b' } }, ['parameters: Invalid value: "": field can not be empty.']],
    [
      { provisioner: 'a', allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: [] }] }] },
      ['allowedTopologies[0].matchLabelExpressions[0].values: Required value'],
    ],
  ];
  for (const [object, expected] of cases) assert.deepEqual(problems(storageClassKind, object), expected);
  assert.deepEqual(
    updateProblems(storageClassKind, { provisioner: 'a' }, (next) =>
      Object.assign(next, { provisioner: 'b', volumeBindingMode: 'WaitForFirstConsumer' }),
    ),
    [
      'provisioner: Forbidden: updates to provisioner are forbidden.',
      'volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable',
    ],
  );
  const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
  assert.equal(cells(storageClassKind, { metadata: { name: 'fast', annotations }, provisioner: 'a' }).Name, 'fast (default)');
});

test('two terms of a class that ask for the same', () => {
  const term = (...values: string[]) => ({ matchLabelExpressions: [{ key: 'zone', values }] });
  const allowedTopologies = [term('a', 'b'), term('b'), term('b', 'a')];
  assert.deepEqual(problems(storageClassKind, { provisioner: 'example.com/a', allowedTopologies }), [
    'allowedTopologies[2].matchLabelExpressions: Duplicate value: ""',
  ]);
  assert.deepEqual(problems(storageClassKind, { provisioner: 'a', allowedTopologies: [{}] }), [
    'allowedTopologies[0].matchLabelExpressions: Duplicate value: ""',
  ]);
  const mode = { provisioner: 'example.com/a', volumeBindingMode: '' };
  assert.deepEqual(problems(storageClassKind, mode), [
    'volumeBindingMode: Unsupported value: "": supported values: "Immediate", "WaitForFirstConsumer"',
  ]);
});

test('CSI drivers', () => {
  assert.deepEqual(specOf(csiDriverKind, {}), {
    attachRequired: true,
    podInfoOnMount: false,
    storageCapacity: false,
    fsGroupPolicy: 'ReadWriteOnceWithFSType',
    volumeLifecycleModes: ['Persistent'],
    requiresRepublish: false,
    seLinuxMount: false,
  });
  const cases: [object, string[]][] = [
    [{ tokenRequests: [{ audience: 'a', expirationSeconds: 600 }] }, []],
    [
      { fsGroupPolicy: 'Odd' },
      ['spec.fsGroupPolicy: Unsupported value: "Odd": supported values: "File", "None", "ReadWriteOnceWithFSType"'],
    ],
    [
      { tokenRequests: [{ audience: 'a', expirationSeconds: 1 }, { audience: 'a' }] },
      [
        'spec.tokenRequests[0].expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes',
        'spec.tokenRequests[1].audience: Duplicate value: "a"',
      ],
    ],
    [
      { volumeLifecycleModes: ['Odd'] },
      ['spec.volumeLifecycleModes: Unsupported value: "Odd": supported values: "Persistent", "Ephemeral"'],
    ],
  ];
  for (const [spec, expected] of cases) assert.deepEqual(problems(csiDriverKind, { spec }), expected);
  assert.deepEqual(
    updateProblems(csiDriverKind, { spec: {} }, ({ spec }) => {
      spec.attachRequired = false;
    }),
    ['spec.attachedRequired: Invalid value: false: field is immutable'],
  );
});

test('CSI nodes', () => {
  const driver = { name: 'disk.example.com', nodeID: 'n1' };
  assert.deepEqual(problems(csiNodeKind, { spec: { drivers: [{ ...driver, allocatable: { count: 5 } }] } }), []);
  assert.deepEqual(
    problems(csiNodeKind, { spec: { drivers: [driver, { name: 'disk.example.com', nodeID: '', topologyKeys: ['a', 'a'] }] } }),
    [
      'spec.drivers[1].nodeID: Required value',
      'spec.drivers[1].name: Duplicate value: "disk.example.com"',
      'spec.drivers[1]: Duplicate value: "a"',
    ],
  );
  const update = (over: object) =>
    updateProblems(csiNodeKind, { spec: { drivers: [driver] } }, (next) => {
      next.spec.drivers = [{ ...driver, ...over }];
    });
  assert.deepEqual(update({ allocatable: { count: 3 } }), []);
  assert.deepEqual(update({ nodeID: 'n2' }), [
    'CSINodeDriver: Invalid value: {"name":"disk.example.com","nodeID":"n2"}: field is immutable',
  ]);
});

test('attachments of volumes', () => {
  const attachment = (over: object = {}) => ({
    spec: { attacher: 'disk.example.com', nodeName: 'n1', source: { persistentVolumeName: 'pv' }, ...over },
  });
  const exactly = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
  assert.deepEqual(created(volumeAttachmentKind, attachment()).status, { attached: false });
  assert.deepEqual(problems(volumeAttachmentKind, attachment()), []);
  assert.deepEqual(problems(volumeAttachmentKind, attachment({ attacher: '', source: {} })), [
    'spec.attacher: Required value',
    `spec.source: Required value: ${exactly}`,
  ]);
  const update = updateProblems(volumeAttachmentKind, attachment(), ({ spec }) => {
    spec.nodeName = 'n2';
  });
  assert.match(update[0] ?? '', /^spec: Invalid value: .*: field is immutable$/);
  assert.deepEqual(statusProblems(volumeAttachmentKind, attachment(), { attached: false, attachError: { errorCode: -1 } }), [
    'status.attachError.errorCode: Invalid value: -1: must be between 0 and 2147483647, inclusive',
  ]);
});

test('capacities and classes of attributes', () => {
  assert.deepEqual(problems(csiStorageCapacityKind, { storageClassName: 'fast', capacity: '-1' }), [
    'capacity: Invalid value: "-1": must be greater than or equal to 0',
  ]);
  assert.deepEqual(
    updateProblems(csiStorageCapacityKind, { storageClassName: 'fast' }, (next) => {
      next.storageClassName = 'slow';
    }),
    ['storageClassName: Invalid value: "slow": field is immutable'],
  );
  assert.deepEqual(problems(volumeAttributesClassKind, { driverName: 'a' }), [
    'parameters: Required value: must contain at least one key/value pair',
  ]);
  assert.deepEqual(
    updateProblems(volumeAttributesClassKind, { driverName: 'a', parameters: { a: 'b' } }, (next) => {
      next.parameters = { a: 'c' };
    }),
    ['parameters: Forbidden: updates to parameters are forbidden.'],
  );
});
