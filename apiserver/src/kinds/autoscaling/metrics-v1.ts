import type {
  CrossVersionObjectReference,
  LabelSelector,
  MetricIdentifier,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from '@keelson/types';

/** A metric as version 1 writes it into its annotation: targets lie flat beside the metric's name. */
export interface MetricSpecV1 {
  readonly type: string;
  readonly object?: {
    readonly target?: CrossVersionObjectReference;
    readonly metricName?: string;
    readonly targetValue?: string;
    readonly selector?: LabelSelector;
    readonly averageValue?: string;
  };
  readonly pods?: { readonly metricName?: string; readonly targetAverageValue?: string; readonly selector?: LabelSelector };
  readonly resource?: FlatTarget;
  readonly containerResource?: FlatTarget & { readonly container?: string };
  readonly external?: {
    readonly metricName?: string;
    readonly metricSelector?: LabelSelector;
    readonly targetValue?: string;
    readonly targetAverageValue?: string;
  };
}

interface FlatTarget {
  readonly name?: string;
  readonly targetAverageUtilization?: number;
  readonly targetAverageValue?: string;
}

/** A metric's present value in the same flat form. */
export interface MetricStatusV1 {
  readonly type: string;
  readonly object?: {
    readonly target?: CrossVersionObjectReference;
    readonly metricName?: string;
    readonly currentValue?: string;
    readonly selector?: LabelSelector;
    readonly averageValue?: string;
  };
  readonly pods?: { readonly metricName?: string; readonly currentAverageValue?: string; readonly selector?: LabelSelector };
  readonly resource?: FlatCurrent;
  readonly containerResource?: FlatCurrent & { readonly container?: string };
  readonly external?: {
    readonly metricName?: string;
    readonly metricSelector?: LabelSelector;
    readonly currentValue?: string;
    readonly currentAverageValue?: string;
  };
}

interface FlatCurrent {
  readonly name?: string;
  readonly currentAverageUtilization?: number;
  readonly currentAverageValue?: string;
}

/** Quantities that version 1 always writes are zero where version 2 has none. */
const zero = '0';

export function metricToV1({ type, object, pods, resource, containerResource, external }: MetricSpec): object {
  const flat = ({ averageUtilization, averageValue }: MetricTarget): object => ({
    targetAverageUtilization: averageUtilization,
    targetAverageValue: averageValue,
  });
  return {
    type,
    object: object && {
      target: object.describedObject,
      metricName: object.metric.name,
      targetValue: object.target.value ?? zero,
      selector: object.metric.selector,
      averageValue: object.target.averageValue,
    },
    pods: pods && {
      metricName: pods.metric.name,
      targetAverageValue: pods.target.averageValue ?? zero,
      selector: pods.metric.selector,
    },
    resource: resource && { name: resource.name, ...flat(resource.target) },
    containerResource: containerResource && {
      name: containerResource.name,
      ...flat(containerResource.target),
      container: containerResource.container,
    },
    external: external && {
      metricName: external.metric.name,
      metricSelector: external.metric.selector,
      targetValue: external.target.value,
      targetAverageValue: external.target.averageValue,
    },
  };
}

export function metricFromV1({ type, object, pods, resource, containerResource, external }: MetricSpecV1): MetricSpec {
  return {
    type,
    ...(object ? { object: { describedObject: object.target ?? nothing, metric: named(object), target: objectTarget(object) } } : {}),
    ...(pods ? { pods: { metric: named(pods), target: { type: 'AverageValue', averageValue: pods.targetAverageValue } } } : {}),
    ...(resource ? { resource: { name: resource.name ?? '', target: shareTarget(resource) } } : {}),
    ...(containerResource
      ? {
          containerResource: {
            name: containerResource.name ?? '',
            container: containerResource.container ?? '',
            target: shareTarget(containerResource),
          },
        }
      : {}),
    ...(external ? { external: { metric: namedExternal(external), target: externalTarget(external) } } : {}),
  };
}

export function metricStatusToV1({ type, object, pods, resource, containerResource, external }: MetricStatus): object {
  const flat = ({ averageUtilization, averageValue }: MetricValueStatus): object => ({
    currentAverageUtilization: averageUtilization,
    currentAverageValue: averageValue ?? zero,
  });
  return {
    type,
    object: object && {
      target: object.describedObject,
      metricName: object.metric.name,
      currentValue: object.current.value ?? zero,
      selector: object.metric.selector,
      averageValue: object.current.averageValue,
    },
    pods: pods && {
      metricName: pods.metric.name,
      currentAverageValue: pods.current.averageValue ?? zero,
      selector: pods.metric.selector,
    },
    resource: resource && { name: resource.name, ...flat(resource.current) },
    containerResource: containerResource && {
      name: containerResource.name,
      ...flat(containerResource.current),
      container: containerResource.container,
    },
    external: external && {
      metricName: external.metric.name,
      metricSelector: external.metric.selector,
      currentValue: external.current.value ?? zero,
      currentAverageValue: external.current.averageValue,
    },
  };
}

export function metricStatusFromV1({ type, object, pods, resource, containerResource, external }: MetricStatusV1): MetricStatus {
  const current = ({ currentAverageUtilization, currentAverageValue }: FlatCurrent): MetricValueStatus => ({
    averageUtilization: currentAverageUtilization,
    averageValue: currentAverageValue,
  });
  return {
    type,
    object: object && {
      describedObject: object.target ?? nothing,
      metric: named(object),
      current: { value: object.currentValue, averageValue: object.averageValue },
    },
    pods: pods && { metric: named(pods), current: { averageValue: pods.currentAverageValue } },
    resource: resource && { name: resource.name ?? '', current: current(resource) },
    containerResource: containerResource && {
      name: containerResource.name ?? '',
      container: containerResource.container ?? '',
      current: current(containerResource),
    },
    external: external && {
      metric: namedExternal(external),
      current: { value: external.currentValue, averageValue: external.currentAverageValue },
    },
  };
}

const nothing: CrossVersionObjectReference = { kind: '', name: '' };

function named({ metricName = '', selector }: { readonly metricName?: string; readonly selector?: LabelSelector }): MetricIdentifier {
  return { name: metricName, ...(selector ? { selector } : {}) };
}

function namedExternal({ metricName = '', metricSelector: selector }: NonNullable<MetricSpecV1['external']>): MetricIdentifier {
  return { name: metricName, ...(selector ? { selector } : {}) };
}

/** A value of zero stands for none where there is an average. */
function objectTarget({ targetValue, averageValue }: NonNullable<MetricSpecV1['object']>): MetricTarget {
  return averageValue === undefined ? { type: 'Value', value: targetValue } : { type: 'AverageValue', averageValue };
}

function shareTarget({ targetAverageUtilization, targetAverageValue }: FlatTarget): MetricTarget {
  return targetAverageUtilization === undefined
    ? { type: 'AverageValue', averageValue: targetAverageValue }
    : { type: 'Utilization', averageUtilization: targetAverageUtilization };
}

function externalTarget({ targetValue, targetAverageValue }: NonNullable<MetricSpecV1['external']>): MetricTarget {
  return targetValue === undefined ? { type: 'AverageValue', averageValue: targetAverageValue } : { type: 'Value', value: targetValue };
}
