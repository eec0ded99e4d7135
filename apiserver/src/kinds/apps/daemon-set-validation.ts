import {
  equal,
  type FieldError,
  type FieldPath,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  fieldUnsupported,
  labelSelectorMatcher,
  path,
  validateLabelSelector,
} from '@keelson/machinery';
import type { DaemonSet, DaemonSetUpdateStrategy, LabelSelector, PodTemplateSpec } from '@keelson/types';
import { podTemplateErrors } from '../core/pod-validation.ts';
import { intOrPercent, intOrPercentValue, nonNegative } from '../field-checks.ts';

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

export function isEmptySelector({ matchLabels, matchExpressions }: LabelSelector): boolean {
  return Object.keys(matchLabels ?? {}).length + (matchExpressions?.length ?? 0) === 0;
}

/** What a template may not say whose pods are meant to run for good. */
export function alwaysRunning(template: PodTemplateSpec | undefined, where: FieldPath, kind: string): FieldError[] {
  const { restartPolicy, activeDeadlineSeconds } = template?.spec ?? {};
  const errors: FieldError[] = [];
  if (template?.spec && restartPolicy !== 'Always')
    errors.push(fieldUnsupported(where.child('spec', 'restartPolicy'), restartPolicy ?? '', ['Always']));
  if (activeDeadlineSeconds !== undefined)
    errors.push(fieldForbidden(where.child('spec', 'activeDeadlineSeconds'), `activeDeadlineSeconds in ${kind} is not Supported`));
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
  if (unavailable && surge) errors.push(fieldInvalid(rolling.child('maxSurge'), maxSurge, 'may not be set when maxUnavailable is non-zero'));
  else if (!unavailable && !surge) errors.push(fieldRequired(rolling.child('maxUnavailable'), 'cannot be 0 when maxSurge is 0'));
  return errors;
}

/** `field is immutable`, for the selector of a workload. */
export function daemonSetUpdateErrors(next: DaemonSet, old: DaemonSet): FieldError[] {
  const { selector } = next.spec;
  return equal(selector, old.spec.selector) ? [] : [fieldInvalid(at.child('selector'), selector, 'field is immutable')];
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

interface Collisions {
  readonly collisionCount?: number | undefined;
}

/** The count of hash collisions only grows. */
export function collisionErrors(next: Collisions | undefined, old: Collisions | undefined, where: FieldPath): FieldError[] {
  const [is, was] = [next?.collisionCount, old?.collisionCount];
  const shrunk = was !== undefined && (is === undefined || is < was);
  return shrunk ? [fieldInvalid(where.child('collisionCount'), is ?? 0, 'cannot be decremented')] : [];
}
