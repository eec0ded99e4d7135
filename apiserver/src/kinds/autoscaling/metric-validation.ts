import {
  compareQuantities,
  type FieldError,
  type FieldPath,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  fieldUnsupported,
  invalidBy,
  isDNS1123Label,
  isPathSegment,
  parseQuantity,
  zeroQuantity,
} from '@keelson/machinery';
import type {
  ContainerResourceMetricSource,
  ExternalMetricSource,
  MetricIdentifier,
  MetricSpec,
  MetricTarget,
  ObjectMetricSource,
  PodsMetricSource,
  ResourceMetricSource,
} from '@keelson/types';
import { containerResourceNameErrors } from '../core/resource-names.ts';
import { requiredName, typedReference } from '../field-checks.ts';

/** Types of metrics, and the member that describes each. */
const members = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
} as const;

type Member = (typeof members)[keyof typeof members];

export function metricErrors(metric: MetricSpec, at: FieldPath, old: readonly MetricSpec[] = []): FieldError[] {
  const { type } = metric;
  const errors: FieldError[] = type ? [] : [fieldRequired(at.child('type'), 'must specify a metric source type')];
  const expected = Object.hasOwn(members, type ?? '') ? members[type as keyof typeof members] : undefined;
  if (!expected) errors.push(fieldUnsupported(at.child('type'), type ?? '', Object.keys(members)));
  const present = (['object', 'external', 'pods', 'resource', 'containerResource'] as const).filter((member) => metric[member]);
  if (present[0]) errors.push(...sourceErrors(metric, present[0], at.child(present[0])));
  if (present[0] === 'object') errors.push(...describedVersionErrors(metric, at.child('object', 'describedObject', 'apiVersion'), old));
  if (expected && !metric[expected])
    errors.push(fieldRequired(at.child(expected), 'must populate information for the given metric source'));
  if (present.length === 1) return errors;
  const others = present.filter((member) => member !== expected);
  return [...errors, ...others.map((member) => fieldForbidden(at.child(member), 'must populate the given metric source only'))];
}

/** A version that cannot be read stays where one was stored. */
function describedVersionErrors({ object }: MetricSpec, at: FieldPath, old: readonly MetricSpec[]): FieldError[] {
  const kept = old.some((metric) => versionErrors(metric.object?.describedObject?.apiVersion ?? '', at).length > 0);
  return kept ? [] : versionErrors(object?.describedObject?.apiVersion ?? '', at);
}

export function versionErrors(version: string, at: FieldPath): FieldError[] {
  return version.split('/').length > 2 ? [fieldInvalid(at, version, `unexpected GroupVersion string: ${version}`)] : [];
}

function sourceErrors(metric: MetricSpec, member: Member, at: FieldPath): FieldError[] {
  if (member === 'object') return objectErrors(metric.object as ObjectMetricSource, at);
  if (member === 'external') return externalErrors(metric.external as ExternalMetricSource, at);
  if (member === 'pods') return podsErrors(metric.pods as PodsMetricSource, at);
  if (member === 'resource') return resourceErrors(metric.resource as ResourceMetricSource, at);
  return containerErrors(metric.containerResource as ContainerResourceMetricSource, at);
}

function objectErrors({ describedObject, metric, target }: ObjectMetricSource, at: FieldPath): FieldError[] {
  const errors = [
    ...typedReference(describedObject ?? {}, at.child('describedObject')),
    ...identifierErrors(metric, at.child('metric')),
    ...targetErrors(target, at.child('target')),
  ];
  if (target?.value !== undefined || target?.averageValue !== undefined) return errors;
  return [...errors, fieldRequired(at.child('target', 'averageValue'), 'must set either a target value or averageValue')];
}

function externalErrors({ metric, target }: ExternalMetricSource, at: FieldPath): FieldError[] {
  const errors = [...identifierErrors(metric, at.child('metric')), ...targetErrors(target, at.child('target'))];
  const { value, averageValue } = target ?? {};
  if (value === undefined && averageValue === undefined)
    errors.push(fieldRequired(at.child('target', 'averageValue'), 'must set either a target value for metric or a per-pod target'));
  if (value !== undefined && averageValue !== undefined)
    errors.push(fieldForbidden(at.child('target', 'value'), 'may not set both a target value for metric and a per-pod target'));
  return errors;
}

function podsErrors({ metric, target }: PodsMetricSource, at: FieldPath): FieldError[] {
  const errors = [...identifierErrors(metric, at.child('metric')), ...targetErrors(target, at.child('target'))];
  if (target?.averageValue !== undefined) return errors;
  return [...errors, fieldRequired(at.child('target', 'averageValue'), 'must specify a positive target averageValue')];
}

function resourceErrors({ name, target }: ResourceMetricSource, at: FieldPath): FieldError[] {
  const errors = name ? [] : [fieldRequired(at.child('name'), 'must specify a resource name')];
  return [...errors, ...utilizationErrors(target, at.child('target'))];
}

function containerErrors({ name, container, target }: ContainerResourceMetricSource, at: FieldPath): FieldError[] {
  const errors = name
    ? containerResourceNameErrors(name, at.child('name'))
    : [fieldRequired(at.child('name'), 'must specify a resource name')];
  return [
    ...errors,
    ...requiredName(container, isDNS1123Label, at.child('container'), 'must specify a container'),
    ...utilizationErrors(target, at.child('target')),
  ];
}

/** A target of a resource is an amount or a share of what is requested, not both. */
function utilizationErrors(target: MetricTarget | undefined, at: FieldPath): FieldError[] {
  const errors = targetErrors(target, at);
  const { averageUtilization, averageValue } = target ?? {};
  if (averageUtilization === undefined && averageValue === undefined)
    errors.push(fieldRequired(at.child('averageUtilization'), 'must set either a target raw value or a target utilization'));
  if (averageUtilization !== undefined && averageValue !== undefined)
    errors.push(fieldForbidden(at.child('averageValue'), 'may not set both a target raw value and a target utilization'));
  return errors;
}

function targetErrors(target: MetricTarget | undefined, at: FieldPath): FieldError[] {
  const { type = '', value, averageValue, averageUtilization } = target ?? {};
  const errors = type ? [] : [fieldRequired(at.child('type'), 'must specify a metric target type')];
  if (!['Utilization', 'Value', 'AverageValue'].includes(type))
    errors.push(fieldInvalid(at.child('type'), type, 'must be either Utilization, Value, or AverageValue'));
  for (const [member, amount] of Object.entries({ value, averageValue })) {
    if (amount !== undefined && compareQuantities(parseQuantity(amount), zeroQuantity) <= 0)
      errors.push(fieldInvalid(at.child(member), amount, 'must be positive'));
  }
  if (averageUtilization !== undefined && averageUtilization < 1)
    errors.push(fieldInvalid(at.child('averageUtilization'), averageUtilization, 'must be greater than 0'));
  return errors;
}

function identifierErrors(metric: MetricIdentifier | undefined, at: FieldPath): FieldError[] {
  const name = metric?.name;
  if (!name) return [fieldRequired(at.child('name'), 'must specify a metric name')];
  return invalidBy(isPathSegment(name), at.child('name'), name);
}
