import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DaemonSet } from '@keelson/types';
import { cells, created, problems, specOf, statusProblems, updateProblems } from '../../testing/exercise.ts';
import { replicationControllerKind } from '../core/replication-controller.ts';
import { controllerRevisionKind } from './controller-revision.ts';
import { daemonSetKind } from './daemon-set.ts';
import { deploymentKind } from './deployment.ts';
import { replicaSetKind } from './replica-set.ts';
import { statefulSetKind } from './stateful-set.ts';

const labels = { app: 'a' };
const containers = [{ name: 'main', image: 'app:1' }];
const template = { metadata: { labels }, spec: { containers } };
const workload = (spec: object = {}) => ({ spec: { selector: { matchLabels: labels }, template, ...spec } });
const notTemplate = '`selector` does not match template `labels`';
const noPercent =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

test('a daemon set is filled in', () => {
  const { spec, status, metadata } = created(daemonSetKind, workload());
  assert.deepEqual(spec.updateStrategy, { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } });
  assert.equal(spec.revisionHistoryLimit, 10);
  assert.deepEqual(metadata.annotations, { 'deprecated.daemonset.template.generation': '1' });
  assert.deepEqual(status, { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 });
});

test('what nobody has looked at yet has a status: clients read what is in it', () => {
  assert.deepEqual(created(deploymentKind, workload()).status, {});
  assert.deepEqual(created(replicaSetKind, workload()).status, { replicas: 0 });
  assert.deepEqual(created(statefulSetKind, workload()).status, { replicas: 0, availableReplicas: 0 });
});

test('who says nothing of the template’s generation has written that it is 0', () => {
  const set = { metadata: {}, spec: {} } as unknown as DaemonSet;
  daemonSetKind.defaults?.(set);
  assert.deepEqual(set.metadata.annotations, { 'deprecated.daemonset.template.generation': '0' });
});

test('daemon sets that cannot be', () => {
  const rolling = (rollingUpdate: object) => workload({ updateStrategy: { type: 'RollingUpdate', rollingUpdate } });
  const cases: [object, string[]][] = [
    [workload(), []],
    [workload({ updateStrategy: { type: 'OnDelete' } }), []],
    [workload({ selector: { matchLabels: { app: 'b' } } }), [`spec.template.metadata.labels: Invalid value: {"app":"a"}: ${notTemplate}`]],
    [workload({ selector: {} }), ['spec.selector: Invalid value: {}: empty selector is invalid for daemonset']],
    [workload({ minReadySeconds: -1 }), ['spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0']],
    [rolling({ maxUnavailable: 0 }), ['spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0']],
    [
      rolling({ maxSurge: 1 }),
      ['spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero'],
    ],
    [
      rolling({ maxUnavailable: '101%' }),
      ['spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
    ],
    [
      rolling({ maxUnavailable: 'some', maxSurge: 1 }),
      [`spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: "some": ${noPercent}`],
    ],
    [
      workload({ template: { ...template, spec: { containers, restartPolicy: 'Never', activeDeadlineSeconds: 1 } } }),
      [
        'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
        'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in DaemonSet is not Supported',
      ],
    ],
  ];
  for (const [object, expected] of cases) assert.deepEqual(problems(daemonSetKind, object), expected);
});

test('a daemon set counts the changes of its template', () => {
  const set = created(daemonSetKind, workload());
  const next = structuredClone(set);
  const context = {} as never;
  daemonSetKind.prepareUpdate?.(next, set, context);
  assert.equal(next.metadata.annotations?.['deprecated.daemonset.template.generation'], '1');
  next.spec.template.spec = { containers: [{ name: 'main', image: 'app:2' }] };
  daemonSetKind.prepareUpdate?.(next, set, context);
  assert.equal(next.metadata.annotations?.['deprecated.daemonset.template.generation'], '2');
  assert.deepEqual(
    updateProblems(daemonSetKind, workload(), ({ spec }) => {
      spec.selector = { matchExpressions: [{ key: 'app', operator: 'Exists' }] };
    }),
    ['spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"Exists"}]}: field is immutable'],
  );
  assert.deepEqual(statusProblems(daemonSetKind, workload(), { numberReady: -1 }, { collisionCount: 1 }), [
    'status.numberReady: Invalid value: -1: must be greater than or equal to 0',
    'status.collisionCount: Invalid value: 0: cannot be decremented',
  ]);
});

test('a stateful set is filled in, its claim templates too', () => {
  const claim = { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } };
  const {
    template: _template,
    selector: _selector,
    ...rest
  } = specOf(statefulSetKind, workload({ volumeClaimTemplates: [claim] }).spec) as Record<string, unknown>;
  assert.deepEqual(rest, {
    replicas: 1,
    podManagementPolicy: 'OrderedReady',
    revisionHistoryLimit: 10,
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
    volumeClaimTemplates: [
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'data' },
        spec: { ...claim.spec, volumeMode: 'Filesystem' },
        status: { phase: 'Pending' },
      },
    ],
  });
});

