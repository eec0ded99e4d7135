import assert from 'node:assert/strict';
import { test } from 'node:test';
import { created, pod } from '@keelson/testing';
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec, MetricSpec } from '@keelson/types';
import { firstHistory } from './behavior.ts';
import { type AutoscalerConfig, asksMetrics, decide, type Seen, statusChanged, statusOf } from './plan.ts';

const start = Date.parse(created);
const now = start + 3_600_000;
const time = new Date(now).toISOString();
const config: AutoscalerConfig = {
  syncPeriod: 15_000,
  downscaleStabilization: 300_000,
  tolerance: 0.1,
  cpuInitializationPeriod: 300_000,
  initialReadinessDelay: 30_000,
};
const cpuAt = (averageUtilization: number): MetricSpec => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
});
const queue: MetricSpec = {
  type: 'External',
  external: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '1' } },
};

function autoscaler(spec: Partial<HorizontalPodAutoscalerSpec> = {}): HorizontalPodAutoscaler {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web', namespace: 'default' },
    spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' }, minReplicas: 1, maxReplicas: 10, metrics: [cpuAt(50)], ...spec },
  };
}

/** Pods that use so many millicores of the one they request. */
function seen(levels: readonly number[], over: Partial<Seen> = {}): Seen {
  const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: created }];
  const pods = levels.map((_, index) =>
    pod({ name: `p${index}`, requests: { cpu: '1' }, status: { phase: 'Running', startTime: created, conditions } }),
  );
  const metrics = levels.map((level, index) => ({
    ...{ metadata: { name: `p${index}`, namespace: 'default' }, timestamp: time, window: '15s' },
    containers: [{ name: 'main', usage: { cpu: `${level}m` } }],
  }));
  return {
    ...{ autoscaler: autoscaler(), replicas: levels.length, selector: 'app=web', pods, rivals: ['default/web'] },
    ...{ usage: { type: 'known', metrics }, history: firstHistory(levels.length, start), now, ...over },
  };
}

const told = (decision: ReturnType<typeof decide>) => decision.conditions.map(({ type, status, reason }) => [type, status, reason]);

test('it grows, and tells why', () => {
  const decision = decide(seen([900, 900]), config);
  assert.equal(decision.replicas, 4);
  assert.equal(decision.why, 'cpu resource utilization (percentage of request) above target');
  assert.deepEqual(told(decision), [
    ['ScalingActive', 'True', 'ValidMetricFound'],
    ['AbleToScale', 'True', 'ReadyForNewScale'],
    ['ScalingLimited', 'False', 'DesiredWithinRange'],
  ]);
  assert.deepEqual(decision.currentMetrics, [
    { type: 'Resource', resource: { name: 'cpu', current: { averageValue: '900m', averageUtilization: 90 } } },
  ]);
});

test('it shrinks once nothing higher was recommended for five minutes', () => {
  const history = { ...firstHistory(4, now - 200_000) };
  const held = decide(seen([100, 100, 100, 100], { history }), config);
  assert.deepEqual([held.replicas, told(held)[1]], [4, ['AbleToScale', 'True', 'ScaleDownStabilized']]);
  const free = decide(seen([100, 100, 100, 100]), config);
  assert.deepEqual([free.replicas, free.why], [1, 'All metrics below target']);
});

test('bounds come before metrics', () => {
  const beyond = decide(seen([900, 900], { autoscaler: autoscaler({ maxReplicas: 1 }) }), config);
  assert.deepEqual([beyond.replicas, beyond.why, beyond.conditions], [1, 'Current number of replicas above Spec.MaxReplicas', []]);
  const below = decide(seen([900], { autoscaler: autoscaler({ minReplicas: 3 }) }), config);
  assert.deepEqual([below.replicas, below.why], [3, 'Current number of replicas below Spec.MinReplicas']);
  assert.equal(asksMetrics(autoscaler({ minReplicas: 3 }), 1), false);
  const off = decide(seen([], { replicas: 0 }), config);
  assert.deepEqual([off.replicas, told(off)], [0, [['ScalingActive', 'False', 'ScalingDisabled']]]);
});

test('metrics that are not there', () => {
  const unknown = { type: 'unknown', message: 'the server could not find the requested resource' } as const;
  const { replicas, conditions, notices, currentMetrics } = decide(seen([900], { usage: unknown }), config);
  assert.equal(replicas, undefined);
  const why =
    'failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server could not find the requested resource';
  assert.deepEqual(conditions, [
    {
      type: 'ScalingActive',
      status: 'False',
      reason: 'FailedGetResourceMetric',
      message: `the HPA was unable to compute the replica count: ${why}`,
    },
  ]);
  assert.deepEqual(
    notices.map(({ reason, message }) => [reason, message]),
    [
      ['FailedGetResourceMetric', why],
      [
        'FailedComputeMetricsReplicas',
        `invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: ${why}`,
      ],
    ],
  );
  assert.deepEqual(currentMetrics, [{ type: '' }]);
});

test('some metrics are enough to grow, not to shrink', () => {
  const metrics = [queue, cpuAt(50)];
  const grown = decide(seen([900, 900], { autoscaler: autoscaler({ metrics }) }), config);
  assert.deepEqual([grown.replicas, grown.notices.length, grown.currentMetrics[0]], [4, 1, { type: '' }]);
  const shrunk = decide(seen([100, 100], { autoscaler: autoscaler({ metrics }) }), config);
  assert.deepEqual([shrunk.replicas, told(shrunk)], [undefined, [['ScalingActive', 'False', 'FailedGetExternalMetric']]]);
});

test('selectors that do not tell whose pods they are', () => {
  const none = decide(seen([900], { selector: '' }), config);
  assert.deepEqual(told(none), [['ScalingActive', 'False', 'InvalidSelector']]);
  const shared = decide(seen([900], { rivals: ['default/web', 'default/other'] }), config);
  assert.equal(shared.conditions[0]?.message, 'pods by selector app=web are controlled by multiple HPAs: [default/web default/other]');
});

test('behavior: its own windows, rates and tolerance', () => {
  const policies = [{ type: 'Pods', value: 1, periodSeconds: 60 }];
  const scaleUp = { policies, stabilizationWindowSeconds: 0, selectPolicy: 'Max', tolerance: '0.9' };
  const slow = autoscaler({ behavior: { scaleUp: { ...scaleUp, tolerance: '0.01' } } });
  const limited = decide(seen([900, 900], { autoscaler: slow }), config);
  assert.deepEqual([limited.replicas, told(limited)[2]], [3, ['ScalingLimited', 'True', 'ScaleUpLimit']]);
  assert.equal(decide(seen([900, 900], { autoscaler: autoscaler({ behavior: { scaleUp } }) }), config).replicas, 2);
});

test('the status changes only with what it tells', () => {
  const before = autoscaler();
  const { conditions, currentMetrics } = decide(seen([900, 900]), config);
  const status = statusOf(before, { current: 2, desired: 4, currentMetrics, conditions, rescaled: true }, now);
  assert.deepEqual([status.currentReplicas, status.desiredReplicas, status.lastScaleTime], [2, 4, time.replace('.000', '')]);
  const later = statusOf({ ...before, status }, { current: 2, desired: 4, currentMetrics, conditions, rescaled: false }, now + 60_000);
  assert.equal(statusChanged({ ...before, status }, later), false);
  assert.equal(statusChanged(before, status), true);
});
