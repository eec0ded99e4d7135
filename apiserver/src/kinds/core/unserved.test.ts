import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@keelson/client';
import type { StatefulSet } from '@keelson/types';
import { created } from '../../testing/exercise.ts';
import { deploymentKind } from '../apps/deployment.ts';
import { statefulSetKind } from '../apps/stateful-set.ts';
import { cronJobKind } from '../batch/cron-job.ts';
import { leaseKind } from '../coordination/lease.ts';
import { resourceSliceKind } from '../resource/resource-slice.ts';
import { csiDriverKind } from '../storage/csi-driver.ts';
import type { KindDefinition } from '../types.ts';
import { persistentVolumeClaimKind } from './persistent-volume-claim.ts';
import { podKind } from './pod.ts';

const sources = [
  { secret: { name: 's' } },
  { clusterTrustBundle: { name: 'b', path: 'p' } },
  { podCertificate: { signerName: 'a.b/c', keyType: 'X' } },
];
const pod = {
  containers: [{ name: 'a', image: 'a', lifecycle: { stopSignal: 'SIGUSR1' } }],
  initContainers: [{ name: 'b', image: 'b', restartPolicy: 'Always', lifecycle: { stopSignal: 'X', preStop: { sleep: { seconds: 1 } } } }],
  schedulingGroup: { podGroupName: 'g' },
  volumes: [{ name: 'v', projected: { sources } }],
};
const template = { metadata: { labels: { a: 'b' } }, spec: pod };
const selector = { matchLabels: { a: 'b' } };

/** Every name anywhere in a value. */
function names(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => (inner === undefined ? [] : [name, ...names(inner)]));
}

const rows: readonly (readonly [KindDefinition<never>, spec: object, gone: readonly string[]])[] = [
  [podKind, pod, ['stopSignal', 'schedulingGroup', 'clusterTrustBundle', 'podCertificate']],
  [deploymentKind, { selector, template }, ['stopSignal', 'schedulingGroup', 'clusterTrustBundle', 'podCertificate']],
  [cronJobKind, { schedule: '* * * * *', jobTemplate: { spec: { template } } }, ['stopSignal', 'schedulingGroup']],
  [statefulSetKind, { selector, template, updateStrategy: { rollingUpdate: { maxUnavailable: 3 } } }, ['stopSignal', 'maxUnavailable']],
  [leaseKind, { holderIdentity: 'a', strategy: 'OldestEmulationVersion', preferredHolder: 'b' }, ['strategy', 'preferredHolder']],
  [csiDriverKind, { preventPodSchedulingIfMissing: true }, ['preventPodSchedulingIfMissing']],
  [
    resourceSliceKind,
    { devices: [{ name: 'd', attributes: { a: { strings: ['x'], int: 1 } }, nodeAllocatableResourceMappings: {} }] },
    ['strings', 'nodeAllocatableResourceMappings'],
  ],
  [persistentVolumeClaimKind, { dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'c', namespace: 'other' } }, ['namespace']],
] as unknown as readonly (readonly [KindDefinition<never>, object, readonly string[]])[];

for (const [definition, spec, gone] of rows)
  test(`of a ${definition.kind.kind} goes what 1.36 has off`, () => {
    const { spec: left } = created(definition as unknown as KindDefinition, { spec }) as KubeObject & { spec: object };
    assert.deepEqual(
      gone.filter((name) => !names(spec).includes(name)),
      [],
    );
    assert.deepEqual(
      gone.filter((name) => names(left).includes(name)),
      [],
    );
  });

test('hooks stay without their signal, and sources beside those that are gone', () => {
  const { spec } = created(podKind, { spec: pod });
  assert.equal(spec.containers[0]?.lifecycle, undefined);
  assert.deepEqual(spec.initContainers?.[0]?.lifecycle, { preStop: { sleep: { seconds: 1 } } });
  assert.deepEqual(JSON.parse(JSON.stringify(spec.volumes?.[0]?.projected?.sources)), [{ secret: { name: 's' } }, {}, {}]);
});

test('what an older object has of it stays', () => {
  const old = { spec: { updateStrategy: { rollingUpdate: { maxUnavailable: 2 } } } } as unknown as StatefulSet;
  const next = structuredClone(old);
  statefulSetKind.dropUnserved?.(next, old);
  assert.equal(next.spec.updateStrategy?.rollingUpdate?.maxUnavailable, 2);
});

test('a claim of its own namespace fills the older field, too', () => {
  const claim = created(persistentVolumeClaimKind, {
    spec: { dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'c', namespace: 'other' } },
  });
  assert.equal(claim.spec.dataSource?.name, 'c');
});
