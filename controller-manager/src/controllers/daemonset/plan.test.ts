import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodSpec, Taint } from '@keelson/types';
import { planDaemons, untilAvailable } from './plan.ts';
import { daemonFor, fitnessFor, isUpdated, nodeOf } from './pods.ts';
import { statusChanged, statusOf } from './status.ts';
import { daemon, daemonSet, names, node, nodes, now, readySince, view } from './testdata.ts';

const surging = { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } };
const leaving = { metadata: { deletionTimestamp: readySince } };

test('a daemon is bound to its node by affinity, and carries its revision and its tolerations', () => {
  const tolerations = [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 }];
  const identity = { annotations: { 'deprecated.daemonset.template.generation': '3' } };
  const affinity = {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [] }] } },
  };
  const made = daemonFor(daemonSet({}, { tolerations, affinity, hostNetwork: true }, identity), 'n1', 'abc');
  assert.deepEqual(made.metadata.labels, { app: 'agent', 'pod-template-generation': '3', 'controller-revision-hash': 'abc' });
  assert.equal(made.metadata.generateName, 'agent-');
  assert.deepEqual(made.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution, {
    nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] }],
  });
  assert.deepEqual(
    made.spec.tolerations?.map(({ key, effect, tolerationSeconds }) => `${key?.split('/')[1]}:${effect}:${tolerationSeconds}`),
    [
      'not-ready:NoExecute:undefined',
      'unreachable:NoExecute:undefined',
      'disk-pressure:NoSchedule:undefined',
      'memory-pressure:NoSchedule:undefined',
      'pid-pressure:NoSchedule:undefined',
      'unschedulable:NoSchedule:undefined',
      'network-unavailable:NoSchedule:undefined',
    ],
  );
  assert.equal(nodeOf(made), 'n1');
  assert.equal(nodeOf(daemon('n2')), 'n2');
  assert.equal(nodeOf({ ...made, spec: { containers: [] } }), undefined);
});

test('a daemon is of the present template by its hash, or by the count of changes', () => {
  const set = daemonSet({}, {}, { annotations: { 'deprecated.daemonset.template.generation': '3' } });
  assert.equal(isUpdated(set, daemon('n1'), 'new'), true);
  assert.equal(isUpdated(set, daemon('n1', { of: 'old' }), 'new'), false);
  assert.equal(isUpdated(set, daemon('n1', { of: 'old', metadata: { labels: { 'pod-template-generation': '3' } } }), 'new'), true);
});

const taint = (effect: string, key = 'k'): Taint => ({ key, effect });
const required = { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['b'] }] }] };
const cases: readonly (readonly [string, Partial<PodSpec>, readonly Taint[], string])[] = [
  ['any node', {}, [], 'run'],
  ['another node by name', { nodeName: 'n2' }, [], 'no'],
  ['labels it lacks', { nodeSelector: { disk: 'ssd' } }, [], 'no'],
  ['affinity it does not meet', { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } } }, [], 'no'],
  ['a taint that keeps new pods out', {}, [taint('NoSchedule')], 'stay'],
  ['a taint that drives pods out', {}, [taint('NoExecute')], 'no'],
  ['a taint that only asks', {}, [taint('PreferNoSchedule')], 'run'],
  ['a taint it tolerates', { tolerations: [{ operator: 'Exists' }] }, [taint('NoExecute')], 'run'],
  ['a node that is not ready', {}, [taint('NoExecute', 'node.kubernetes.io/not-ready')], 'run'],
  ['a cordoned node', {}, [taint('NoSchedule', 'node.kubernetes.io/unschedulable')], 'run'],
  ['a node without network', {}, [taint('NoSchedule', 'node.kubernetes.io/network-unavailable')], 'stay'],
  ['a node without network, on its own', { hostNetwork: true }, [taint('NoSchedule', 'node.kubernetes.io/network-unavailable')], 'run'],
];
for (const [name, template, taints, wanted] of cases) {
  test(`fitness: ${name}`, () => {
    const { shouldRun, mayStay } = fitnessFor(daemonSet({}, template))(node('n1', { labels: { zone: 'a' }, taints: [...taints] }));
    assert.equal(shouldRun ? 'run' : mayStay ? 'stay' : 'no', wanted);
  });
}

