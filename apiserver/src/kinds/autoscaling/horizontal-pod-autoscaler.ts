import { type FieldError, type FieldPath, fieldForbidden, fieldInvalid, fieldRequired, path, validatePositive } from '@keelson/machinery';
import {
  type CrossVersionObjectReference,
  HorizontalPodAutoscaler,
  type HorizontalPodAutoscalerSpec,
  type HPAScalingPolicy,
  type HPAScalingRules,
  type MetricSpec,
} from '@keelson/types';
import { nonNegative, nonNegativeQuantity, oneOf, typedReference } from '../field-checks.ts';
import type { KindDefinition } from '../types.ts';
import { otherAnnotations } from './annotations-v1.ts';
import { horizontalPodAutoscalerColumns } from './horizontal-pod-autoscaler-columns.ts';
import { metricErrors, versionErrors } from './metric-validation.ts';

const longestWindow = 3600;
const longestPeriod = 1800;

/** Version 2, which is also what is stored. */
export const horizontalPodAutoscalerKind: KindDefinition<HorizontalPodAutoscaler> = {
  kind: HorizontalPodAutoscaler,
  generation: false,
  defaults(autoscaler) {
    // They are how version 1 writes what stands in fields here.
    if (autoscaler.metadata.annotations) autoscaler.metadata.annotations = otherAnnotations(autoscaler.metadata.annotations);
    if (autoscaler.spec) defaultSpec(autoscaler.spec);
  },
  prepareCreate(autoscaler) {
    autoscaler.status = { desiredReplicas: 0 };
  },
  validate: ({ spec }, old) => (spec ? specErrors(spec, path('spec'), old?.spec) : [fieldRequired(path('spec'))]),
  status: {
    validateUpdate: ({ status }) => (status ? nonNegative(status, path('status'), 'currentReplicas', 'desiredReplicas') : []),
  },
  columns: horizontalPodAutoscalerColumns,
};

function defaultSpec(spec: HorizontalPodAutoscalerSpec): void {
  spec.minReplicas ??= 1;
  if (!spec.metrics?.length)
    spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }];
  if (!spec.behavior) return;
  const all: HPAScalingPolicy = { type: 'Percent', value: 100, periodSeconds: 15 };
  spec.behavior.scaleUp = {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }, all],
    ...spec.behavior.scaleUp,
  };
  spec.behavior.scaleDown = { selectPolicy: 'Max', policies: [all], ...spec.behavior.scaleDown };
}

function specErrors(spec: HorizontalPodAutoscalerSpec, at: FieldPath, old?: HorizontalPodAutoscalerSpec): FieldError[] {
  const { minReplicas, maxReplicas = 0, scaleTargetRef, metrics = [], behavior } = spec;
  const errors: FieldError[] = [];
  if (minReplicas !== undefined && minReplicas < 1)
    errors.push(fieldInvalid(at.child('minReplicas'), minReplicas, 'must be greater than or equal to 1'));
  errors.push(...validatePositive(maxReplicas, at.child('maxReplicas')));
  if (minReplicas !== undefined && maxReplicas < minReplicas)
    errors.push(fieldInvalid(at.child('maxReplicas'), maxReplicas, 'must be greater than or equal to `minReplicas`'));
  return [
    ...errors,
    ...typedReference(scaleTargetRef ?? {}, at.child('scaleTargetRef')),
    ...targetVersionErrors(scaleTargetRef ?? {}, at.child('scaleTargetRef', 'apiVersion'), old?.scaleTargetRef),
    ...metrics.flatMap((metric, index) => metricErrors(metric, at.child('metrics').index(index), old?.metrics)),
    ...(minReplicas === 0 ? wakeErrors(metrics, at.child('metrics')) : []),
    ...scalingErrors(behavior?.scaleUp, at.child('behavior', 'scaleUp')),
    ...scalingErrors(behavior?.scaleDown, at.child('behavior', 'scaleDown')),
  ];
}

/** What is scaled stands in a group, but for replication controllers. One that was stored without may stay as it is. */
function targetVersionErrors(target: Partial<CrossVersionObjectReference>, at: FieldPath, old?: CrossVersionObjectReference): FieldError[] {
  if (old && old.kind === target.kind && (old.apiVersion ?? '') === (target.apiVersion ?? '')) return [];
  const { apiVersion = '' } = target;
  const wrong = versionErrors(apiVersion, at);
  if (wrong.length > 0 || target.kind === 'ReplicationController' || /^[^/]+\//.test(apiVersion)) return wrong;
  return [fieldInvalid(at, apiVersion, 'apiVersion must specify API group')];
}

/** Of pods that are not there nothing can be measured. */
function wakeErrors(metrics: readonly MetricSpec[], at: FieldPath): FieldError[] {
  if (metrics.some(({ type }) => type === 'Object' || type === 'External')) return [];
  return [fieldForbidden(at, 'must specify at least one Object or External metric to support scaling to zero replicas')];
}

function scalingErrors(rules: HPAScalingRules | undefined, at: FieldPath): FieldError[] {
  if (!rules) return [];
  const { stabilizationWindowSeconds: window, selectPolicy, policies = [], tolerance } = rules;
  const errors: FieldError[] = [];
  const where = at.child('stabilizationWindowSeconds');
  if (window !== undefined && window < 0) errors.push(fieldInvalid(where, window, 'must be greater than or equal to zero'));
  if (window !== undefined && window > longestWindow)
    errors.push(fieldInvalid(where, window, `must be less than or equal to ${longestWindow}`));
  errors.push(...oneOf(selectPolicy, ['Disabled', 'Max', 'Min'], at.child('selectPolicy')));
  if (policies.length === 0) errors.push(fieldRequired(at.child('policies'), 'must specify at least one Policy'));
  return [
    ...errors,
    ...policies.flatMap((policy, index) => policyErrors(policy, at.child('policies').index(index))),
    ...(tolerance === undefined ? [] : nonNegativeQuantity(tolerance, at.child('tolerance'))),
  ];
}

function policyErrors({ type, value = 0, periodSeconds = 0 }: HPAScalingPolicy, at: FieldPath): FieldError[] {
  const errors = oneOf(type ?? '', ['Percent', 'Pods'], at.child('type'));
  if (value <= 0) errors.push(fieldInvalid(at.child('value'), value, 'must be greater than zero'));
  if (periodSeconds <= 0) errors.push(fieldInvalid(at.child('periodSeconds'), periodSeconds, 'must be greater than zero'));
  if (periodSeconds > longestPeriod)
    errors.push(fieldInvalid(at.child('periodSeconds'), periodSeconds, `must be less than or equal to ${longestPeriod}`));
  return errors;
}
