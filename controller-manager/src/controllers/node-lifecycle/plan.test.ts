import assert from 'node:assert/strict';
import { test } from 'node:test';
import { created, node } from '@keelson/testing';
import type { Node, Taint } from '@keelson/types';
import { besideTaint, judge } from '../taint-eviction/plan.ts';
import { deadlineOf, evictionDue, lostConditions, nextHeartbeat, planTaints, staleLabels } from './plan.ts';

const now = Date.parse(created) + 100_000;
const graces = { grace: 50_000, startup: 60_000 };
const names = (taints: readonly Taint[] | undefined): string[] | undefined =>
  taints?.map(({ key, effect }) => `${key.split('/')[1]}:${effect}`).sort();
const withReady = (status: string, taints: Taint[] = []): Node =>
  node({ spec: { taints }, status: { conditions: [{ type: 'Ready', status, lastTransitionTime: created }] } });

test('a sign of life counts from when it was seen', () => {
  const lease = (renewTime: string) => ({ metadata: { name: 'node' }, spec: { renewTime } });
  const first = nextHeartbeat(undefined, node(), lease('a'), now);
  assert.equal(first.at, now);
  assert.equal(nextHeartbeat(first, node(), lease('a'), now + 40_000), first);
  const renewed = nextHeartbeat(first, node(), lease('b'), now + 10_000);
  assert.equal(deadlineOf(node(), renewed, graces), now + 60_000);
});

test('a node that never reported counts from its creation', () => {
  const silent = node({ status: { conditions: [] } });
  const heartbeat = nextHeartbeat(undefined, silent, undefined, now);
  assert.equal(deadlineOf(silent, heartbeat, graces), Date.parse(created) + 60_000);
  assert.deepEqual(
    lostConditions(silent, now)?.map(({ type, status, reason }) => `${type}=${status} ${reason}`),
    ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) => `${type}=Unknown NodeStatusNeverUpdated`),
  );
});

test('a node that stopped reporting is unknown, and being so is no sign of life', () => {
  const before = nextHeartbeat(undefined, node(), undefined, now);
  const lost = { ...node(), status: { conditions: lostConditions(node(), now) ?? [] } };
  const [ready] = lost.status.conditions;
  assert.deepEqual(
    [ready?.status, ready?.reason, ready?.message],
    ['Unknown', 'NodeStatusUnknown', 'Kubelet stopped posting node status.'],
  );
  assert.equal(lostConditions(lost, now + 1000), undefined);
  assert.ok(before.at <= now);
});

test('taints follow conditions', () => {
  const registered: Taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };
  assert.deepEqual(planTaints(withReady('True', [registered]), 'keep', now), []);
  assert.equal(planTaints(withReady('True'), 'keep', now), undefined);
  assert.deepEqual(names(planTaints(withReady('False'), 'keep', now)), ['not-ready:NoSchedule']);
  assert.deepEqual(names(planTaints(withReady('False'), 'add', now)), ['not-ready:NoExecute', 'not-ready:NoSchedule']);
  const unknown = planTaints(withReady('Unknown', [registered]), 'add', now);
  assert.deepEqual(names(unknown), ['unreachable:NoExecute', 'unreachable:NoSchedule']);
  assert.deepEqual(planTaints(withReady('True', unknown), 'keep', now), []);
  assert.deepEqual(names(planTaints(withReady('False', unknown), 'keep', now)), ['not-ready:NoExecute', 'not-ready:NoSchedule'], 'at once');
  assert.deepEqual(names(planTaints(withReady('Unknown', unknown), 'lift', now)), ['unreachable:NoSchedule']);
  assert.equal(planTaints(node({ spec: { taints: [registered] }, status: { conditions: [] } }), 'keep', now), undefined);
  const cordoned = node({ spec: { unschedulable: true, taints: [{ key: 'mine', effect: 'NoSchedule' }] } });
  assert.deepEqual(names(planTaints({ ...cordoned, spec: { ...cordoned.spec, taints: [] } }, 'keep', now)), ['unschedulable:NoSchedule']);
});

test('old names of labels follow the new ones', () => {
  const labels = (given: Record<string, string>) => staleLabels(node({ metadata: { labels: given } }));
  assert.equal(labels({}), undefined);
  assert.deepEqual(labels({ 'kubernetes.io/os': 'linux' }), { 'beta.kubernetes.io/os': 'linux' });
  assert.equal(labels({ 'kubernetes.io/os': 'linux', 'beta.kubernetes.io/os': 'linux' }), undefined);
  assert.deepEqual(labels({ 'kubernetes.io/arch': 'arm64', 'beta.kubernetes.io/arch': 'amd64' }), { 'beta.kubernetes.io/arch': 'arm64' });
});

test('pods are told to go at once when a node is lost, later when it says it is not ready', () => {
  assert.equal(evictionDue(withReady('True')), undefined);
  assert.equal(evictionDue(withReady('Unknown')), 0);
  assert.equal(evictionDue(withReady('False')), Date.parse(created) + 5000);
});

test('tolerations decide when a pod must go', () => {
  const taint: Taint = { key: 'k', value: 'v', effect: 'NoExecute', timeAdded: created };
  const since = Date.parse(created);
  assert.deepEqual(judge([], [], now), { type: 'stay' });
  assert.deepEqual(judge([taint], [], now), { type: 'evict', at: now });
  assert.deepEqual(judge([{ ...taint, effect: 'NoSchedule' }], [], now), { type: 'stay' });
  assert.deepEqual(judge([taint], [{ operator: 'Exists' }], now), { type: 'stay' });
  assert.deepEqual(judge([taint], [{ key: 'k', value: 'v' }], now), { type: 'stay' });
  assert.deepEqual(judge([taint], [{ key: 'k', value: 'other' }], now), { type: 'evict', at: now });
  assert.deepEqual(judge([taint], [{ key: 'k', operator: 'Exists', tolerationSeconds: 300 }], now), { type: 'evict', at: since + 300_000 });
  const { timeAdded: _, ...untold } = taint;
  assert.deepEqual(judge([untold], [{ operator: 'Exists', tolerationSeconds: 2 }], now - 500), { type: 'evict', at: now + 1500 });
  const from = (known: number, there: number): number => besideTaint(known, there)(taint) - since;
  assert.deepEqual([from(now, 0), from(now, since + 60_000)], [0, 60_000], 'the pod came later than the taint');
  assert.equal(from(since - 60_000, 0), -60_000, 'another taint was there before');
});
