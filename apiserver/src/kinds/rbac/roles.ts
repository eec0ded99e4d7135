import {
  type FieldError,
  type FieldPath,
  fieldInvalid,
  fieldRequired,
  isPathSegment,
  path,
  validateLabelSelector,
} from '@keelson/machinery';
import { type AggregationRule, ClusterRole, type PolicyRule, Role } from '@keelson/types';
import { defaultColumns } from '../columns.ts';
import type { KindDefinition } from '../types.ts';

export const roleKind: KindDefinition<Role> = {
  kind: Role,
  name: isPathSegment,
  createOnUpdate: true,
  validate: ({ rules }) => (rules ?? []).flatMap((rule, index) => ruleErrors(rule, path('rules').index(index), true)),
  columns: defaultColumns,
};

export const clusterRoleKind: KindDefinition<ClusterRole> = {
  kind: ClusterRole,
  name: isPathSegment,
  createOnUpdate: true,
  validate: ({ rules, aggregationRule }) => [
    ...(rules ?? []).flatMap((rule, index) => ruleErrors(rule, path('rules').index(index), false)),
    ...(aggregationRule ? aggregationErrors(aggregationRule) : []),
  ],
  columns: defaultColumns,
};

function ruleErrors(rule: PolicyRule, at: FieldPath, namespaced: boolean): FieldError[] {
  const errors: FieldError[] = [];
  if (!rule.verbs?.length) errors.push(fieldRequired(at.child('verbs'), 'verbs must contain at least one value'));
  if (rule.nonResourceURLs?.length) {
    const refuse = (why: string): void => void errors.push(fieldInvalid(at.child('nonResourceURLs'), rule.nonResourceURLs, why));
    if (namespaced) refuse('namespaced rules cannot apply to non-resource URLs');
    if (rule.apiGroups?.length || rule.resources?.length || rule.resourceNames?.length)
      refuse('rules cannot apply to both regular resources and non-resource URLs');
    return errors;
  }
  if (!rule.apiGroups?.length) errors.push(fieldRequired(at.child('apiGroups'), 'resource rules must supply at least one api group'));
  if (!rule.resources?.length) errors.push(fieldRequired(at.child('resources'), 'resource rules must supply at least one resource'));
  return errors;
}

function aggregationErrors({ clusterRoleSelectors: selectors = [] }: AggregationRule): FieldError[] {
  const at = path('aggregationRule', 'clusterRoleSelectors');
  if (selectors.length === 0) return [fieldRequired(at, 'at least one clusterRoleSelector required if aggregationRule is non-nil')];
  return selectors.flatMap((selector, index) => {
    const errors = validateLabelSelector(selector, at.index(index));
    return errors.length === 0 ? [] : [...errors, fieldInvalid(at.index(index), null, 'invalid label selector.')];
  });
}
