import { type FieldError, type FieldPath, fieldInvalid, fieldRequired, path } from '@keelson/machinery';
import type { ResourceQuota, ResourceQuotaSpec } from '@keelson/types';
import { isQuotaResource, quotaResourceNameErrors, resourceAmountErrors } from './resource-names.ts';

const compute = ['pods', 'cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory'];

/** What each scope can be applied to. */
const scopes: Readonly<Record<string, readonly string[]>> = {
  Terminating: compute,
  NotTerminating: compute,
  NotBestEffort: compute,
  BestEffort: ['pods'],
  PriorityClass: compute,
  CrossNamespacePodAffinity: compute,
  VolumeAttributesClass: ['persistentvolumeclaims', 'requests.storage'],
};
const existOnly = ['Terminating', 'NotTerminating', 'BestEffort', 'NotBestEffort', 'CrossNamespacePodAffinity'];
const conflicting = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
];

export function resourceQuotaErrors({ spec }: ResourceQuota): FieldError[] {
  const at = path('spec');
  return spec ? [...amountErrors(spec.hard, at.child('hard')), ...scopeErrors(spec, at), ...scopeSelectorErrors(spec, at)] : [];
}

export function resourceQuotaStatusErrors({ status }: ResourceQuota): FieldError[] {
  const at = path('status');
  return [...amountErrors(status?.hard, at.child('hard')), ...amountErrors(status?.used, at.child('used'))];
}

function amountErrors(amounts: ResourceQuotaSpec['hard'], at: FieldPath): FieldError[] {
  return Object.entries(amounts ?? {}).flatMap(([name, amount]) => [
    ...quotaResourceNameErrors(name, at.key(name)),
    ...resourceAmountErrors(name, amount, at.key(name)),
  ]);
}

function namedScopeErrors(named: readonly string[], hard: readonly string[], at: FieldPath, badValue: unknown): FieldError[] {
  const errors: FieldError[] = [];
  for (const scope of named) {
    if (!scopes[scope]) errors.push(fieldInvalid(at, badValue, 'unsupported scope'));
    for (const name of hard) {
      if (isQuotaResource(name) && !scopes[scope]?.includes(name))
        errors.push(fieldInvalid(at, badValue, 'unsupported scope applied to resource'));
    }
  }
  for (const pair of conflicting)
    if (pair.every((scope) => named.includes(scope))) errors.push(fieldInvalid(at, badValue, 'conflicting scopes'));
  return errors;
}

function scopeErrors({ scopes: named = [], hard = {} }: ResourceQuotaSpec, at: FieldPath): FieldError[] {
  return namedScopeErrors(named, Object.keys(hard), at.child('scopes'), named);
}

function scopeSelectorErrors({ scopeSelector, hard = {} }: ResourceQuotaSpec, at: FieldPath): FieldError[] {
  const expressions = scopeSelector?.matchExpressions ?? [];
  const where = at.child('scopeSelector', 'matchExpressions');
  const named = expressions.map(({ scopeName }) => scopeName);
  const errors = namedScopeErrors(named, Object.keys(hard), where.child('scopeName'), named.length === 1 ? named[0] : named);
  for (const { scopeName, operator, values = [] } of expressions) {
    if (existOnly.includes(scopeName) && operator !== 'Exists') {
      const detail =
        "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
      errors.push(fieldInvalid(where.child('operator'), operator, detail));
    }
    if (operator === 'In' || operator === 'NotIn') {
      const detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
      if (values.length === 0) errors.push(fieldRequired(where.child('values'), detail));
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      const detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
      if (values.length > 0) errors.push(fieldInvalid(where.child('values'), values, detail));
    } else errors.push(fieldInvalid(where.child('operator'), operator, 'not a valid selector operator'));
  }
  return errors;
}
