import { type FieldError, type FieldPath, fieldInvalid, fieldRequired, path } from '@keelson/machinery';
import type { ResourceQuota, ResourceQuotaSpec, ScopedResourceSelectorRequirement } from '@keelson/types';
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

/** Whether something of what is limited is nothing the scope can tell apart; of a scope nobody knows, that alone is said. */
function isMisapplied(scope: string, { hard = {} }: ResourceQuotaSpec): boolean {
  return Object.keys(hard).some((name) => isQuotaResource(name) && scopes[scope]?.includes(name) === false);
}

function conflictErrors(named: readonly string[], at: FieldPath, badValue: unknown): FieldError[] {
  const found = conflicting.filter((pair) => pair.every((scope) => named.includes(scope)));
  return found.map(() => fieldInvalid(at, badValue, 'conflicting scopes'));
}

function scopeErrors(spec: ResourceQuotaSpec, at: FieldPath): FieldError[] {
  const { scopes: named = [] } = spec;
  const where = at.child('scopes');
  const errors = named.flatMap((scope) => [
    ...(scopes[scope] ? [] : [fieldInvalid(where, named, 'unsupported scope')]),
    ...(isMisapplied(scope, spec) ? [fieldInvalid(where, named, 'unsupported scope applied to resource')] : []),
  ]);
  return [...errors, ...conflictErrors(named, where, named)];
}

function scopeSelectorErrors(spec: ResourceQuotaSpec, at: FieldPath): FieldError[] {
  const { scopeSelector } = spec;
  const expressions = scopeSelector?.matchExpressions ?? [];
  const where = at.child('scopeSelector', 'matchExpressions');
  const errors = expressions.flatMap((expression) => {
    const { scopeName: scope } = expression;
    return [
      ...(scopes[scope] ? [] : [fieldInvalid(where.child('scopeName'), scope, 'unsupported scope')]),
      ...(isMisapplied(scope, spec) ? [fieldInvalid(where, scopeSelector, 'unsupported scope applied to resource')] : []),
      ...operatorErrors(expression, where),
    ];
  });
  const named = expressions.map(({ scopeName }) => scopeName);
  return [...errors, ...conflictErrors(named, where, spec.scopes)];
}

function operatorErrors({ scopeName, operator, values = [] }: ScopedResourceSelectorRequirement, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (existOnly.includes(scopeName) && operator !== 'Exists') {
    const detail =
      "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
    errors.push(fieldInvalid(at.child('operator'), operator, detail));
  }
  if (operator === 'In' || operator === 'NotIn') {
    const detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
    if (values.length === 0) errors.push(fieldRequired(at.child('values'), detail));
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    const detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
    if (values.length > 0) errors.push(fieldInvalid(at.child('values'), values, detail));
  } else errors.push(fieldInvalid(at.child('operator'), operator, 'not a valid selector operator'));
  return errors;
}
