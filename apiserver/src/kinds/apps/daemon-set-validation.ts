import {
  type FieldError,
  type FieldPath,
  fieldInvalid,
  fieldRequired,
  fieldUnsupported,
  labelSelectorMatcher,
  path,
  validateImmutable,
  validateLabelSelector,
} from '@keelson/machinery';
import type { DaemonSet, DaemonSetUpdateStrategy, LabelSelector, PodTemplateSpec } from '@keelson/types';
import { podTemplateErrors } from '../core/pod-validation.ts';
import { intOrPercent, intOrPercentValue, nonNegative } from '../field-checks.ts';
import { alwaysRunning, collisionErrors, isEmptySelector } from './workload-validation.ts';

const at = path('spec');

export function daemonSetErrors({ spec }: DaemonSet): FieldError[] {
  if (!spec) return [fieldRequired(at)];
  const template = at.child('template');
  return [
    ...selectorErrors(spec.selector, spec.template),
    ...podTemplateErrors(spec.template, template),
    ...alwaysRunning(spec.template, template, 'DaemonSet'),
    ...nonNegative(spec, at, 'minReadySeconds'),
    ...strategyErrors(spec.updateStrategy, at.child('updateStrategy')),
    ...nonNegative(spec, at, 'revisionHistoryLimit'),
  ];
}

function selectorErrors(selector: LabelSelector | undefined, template: PodTemplateSpec | undefined): FieldError[] {
  const where = at.child('selector');
  const errors = validateLabelSelector(selector, where);
  const labels = template?.metadata?.labels ?? {};
  if (errors.length === 0 && !labelSelectorMatcher(selector).matches(labels))
    errors.push(fieldInvalid(at.child('template', 'metadata', 'labels'), labels, '`selector` does not match template `labels`'));
  if (selector && isEmptySelector(selector)) errors.push(fieldInvalid(where, selector, 'empty selector is invalid for daemonset'));
  return errors;
}

function strategyErrors(strategy: DaemonSetUpdateStrategy | undefined, where: FieldPath): FieldError[] {
  if (strategy?.type === 'OnDelete') return [];
  if (strategy?.type !== 'RollingUpdate') return [fieldUnsupported(where, strategy ?? {}, ['RollingUpdate', 'OnDelete'])];
  const rolling = where.child('rollingUpdate');
  if (!strategy.rollingUpdate) return [fieldRequired(rolling)];
  const { maxUnavailable, maxSurge } = strategy.rollingUpdate;
  const errors = [...intOrPercent(maxUnavailable, rolling.child('maxUnavailable')), ...intOrPercent(maxSurge, rolling.child('maxSurge'))];
  const [unavailable, surge] = [intOrPercentValue(maxUnavailable) !== 0, intOrPercentValue(maxSurge) !== 0];
  if (unavailable && surge)
    errors.push(fieldInvalid(rolling.child('maxSurge'), maxSurge, 'may not be set when maxUnavailable is non-zero'));
  else if (!unavailable && !surge) errors.push(fieldRequired(rolling.child('maxUnavailable'), 'cannot be 0 when maxSurge is 0'));
  return errors;
}

export function daemonSetUpdateErrors(next: DaemonSet, old: DaemonSet): FieldError[] {
  return validateImmutable(next.spec.selector, old.spec.selector, at.child('selector'));
}

export function daemonSetStatusErrors({ status }: DaemonSet, old: DaemonSet): FieldError[] {
  const where = path('status');
  const counts = [
    'currentNumberScheduled',
    'numberMisscheduled',
    'desiredNumberScheduled',
    'numberReady',
    'observedGeneration',
    'updatedNumberScheduled',
    'numberAvailable',
    'numberUnavailable',
    'collisionCount',
  ] as const;
  return status ? [...nonNegative(status, where, ...counts), ...collisionErrors(status, old.status, where)] : [];
}
