import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rfc3339, seededRandom } from '@keelson/base';
import { pod } from '@keelson/testing';
import type { Pod, PodDisruptionBudget, PodDisruptionBudgetSpec, PodDisruptionBudgetStatus } from '@keelson/types';
import { failedStatus, needsScale, planBudget, selectorText, untilStale } from './plan.ts';

const now = Date.UTC(2026, 0, 1);

function budget(spec: PodDisruptionBudgetSpec, status: PodDisruptionBudgetStatus = {}): PodDisruptionBudget {
  return { metadata: { name: 'b', namespace: 'default', generation: 3 }, spec, status };
}

function ready(name: string, metadata: object = {}): Pod {
  return pod({ name, status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }, metadata });
}

function pods(count: number): Pod[] {
  return Array.from({ length: count }, (_, i) => ready(`p${i}`));
}

/** Expected, wanted, healthy, allowed. */
function counts(spec: PodDisruptionBudgetSpec, of: readonly Pod[], scale = of.length): (number | undefined)[] {
  const { expectedPods, desiredHealthy, currentHealthy, disruptionsAllowed } = planBudget(budget(spec), { pods: of, scale, now }).status;
  return [expectedPods, desiredHealthy, currentHealthy, disruptionsAllowed];
}

test('how many may be disrupted', () => {
  assert.deepEqual(counts({ minAvailable: 2 }, pods(3)), [3, 2, 3, 1]);
  assert.deepEqual(counts({ minAvailable: 5 }, pods(3)), [3, 5, 3, 0]);
  assert.deepEqual(counts({ minAvailable: 0 }, []), [0, 0, 0, 0]);
  assert.deepEqual(counts({ minAvailable: '50%' }, pods(3), 5), [5, 3, 3, 0]);
  assert.deepEqual(counts({ maxUnavailable: 1 }, pods(3), 3), [3, 2, 3, 1]);
  assert.deepEqual(counts({ maxUnavailable: '30%' }, pods(10), 10), [10, 7, 10, 3]);
  assert.deepEqual(counts({ maxUnavailable: '34%' }, pods(3), 3), [3, 1, 3, 2], 'rounded up');
  assert.deepEqual(counts({ maxUnavailable: 9 }, pods(3), 3), [3, 0, 3, 3]);
  assert.deepEqual(counts({}, pods(3)), [0, 0, 3, 0]);
  assert.deepEqual(
    counts({ minAvailable: 1 }, [...pods(1), pod({ name: 'pending' }), ready('leaving', { deletionTimestamp: rfc3339(now) })]),
    [3, 1, 1, 0],
  );
  assert.deepEqual(
    [{ minAvailable: 1 }, { minAvailable: '1%' }, { maxUnavailable: 1 }].map((spec) => needsScale(budget(spec))),
    [false, true, true],
  );
});

test('the condition says whether any may', () => {
  const condition = (spec: PodDisruptionBudgetSpec) => planBudget(budget(spec), { pods: pods(2), scale: 2, now }).status.conditions;
  const said = { type: 'DisruptionAllowed', message: '', observedGeneration: 3, lastTransitionTime: rfc3339(now) };
  assert.deepEqual(condition({ minAvailable: 1 }), [{ ...said, status: 'True', reason: 'SufficientPods' }]);
  assert.deepEqual(condition({ minAvailable: 2 }), [{ ...said, status: 'False', reason: 'InsufficientPods' }]);
  const failed = failedStatus(budget({}, { currentHealthy: 4, desiredHealthy: 2, expectedPods: 4, disruptionsAllowed: 2 }), 'why', now);
  assert.deepEqual([failed.disruptionsAllowed, failed.currentHealthy, failed.conditions?.[0]?.reason], [0, 4, 'SyncFailed']);
});

test('what could not be worked out is not said of the present generation', () => {
  const never = failedStatus(budget({}), 'why', now);
  assert.deepEqual([never.observedGeneration, never.conditions?.[0]?.observedGeneration], [undefined, undefined]);
  const before = failedStatus(budget({}, { observedGeneration: 2 }), 'why', now);
  assert.deepEqual([before.observedGeneration, before.conditions?.[0]?.observedGeneration], [2, 2]);
});

test('selectors are told as Go prints them', () => {
  assert.equal(
    selectorText({ matchLabels: { b: '2', a: '1' } }),
    '&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},MatchExpressions:[]LabelSelectorRequirement{},}',
  );
  assert.equal(
    selectorText({ matchExpressions: [{ key: 'a', operator: 'In', values: ['x', 'y'] }] }),
    '&LabelSelector{MatchLabels:map[string]string{},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:a,Operator:In,Values:[x y],},},}',
  );
});

test('an evicted pod does not count for two minutes, unless it is gone before', () => {
  const disruptedPods = { p0: rfc3339(now - 30_000), p1: rfc3339(now - 120_000), gone: rfc3339(now) };
  const plan = planBudget(budget({ minAvailable: 1 }, { disruptedPods }), { pods: pods(3), scale: 0, now });
  assert.deepEqual(plan.status.disruptedPods, { p0: disruptedPods.p0 });
  assert.deepEqual([plan.status.currentHealthy, plan.again], [2, 90_000]);
  assert.deepEqual(
    plan.notDeleted.map(({ metadata }) => metadata.name),
    ['p1'],
  );
});

test('what is allowed is never more than is there, and never costs what is wanted', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = seededRandom(seed);
    const draw = (limit: number): number => Math.floor(random.next() * limit);
    const size = draw(12);
    const all = Array.from({ length: size }, (_, i) => (random.next() < 0.7 ? ready(`p${i}`) : pod({ name: `p${i}` })));
    const percent = `${draw(101)}%`;
    const spec =
      [{ minAvailable: draw(12) }, { minAvailable: percent }, { maxUnavailable: draw(12) }, { maxUnavailable: percent }][seed % 4] ?? {};
    const { status } = planBudget(budget(spec), { pods: all, scale: size + draw(3), now });
    const { disruptionsAllowed = 0, currentHealthy = 0, desiredHealthy = 0 } = status;
    const text = `seed ${seed}: ${JSON.stringify({ spec, status })}`;
    assert.ok(disruptionsAllowed >= 0 && disruptionsAllowed <= currentHealthy, text);
    assert.ok(disruptionsAllowed === 0 || currentHealthy - disruptionsAllowed >= desiredHealthy, text);
    const again = planBudget(budget(spec, status), { pods: all, scale: size, now: now + 1 });
    if (size === (status.expectedPods ?? 0)) assert.deepEqual(again.status, status, text);
  }
});

test('a disruption that did not happen is taken back', () => {
  const target = (reason: string, seconds: number, phase = 'Running'): Pod => {
    const condition = { type: 'DisruptionTarget', status: 'True', reason, lastTransitionTime: rfc3339(now - seconds * 1000) };
    return pod({ status: { phase, conditions: [condition] } });
  };
  assert.equal(untilStale(target('EvictionByEvictionAPI', 20), now), 100_000);
  assert.equal(untilStale(target('EvictionByEvictionAPI', 500), now), 0);
  assert.equal(untilStale(target('TerminationByKubelet', 500), now), undefined);
  assert.equal(untilStale(target('EvictionByEvictionAPI', 500, 'Failed'), now), undefined);
  assert.equal(untilStale(ready('a'), now), undefined);
});
