import assert from 'node:assert/strict';
import { test } from 'node:test';
import { created, problems, statusProblems, updateProblems } from '../../testing/exercise.ts';
import { runtimeClassKind } from '../node/runtime-class.ts';
import { priorityClassKind, systemPriorityClasses } from '../scheduling/priority-class.ts';
import { podDisruptionBudgetKind } from './pod-disruption-budget.ts';

test('disruption budgets', () => {
  const budget = (spec: object) => problems(podDisruptionBudgetKind, { spec });
  assert.deepEqual(created(podDisruptionBudgetKind, { spec: {} }).status, {
    ...{ currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 },
  });
  assert.deepEqual(budget({ minAvailable: '50%', selector: {} }), []);
  assert.match(budget({ minAvailable: 1, maxUnavailable: 1 })[0] ?? '', /^spec: .*: minAvailable and maxUnavailable cannot be both set$/);
  assert.deepEqual(budget({ minAvailable: -1 }), ['spec.minAvailable: Invalid value: -1: must be greater than or equal to 0']);
  assert.deepEqual(budget({ maxUnavailable: '200%' }), ['spec.maxUnavailable: Invalid value: "200%": must not be greater than 100%']);
  assert.deepEqual(budget({ unhealthyPodEvictionPolicy: 'Odd' }), [
    'spec.unhealthyPodEvictionPolicy: Unsupported value: "Odd": supported values: "AlwaysAllow", "IfHealthyBudget"',
  ]);
  assert.deepEqual(
    statusProblems(podDisruptionBudgetKind, { spec: {} }, { disruptionsAllowed: -1, conditions: [{ type: 'A', status: 'Odd' }] }),
    [
      'status.conditions[0].status: Unsupported value: "Odd": supported values: "False", "True", "Unknown"',
      'status.conditions[0].lastTransitionTime: Required value',
      'status.conditions[0].reason: Required value',
      'status.disruptionsAllowed: Invalid value: -1: must be greater than or equal to 0',
    ],
  );
});

test('priority classes', () => {
  assert.equal(created(priorityClassKind, { value: 1 }).preemptionPolicy, 'PreemptLowerPriority');
  for (const own of systemPriorityClasses) assert.deepEqual(problems(priorityClassKind, own), []);
  assert.deepEqual(problems(priorityClassKind, { value: 1_000_000_001 }), [
    'value: Forbidden: maximum allowed value of a user defined priority is 1000000000',
  ]);
  assert.deepEqual(problems(priorityClassKind, { metadata: { name: 'system-mine' }, value: 1 }), [
    "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a known system priority class",
  ]);
  assert.deepEqual(problems(priorityClassKind, { value: 1, preemptionPolicy: 'Maybe' }), [
    'preemptionPolicy: Unsupported value: "Maybe": supported values: "PreemptLowerPriority", "Never"',
  ]);
  assert.deepEqual(
    updateProblems(priorityClassKind, { value: 1 }, (next) => Object.assign(next, { value: 2, description: 'b' })),
    ['value: Forbidden: may not be changed in an update.'],
  );
});

test('runtime classes', () => {
  assert.deepEqual(problems(runtimeClassKind, { handler: 'runc', overhead: { podFixed: { memory: '10Mi' } } }), []);
  assert.deepEqual(problems(runtimeClassKind, { handler: 'a.b' }), ['handler: Invalid value: "a.b": must not contain dots']);
  assert.deepEqual(problems(runtimeClassKind, { handler: 'runc', scheduling: { tolerations: [{ key: 'a' }, { key: 'a' }] } }), [
    'scheduling.tolerations[1]: Duplicate value: {"key":"a"}',
  ]);
  assert.deepEqual(
    updateProblems(runtimeClassKind, { handler: 'runc' }, (next) => {
      next.handler = 'kata';
    }),
    ['handler: Invalid value: "kata": field is immutable'],
  );
});
