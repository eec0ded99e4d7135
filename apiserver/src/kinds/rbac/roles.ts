import { type FieldError, type FieldPath, fieldRequired, isPathSegment, path } from '@keelson/machinery';
import { ClusterRole, type PolicyRule, Role } from '@keelson/types';
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
  validate: ({ rules }) => (rules ?? []).flatMap((rule, index) => ruleErrors(rule, path('rules').index(index), false)),
  columns: defaultColumns,
};

function ruleErrors(rule: PolicyRule, at: FieldPath, namespaced: boolean): FieldError[] {
  const errors: FieldError[] = [];
  if (!rule.verbs?.length) errors.push(fieldRequired(at.child('verbs'), 'verbs must contain at least one value'));
  if (rule.nonResourceURLs?.length) {
    if (namespaced)
      errors.push({
        type: 'Invalid',
        path: at.child('nonResourceURLs').toString(),
        badValue: rule.nonResourceURLs,
        detail: 'namespaced rules cannot apply to non-resource URLs',
      });
    return errors;
  }
  if (!rule.apiGroups?.length) errors.push(fieldRequired(at.child('apiGroups'), 'resource rules must supply at least one api group'));
  if (!rule.resources?.length) errors.push(fieldRequired(at.child('resources'), 'resource rules must supply at least one resource'));
  return errors;
}