test('stateful sets that cannot be', () => {
  const claim = (spec: object) => ({
    metadata: { name: 'data' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
  });
  const mounting = (name: string) => ({
    ...template,
    spec: { containers: [{ ...containers[0], volumeMounts: [{ name, mountPath: '/data' }] }] },
  });
  const cases: [object, string[]][] = [
    [workload({ volumeClaimTemplates: [claim({})], template: mounting('data') }), []],
    [workload({ template: mounting('none') }), ['spec.template.spec.containers[0].volumeMounts[0].name: Not found: "none"']],
    [
      workload({ volumeClaimTemplates: [claim({ accessModes: [] })] }),
      ['spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required'],
    ],
    [
      workload({ podManagementPolicy: 'Random' }),
      ["spec.podManagementPolicy: Invalid value: \"Random\": must be 'OrderedReady' or 'Parallel'"],
    ],
    [
      workload({ updateStrategy: { type: 'Now' } }),
      ['spec.updateStrategy: Invalid value: {"type":"Now"}: must be \'RollingUpdate\' or \'OnDelete\''],
    ],
    [
      workload({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: -1, maxUnavailable: 0 } } }),
      ['spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      workload({ persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Keep' } }),
      ['spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: "Keep": supported values: "Retain", "Delete"'],
    ],
    [workload({ ordinals: { start: -1 } }), ['spec.ordinals.start: Invalid value: -1: must be greater than or equal to 0']],
    [
      workload({ selector: undefined }),
      [
        'spec.selector: Required value',
        'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`',
      ],
    ],
    [workload({ selector: {} }), ['spec.selector: Invalid value: {}: empty selector is invalid for statefulset']],
  ];
  for (const [object, expected] of cases) assert.deepEqual(problems(statefulSetKind, object), expected);
});

test('what of a stateful set can change', () => {
  assert.deepEqual(
    updateProblems(statefulSetKind, workload(), ({ spec }) => {
      spec.replicas = 3;
      spec.minReadySeconds = 1;
      spec.revisionHistoryLimit = 2;
    }),
    [],
  );
  assert.deepEqual(
    updateProblems(statefulSetKind, workload(), ({ spec }) => {
      spec.serviceName = 'other';
    }),
    [
      "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ],
  );
  assert.deepEqual(statusProblems(statefulSetKind, workload(), { replicas: 1, readyReplicas: 2 }), [
    'status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas',
  ]);
});

test('a replication controller takes its labels from its template', () => {
  const { spec, metadata } = created(replicationControllerKind, { spec: { template } });
  assert.deepEqual([spec.replicas, spec.selector, metadata.labels], [1, labels, labels]);
  assert.deepEqual(problems(replicationControllerKind, { spec: { template } }), []);
  assert.deepEqual(problems(replicationControllerKind, { spec: {} }), ['spec.selector: Required value', 'spec.template: Required value']);
  assert.deepEqual(problems(replicationControllerKind, { spec: { template, selector: { app: 'b' }, replicas: -1 } }), [
    `spec.template.metadata.labels: Invalid value: {"app":"a"}: ${notTemplate}`,
    'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
  ]);
});

test('what a status counts are pods that are there', () => {
  const counts = { replicas: 2, readyReplicas: 3, availableReplicas: 4, observedGeneration: -1 };
  const expected = [
    'status.observedGeneration: Invalid value: -1: must be greater than or equal to 0',
    'status.readyReplicas: Invalid value: 3: cannot be greater than status.replicas',
    'status.availableReplicas: Invalid value: 4: cannot be greater than status.replicas',
    'status.availableReplicas: Invalid value: 4: cannot be greater than readyReplicas',
  ];
  assert.deepEqual(statusProblems(deploymentKind, workload(), counts), expected);
  assert.deepEqual(statusProblems(replicaSetKind, workload(), counts), expected);
  assert.deepEqual(statusProblems(replicationControllerKind, workload(), counts), expected);
  assert.deepEqual(statusProblems(deploymentKind, workload(), { collisionCount: 1 }, { collisionCount: 2 }), [
    'status.collisionCount: Invalid value: 1: cannot be decremented',
  ]);
});

test('controller revisions are written once', () => {
  assert.deepEqual(problems(controllerRevisionKind, { revision: -1 }), [
    'data: Required value: data is mandatory',
    'revision: Invalid value: -1: must be greater than or equal to 0',
  ]);
  assert.deepEqual(
    updateProblems(controllerRevisionKind, { data: { a: 1 }, revision: 1 }, (next) => {
      next.revision = 2;
      next.data = { a: 2 };
    }),
    ['data: Invalid value: {"a":2}: field is immutable'],
  );
  const owner = { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'agent', uid: '1', controller: true };
  const shown = cells(controllerRevisionKind, { metadata: { name: 'x', ownerReferences: [owner] }, revision: 4 });
  assert.deepEqual([shown.Controller, shown.Revision], ['daemonset.apps/agent', 4]);
});
