import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstHistory, type History, limit, limitBy, rememberChange, stabilize, stabilizeBy } from './behavior.ts';

const now = 10_000_000;
const ago = (seconds: number, replicas: number) => ({ at: now - seconds * 1000, replicas });
const past = (...recommendations: History['recommendations']): History => ({ recommendations, ups: [], downs: [] });

test('without behavior the highest recommendation of five minutes holds', () => {
  assert.deepEqual(stabilize(past(ago(60, 8), ago(301, 20)), 3, now, 300_000), {
    replicas: 8,
    reason: 'ScaleDownStabilized',
    message: 'recent recommendations were higher than current one, applying the highest recent recommendation',
  });
  assert.equal(stabilize(past(ago(60, 2)), 3, now, 300_000).reason, 'ReadyForNewScale');
});

test('without behavior a target at most doubles, or grows to four', () => {
  const bounds = { current: 3, least: 2, most: 10 };
  const cases: [number, number, string][] = [
    [5, 5, 'DesiredWithinRange'],
    [1, 2, 'TooFewReplicas'],
    [9, 6, 'ScaleUpLimit'],
  ];
  for (const [wanted, replicas, reason] of cases) {
    const found = limit(wanted, bounds);
    assert.deepEqual([found.replicas, found.reason], [replicas, reason]);
  }
  assert.equal(limit(9, { ...bounds, current: 1 }).replicas, 4);
  assert.deepEqual([limit(50, { ...bounds, current: 9 }).replicas, limit(50, { ...bounds, current: 9 }).reason], [10, 'TooManyReplicas']);
});

test('windows of both directions', () => {
  const windows = { up: 60_000, down: 300_000 };
  const at = (wanted: number, current: number, history: History) => stabilizeBy(history, { wanted, current, now, windows });
  assert.equal(at(9, 3, past(ago(30, 5))).replicas, 5);
  assert.equal(at(9, 3, past(ago(30, 5))).reason, 'ScaleUpStabilized');
  assert.equal(at(9, 3, past(ago(90, 5))).replicas, 9);
  assert.equal(at(2, 8, past(ago(200, 6))).replicas, 6);
  assert.equal(at(2, 8, past(ago(200, 6))).reason, 'ScaleDownStabilized');
  assert.equal(at(2, 8, past(ago(400, 6))).replicas, 2);
  assert.equal(at(4, 4, firstHistory(4, now - 1)).reason, 'ReadyForNewScale');
});

const four = { type: 'Pods', value: 4, periodSeconds: 60 };
const half = { type: 'Percent', value: 50, periodSeconds: 60 };
const bounds = { current: 10, least: 1, most: 100 };
const nothing = past();

test('policies limit the rate', () => {
  const up = (selectPolicy: string, history = nothing) =>
    limitBy(100, bounds, history, { up: { selectPolicy, policies: [four, half] }, down: {}, now }).replicas;
  assert.equal(up('Max'), 15);
  assert.equal(up('Min'), 14);
  assert.equal(up('Disabled'), 10);
  const down = (selectPolicy: string, history = nothing) =>
    limitBy(1, bounds, history, { down: { selectPolicy, policies: [four, half] }, up: {}, now });
  assert.equal(down('Max').replicas, 5);
  assert.equal(down('Min').replicas, 6);
  assert.deepEqual([down('Disabled').replicas, down('Disabled').reason], [10, 'ScaleDownLimit']);
});

test('what changed within the period counts', () => {
  const behavior = { scaleUp: { policies: [four] } };
  const rules = { up: behavior.scaleUp, down: behavior.scaleUp, now };
  const grown = rememberChange(nothing, 7, 10, now - 30_000, behavior);
  assert.equal(limitBy(100, bounds, grown, rules).replicas, 11);
  assert.equal(limitBy(100, bounds, rememberChange(nothing, 7, 10, now - 90_000, behavior), rules).replicas, 14);
  const shrunk = rememberChange(nothing, 13, 10, now - 30_000, behavior);
  assert.equal(limitBy(1, bounds, shrunk, rules).replicas, 9);
  assert.equal(limitBy(100, bounds, shrunk, rules).replicas, 17, 'what was taken away may come back');
  assert.equal(rememberChange(nothing, 1, 2, now, undefined), nothing);
});
