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
import type { Deployment, LabelSelector, PodTemplateSpec, ReplicaSet } from '@keelson/types';
import { podTemplateErrors } from '../core/pod-validation.ts';
import { isEmptySelector } from './workload-validation.ts';

const at = path('spec');
const notNegative = 'must be greater than or equal to 0';

export function deploymentErrors({ spec }: Deployment): FieldError[] {
  if (!spec) return [fieldRequired(at)];
  const errors = [...negative(at.child('replicas'), spec.replicas), ...selectorErrors(spec.selector, spec.template)];
  errors.push(
    ...strategyErrors(spec),
    ...negative(at.child('minReadySeconds'), spec.minReadySeconds),
    ...negative(at.child('revisionHistoryLimit'), spec.revisionHistoryLimit),
  );
  const { progressDeadlineSeconds: deadline } = spec;
  errors.push(...negative(at.child('progressDeadlineSeconds'), deadline));
  if (deadline !== undefined && deadline <= (spec.minReadySeconds ?? 0))
    errors.push(fieldInvalid(at.child('progressDeadlineSeconds'), deadline, 'must be greater than minReadySeconds'));
  return errors;
}

export function replicaSetErrors({ spec }: ReplicaSet): FieldError[] {
  if (!spec) return [fieldRequired(at)];
  return [
    ...negative(at.child('replicas'), spec.replicas),
    ...negative(at.child('minReadySeconds'), spec.minReadySeconds),
    ...selectorErrors(spec.selector, spec.template),
  ];
}

function negative(where: FieldPath, value: number | undefined): FieldError[] {
  return value !== undefined && value < 0 ? [fieldInvalid(where, value, notNegative)] : [];
}

function selectorErrors(selector: LabelSelector | undefined, template: PodTemplateSpec | undefined): FieldError[] {
  const where = at.child('selector');
  const errors = selector ? validateLabelSelector(selector, where) : [fieldRequired(where)];
  const labels = template?.metadata?.labels ?? {};
  if (selector && isEmptySelector(selector)) errors.push(fieldInvalid(where, selector, 'empty selector is invalid for deployment'));
  else if ((!selector || errors.length === 0) && !labelSelectorMatcher(selector).matches(labels))
    errors.push(fieldInvalid(at.child('template', 'metadata', 'labels'), labels, '`selector` does not match template `labels`'));
  const policy = template?.spec?.restartPolicy;
  errors.push(...podTemplateErrors(template, at.child('template')));
  if (policy && policy !== 'Always') errors.push(fieldUnsupported(at.child('template', 'spec', 'restartPolicy'), policy, ['Always']));
  return errors;
}

function strategyErrors({ strategy }: Deployment['spec']): FieldError[] {
  const where = at.child('strategy');
  const { type, rollingUpdate } = strategy ?? {};
  if (type === 'Recreate')
    return rollingUpdate ? [fieldForbidden(where.child('rollingUpdate'), "may not be specified when strategy `type` is 'Recreate'")] : [];
  if (type !== 'RollingUpdate') return [fieldUnsupported(where.child('type'), type ?? '', ['Recreate', 'RollingUpdate'])];
  const errors: FieldError[] = [];
  for (const member of ['maxUnavailable', 'maxSurge'] as const) {
    const value = rollingUpdate?.[member] ?? 0;
    const wrong = typeof value === 'number' ? value < 0 : !/^[0-9]+%$/.test(value);
    if (wrong && typeof value === 'number') errors.push(fieldInvalid(where.child('rollingUpdate', member), value, notNegative));
    else if (wrong)
      errors.push(
        fieldInvalid(
          where.child('rollingUpdate', member),
          value,
          "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
        ),
      );
  }
  const isZero = (value: number | string | undefined): boolean => value === undefined || value === 0 || value === '0%';
  if (errors.length === 0 && isZero(rollingUpdate?.maxUnavailable) && isZero(rollingUpdate?.maxSurge)) {
    errors.push(
      fieldInvalid(where.child('rollingUpdate', 'maxUnavailable'), rollingUpdate?.maxUnavailable, 'may not be 0 when `maxSurge` is 0'),
    );
  }
  return errors;
}

export function selectorUnchanged(next: LabelSelector | undefined, old: LabelSelector | undefined): FieldError[] {
  return equal(next, old) ? [] : [fieldInvalid(at.child('selector'), next, 'field is immutable')];
}
