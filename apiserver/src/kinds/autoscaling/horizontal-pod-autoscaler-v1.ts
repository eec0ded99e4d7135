import {
  HorizontalPodAutoscaler,
  type HorizontalPodAutoscalerBehavior,
  type HorizontalPodAutoscalerCondition,
  HorizontalPodAutoscalerV1,
  type MetricSpec,
  type MetricStatus,
} from '@keelson/types';
import type { KindDefinition } from '../types.ts';
import { type Annotations, annotation, otherAnnotations, readAnnotation } from './annotations-v1.ts';
import { type MetricSpecV1, type MetricStatusV1, metricFromV1, metricStatusFromV1, metricStatusToV1, metricToV1 } from './metrics-v1.ts';

/** autoscaling/v1: a single target of CPU, and annotations for the rest. */
export const horizontalPodAutoscalerV1Kind: KindDefinition<HorizontalPodAutoscalerV1> = {
  kind: HorizontalPodAutoscalerV1,
  version: { of: HorizontalPodAutoscaler, toStored: toV2, fromStored: fromV2 },
  status: {},
  defaults: ({ spec }) => {
    if (spec) spec.minReplicas ??= 1;
  },
};

function toV2({ metadata, spec, status, ...rest }: HorizontalPodAutoscalerV1): HorizontalPodAutoscaler {
  const { annotations } = metadata;
  const { targetCPUUtilizationPercentage: cpu, ...same } = spec ?? {};
  const others = readAnnotation<MetricSpecV1[]>(annotations, 'metrics')?.map(metricFromV1) ?? [];
  const metrics = cpu === undefined ? others : [...others, cpuTarget(cpu)];
  const behavior = readAnnotation<HorizontalPodAutoscalerBehavior>(annotations, 'behavior');
  return {
    ...rest,
    metadata: { ...metadata, annotations: otherAnnotations(annotations) },
    spec: { ...same, ...(metrics.length > 0 ? { metrics } : {}), ...(behavior ? { behavior } : {}) },
    status: status && statusToV2(status, annotations),
  };
}

function statusToV2(
  { currentCPUUtilizationPercentage: cpu, ...same }: NonNullable<HorizontalPodAutoscalerV1['status']>,
  annotations: Annotations | undefined,
): HorizontalPodAutoscaler['status'] {
  const kept = readAnnotation<MetricStatusV1[]>(annotations, 'currentMetrics')?.map(metricStatusFromV1);
  const currentMetrics = kept ?? (cpu === undefined ? undefined : [cpuStatus(cpu)]);
  const conditions = readAnnotation<HorizontalPodAutoscalerCondition[]>(annotations, 'conditions');
  return { ...same, ...(currentMetrics ? { currentMetrics } : {}), ...(conditions ? { conditions } : {}) };
}

function fromV2({ metadata, spec, status, ...rest }: HorizontalPodAutoscaler): HorizontalPodAutoscalerV1 {
  const { metrics = [], behavior, ...same } = spec;
  const others = metrics.filter((metric) => cpuTargetOf(metric) === undefined);
  const cpu = metrics.map(cpuTargetOf).find((target) => target !== undefined);
  const { currentMetrics = [], conditions = [], ...counts } = status ?? { desiredReplicas: 0 };
  const currentCPU = currentMetrics.map(cpuStatusOf).find((share) => share !== undefined);
  const kept = {
    ...(others.length > 0 ? { [annotation.metrics]: JSON.stringify(others.map(metricToV1)) } : {}),
    ...(currentMetrics.length > 0 ? { [annotation.currentMetrics]: JSON.stringify(currentMetrics.map(metricStatusToV1)) } : {}),
    ...(behavior ? { [annotation.behavior]: JSON.stringify(behavior) } : {}),
    ...(conditions.length > 0 ? { [annotation.conditions]: JSON.stringify(conditions) } : {}),
  };
  const annotations = { ...metadata.annotations, ...kept };
  return {
    ...rest,
    metadata: Object.keys(annotations).length > 0 ? { ...metadata, annotations } : metadata,
    spec: { ...same, ...(cpu === undefined ? {} : { targetCPUUtilizationPercentage: cpu }) },
    status: {
      ...counts,
      currentReplicas: counts.currentReplicas ?? 0,
      ...(currentCPU === undefined ? {} : { currentCPUUtilizationPercentage: currentCPU }),
    },
  };
}

function cpuTarget(averageUtilization: number): MetricSpec {
  return { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } };
}

function cpuTargetOf({ type, resource }: MetricSpec): number | undefined {
  return type === 'Resource' && resource?.name === 'cpu' ? resource.target.averageUtilization : undefined;
}

function cpuStatus(averageUtilization: number): MetricStatus {
  return { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization } } };
}

function cpuStatusOf({ type, resource }: MetricStatus): number | undefined {
  return type === 'Resource' && resource?.name === 'cpu' ? resource.current.averageUtilization : undefined;
}