test('one daemon on each node, and none where it may not be', () => {
  const all = [...nodes(3), node('n4', { taints: [taint('NoExecute')] })];
  const pods = [daemon('n2'), daemon('n3', leaving), daemon('n4'), daemon('gone'), { ...daemonFor(daemonSet(), 'gone', 'new') }];
  const { create, remove, failed, succeeded } = planDaemons(view(daemonSet(), all, pods));
  assert.deepEqual(create, ['n1']);
  assert.equal(remove.length, 2);
  assert.deepEqual(names(remove).sort(), ['new-n4', undefined].sort());
  assert.deepEqual([failed, succeeded], [[], []]);
});

test('daemons that ended are removed, and nothing is started before they are gone', () => {
  const pods = [daemon('n1', { phase: 'Failed' }), daemon('n2', { phase: 'Succeeded' }), daemon('n3', { phase: 'Failed', ...leaving })];
  const { create, remove, failed, succeeded } = planDaemons(view(daemonSet(), nodes(3), pods));
  assert.deepEqual([create, remove], [['n3'], []]);
  assert.deepEqual([names(failed), names(succeeded)], [['new-n1'], ['new-n2']]);
});

test('where new ones may stand beside old ones, nothing has to be gone before another is started', () => {
  const pods = [daemon('n1', leaving), daemon('n2', { phase: 'Failed' }), daemon('n3'), daemon('n4', leaving)];
  const tainted = node('n4', { taints: [taint('NoSchedule')] });
  assert.deepEqual(planDaemons(view(daemonSet(surging), [...nodes(3), tainted], pods)).create, ['n1', 'n2']);
  assert.deepEqual(planDaemons(view(daemonSet(), [...nodes(3), tainted], pods)).create, []);
});

test('of several on one node the oldest stays, a bound one before others', () => {
  const young = daemon('n1', { metadata: { name: 'young', creationTimestamp: '2026-02-01T00:00:00Z' } });
  const unbound = { ...daemonFor(daemonSet(), 'n1', 'new'), metadata: { name: 'unbound', creationTimestamp: '2025-01-01T00:00:00Z' } };
  assert.deepEqual(names(planDaemons(view(daemonSet(), nodes(1), [young, unbound, daemon('n1')])).remove), ['young', 'unbound']);
});

test('while new ones may stand beside old ones, one of each stays until the new is available or the old is not ready', () => {
  const removed = (...pods: ReturnType<typeof daemon>[]) => names(planDaemons(view(daemonSet(surging), nodes(1), pods)).remove);
  const [old, fresh] = [daemon('n1', { of: 'old', ready: readySince }), daemon('n1')];
  assert.deepEqual(removed(old, fresh), []);
  assert.deepEqual(removed(old, daemon('n1', { ready: readySince })), ['old-n1']);
  assert.deepEqual(removed(daemon('n1', { of: 'old' }), fresh), ['old-n1']);
  assert.deepEqual(removed(old, daemon('n1', { of: 'old', metadata: { name: 'second' }, ready: readySince }), fresh), ['second']);
});

test('status counts nodes', () => {
  const set = daemonSet({ minReadySeconds: 90 });
  const all = [...nodes(4), node('n5', { taints: [taint('NoSchedule')] })];
  const pods = [
    daemon('n1', { ready: '2025-12-31T23:59:00Z' }),
    daemon('n2', { ready: readySince }),
    daemon('n3', { of: 'old' }),
    daemon('n5'),
  ];
  const seen = view({ ...set, status: { conditions: [{ type: 'X', status: 'True' }] } as never }, all, pods);
  const status = statusOf(seen, undefined);
  assert.deepEqual(JSON.parse(JSON.stringify(status)), {
    conditions: [{ type: 'X', status: 'True' }],
    currentNumberScheduled: 3,
    desiredNumberScheduled: 4,
    numberMisscheduled: 1,
    numberReady: 2,
    numberAvailable: 1,
    numberUnavailable: 3,
    updatedNumberScheduled: 2,
    observedGeneration: 1,
  });
  assert.equal(untilAvailable(seen), 30_000);
  assert.equal(statusChanged({ ...set, status }, status), false);
  assert.equal(statusChanged(set, status), true);
  assert.equal(untilAvailable(view(daemonSet(), all, pods, now)), undefined);
});
