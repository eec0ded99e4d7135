import { type FieldError, type FieldPath, fieldDuplicate, fieldInvalid, fieldRequired, path, repeats } from '@keelson/machinery';
import { MutatingAdmissionPolicyBinding, ValidatingAdmissionPolicyBinding } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import { oneOf } from '../field-checks.ts';
import type { Column, KindDefinition } from '../types.ts';
import { bindingErrors, defaultMatchResources, paramRefText } from './policy-validation.ts';

const at = path('spec');

const columns: readonly Column<ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding>[] = [
  nameColumn,
  { name: 'PolicyName', type: 'string', cell: ({ spec }) => spec?.policyName ?? '' },
  { name: 'ParamRef', type: 'string', cell: ({ spec }) => paramRefText(spec?.paramRef) },
  ageColumn,
];

export const validatingAdmissionPolicyBindingKind: KindDefinition<ValidatingAdmissionPolicyBinding> = {
  kind: ValidatingAdmissionPolicyBinding,
  generation: true,
  conditionalUpdateOnly: true,
  defaults: ({ spec }) => defaultMatchResources(spec?.matchResources),
  validate: ({ spec }) => [...bindingErrors(spec ?? {}, at), ...actionErrors(spec?.validationActions ?? [], at.child('validationActions'))],
  columns,
};

export const mutatingAdmissionPolicyBindingKind: KindDefinition<MutatingAdmissionPolicyBinding> = {
  kind: MutatingAdmissionPolicyBinding,
  generation: true,
  conditionalUpdateOnly: true,
  defaults: ({ spec }) => defaultMatchResources(spec?.matchResources),
  validate: ({ spec }) => bindingErrors(spec ?? {}, at),
  columns,
};

function actionErrors(actions: readonly string[], where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const again = repeats(actions);
  for (const [index, action] of actions.entries()) {
    errors.push(...oneOf(action, ['Audit', 'Deny', 'Warn'], where.index(index)));
    if (again.has(index)) errors.push(fieldDuplicate(where.index(index), action));
  }
  if (actions.includes('Deny') && actions.includes('Warn')) {
    const why = 'repeating the same validation failure information in the API response and headers serves no purpose';
    errors.push(fieldInvalid(where, actions, `must not contain both Deny and Warn (${why})`));
  }
  return actions.length === 0 ? [fieldRequired(where, 'at least one validation action is required')] : errors;
}
