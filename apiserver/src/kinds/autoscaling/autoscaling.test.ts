import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cells, created, problems, specOf, statusProblems, updateProblems } from '../../testing/exercise.ts';
import { horizontalPodAutoscalerKind } from './horizontal-pod-autoscaler.ts';

const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const autoscaler = (spec: object = {}) => ({ spec: { scaleTargetRef, maxReplicas: 3, ...spec } });
const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } };
const all = { type: 'Percent', value: 100, periodSeconds: 15 };

test('an autoscaler is filled in', () => {
  assert.deepEqual(specOf(horizontalPodAutoscalerKind, autoscaler().spec), { ...autoscaler().spec, minReplicas: 1, metrics: [cpu] });
  const { behavior } = created(
    horizontalPodAutoscalerKind,
    autoscaler({ behavior: { scaleDown: { stabilizationWindowSeconds: 60 } } }),
  ).spec;
  assert.deepEqual(behavior, {
    scaleUp: { stabilizationWindowSeconds: 0, selectPolicy: 'Max', policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }, all] },
    scaleDown: { stabilizationWindowSeconds: 60, selectPolicy: 'Max', policies: [all] },
  });
});

test('autoscalers that cannot be', () => {
  const metric = (one: object) => autoscaler({ metrics: [one] });
  const at = 'spec.metrics[0]';
  const cases: [object, string[]][] = [
    [autoscaler(), []],
    [
      autoscaler({ minReplicas: 0 }),
      [
        'spec.minReplicas: Invalid value: 0: must be greater than or equal to 1',
        'spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas',
      ],
    ],
    [
      autoscaler({ maxReplicas: 0, minReplicas: undefined }),
      [
        'spec.maxReplicas: Invalid value: 0: must be greater than 0',
        'spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`',
      ],
    ],
    [autoscaler({ minReplicas: 4 }), ['spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`']],
    [
      autoscaler({ scaleTargetRef: { kind: 'Deployment' } }),
      ['spec.scaleTargetRef.name: Required value', 'spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group'],
    ],
    [
      metric({ type: 'Odd' }),
      [`${at}.type: Unsupported value: "Odd": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"`],
    ],
    [metric({ type: 'Pods' }), [`${at}.pods: Required value: must populate information for the given metric source`]],
    [
      metric({ ...cpu, pods: { metric: { name: 'a' }, target: { type: 'AverageValue', averageValue: '1' } } }),
      [`${at}.pods: Forbidden: must populate the given metric source only`],
    ],
    [
      metric({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization' } } }),
      [`${at}.resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization`],
    ],
    [
      metric({ type: 'External', external: { metric: {}, target: { type: 'Value', value: '0' } } }),
      [
        `${at}.external.metric.name: Required value: must specify a metric name`,
        `${at}.external.target.value: Invalid value: "0": must be positive`,
      ],
    ],
    [
      autoscaler({ behavior: { scaleUp: { policies: [], selectPolicy: 'Any' } } }),
      [
        'spec.behavior.scaleUp.selectPolicy: Unsupported value: "Any": supported values: "Disabled", "Max", "Min"',
        'spec.behavior.scaleUp.policies: Required value: must specify at least one Policy',
      ],
    ],
    [
      autoscaler({ behavior: { scaleUp: { policies: [{ type: 'Pods', value: 0, periodSeconds: 1801 }] } } }),
      [
        'spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero',
        'spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800',
      ],
    ],
  ];
  for (const [object, expected] of cases) assert.deepEqual(problems(horizontalPodAutoscalerKind, object), expected);
  assert.deepEqual(statusProblems(horizontalPodAutoscalerKind, autoscaler(), { desiredReplicas: -1 }), [
    'status.desiredReplicas: Invalid value: -1: must be greater than or equal to 0',
  ]);
});

test('what is scaled stands in a group', () => {
  const scaled = (kind: string, apiVersion?: string) => autoscaler({ scaleTargetRef: { apiVersion, kind, name: 'web' } });
  const at = 'spec.scaleTargetRef.apiVersion: Invalid value';
  const cases: [object, string[]][] = [
    [scaled('Deployment', 'v1'), [`${at}: "v1": apiVersion must specify API group`]],
    [scaled('Deployment', '/v1'), [`${at}: "/v1": apiVersion must specify API group`]],
    [scaled('Deployment', 'a/b/c'), [`${at}: "a/b/c": unexpected GroupVersion string: a/b/c`]],
    [scaled('ReplicationController', 'v1'), []],
    [scaled('ReplicationController'), []],
  ];
  for (const [object, expected] of cases) assert.deepEqual(problems(horizontalPodAutoscalerKind, object), expected);
  // What was stored before the rule stays, until it is changed.
  const stored = scaled('Deployment', 'v1');
  assert.deepEqual(
    updateProblems(horizontalPodAutoscalerKind, stored, ({ spec }) => {
      spec.maxReplicas = 9;
    }),
    [],
  );
  assert.deepEqual(
    updateProblems(horizontalPodAutoscalerKind, stored, ({ spec }) => {
      spec.scaleTargetRef.kind = 'ReplicaSet';
    }),
    [`${at}: "v1": apiVersion must specify API group`],
  );
});

test('what a metric describes may stand in no group, but in a version that can be read', () => {
  const described = (apiVersion: string) => {
    const object = {
      describedObject: { apiVersion, kind: 'Service', name: 'web' },
      metric: { name: 'q' },
      target: { type: 'Value', value: '3' },
    };
    return autoscaler({ metrics: [{ type: 'Object', object }] });
  };
  assert.deepEqual(problems(horizontalPodAutoscalerKind, described('v1')), []);
  assert.deepEqual(problems(horizontalPodAutoscalerKind, described('a/b/c')), [
    'spec.metrics[0].object.describedObject.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
  ]);
  assert.deepEqual(
    updateProblems(horizontalPodAutoscalerKind, described('a/b/c'), () => {}),
    [],
  );
});

test('targets in columns', () => {
  const targets = (metrics: object[], currentMetrics: object[] = []) =>
    cells(horizontalPodAutoscalerKind, { metadata: {}, spec: { ...autoscaler().spec, metrics }, status: { currentMetrics } }).Targets;
  const external = { type: 'External', external: { metric: { name: 'a' }, target: { averageValue: '5' } } };
  assert.equal(targets([]), '<none>');
  assert.equal(targets([cpu]), 'cpu: <unknown>/80%');
  assert.equal(targets([cpu], [{ resource: { current: { averageUtilization: 12 } } }]), 'cpu: 12%/80%');
  assert.equal(targets([external, cpu, cpu]), '<unknown>/5 (avg), cpu: <unknown>/80% + 1 more...');
});
