import { type FieldError, type FieldPath, fieldRequired, path } from '@keelson/machinery';
import { MutatingAdmissionPolicy, type Mutation, ValidatingAdmissionPolicy } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import { conditionErrors, requiredOneOf } from '../field-checks.ts';
import type { KindDefinition } from '../types.ts';
import { auditAnnotationErrors, defaultPolicy, paramKindText, policyErrors, validationErrors } from './policy-validation.ts';

const at = path('spec');

export const validatingAdmissionPolicyKind: KindDefinition<ValidatingAdmissionPolicy> = {
  kind: ValidatingAdmissionPolicy,
  conditionalUpdateOnly: true,
  defaults: ({ spec }) => spec && defaultPolicy(spec),
  prepareCreate(policy) {
    policy.status = {};
  },
  validate({ spec = {}, metadata }) {
    const { validations = [], auditAnnotations = [] } = spec;
    const errors = policyErrors(spec, at);
    if (validations.length + auditAnnotations.length === 0) {
      const detail = 'validations or auditAnnotations must contain at least one item';
      errors.push(fieldRequired(at.child('validations'), detail), fieldRequired(at.child('auditAnnotations'), detail));
    }
    return [
      ...errors,
      ...validations.flatMap((validation, index) => validationErrors(validation, at.child('validations').index(index))),
      ...auditAnnotationErrors(auditAnnotations, metadata.name ?? '', at.child('auditAnnotations')),
    ];
  },
  status: { validateUpdate: ({ status }) => conditionErrors(status?.conditions, path('status', 'conditions')) },
  columns: [
    nameColumn,
    { name: 'Validations', type: 'integer', cell: ({ spec }) => spec?.validations?.length ?? 0 },
    { name: 'ParamKind', type: 'string', cell: ({ spec }) => paramKindText(spec?.paramKind) },
    ageColumn,
  ],
};

export const mutatingAdmissionPolicyKind: KindDefinition<MutatingAdmissionPolicy> = {
  kind: MutatingAdmissionPolicy,
  generation: true,
  conditionalUpdateOnly: true,
  defaults: ({ spec }) => spec && defaultPolicy(spec),
  validate({ spec = {} }) {
    const { mutations = [] } = spec;
    const errors = policyErrors(spec, at);
    if (mutations.length === 0) errors.push(fieldRequired(at.child('mutations'), 'mutations must contain at least one item'));
    return [
      ...errors,
      ...mutations.flatMap((mutation, index) => mutationErrors(mutation, at.child('mutations').index(index))),
      ...requiredOneOf(spec.reinvocationPolicy, ['IfNeeded', 'Never'], at.child('reinvocationPolicy')),
    ];
  },
  columns: [
    nameColumn,
    { name: 'Mutations', type: 'integer', cell: ({ spec }) => spec?.mutations?.length ?? 0 },
    { name: 'ParamKind', type: 'string', cell: ({ spec }) => paramKindText(spec?.paramKind) },
    ageColumn,
  ],
};

/** Each type of patch, and the member that holds it. */
const patchMembers = { ApplyConfiguration: 'applyConfiguration', JSONPatch: 'jsonPatch' } as const;

function mutationErrors(mutation: Mutation, where: FieldPath): FieldError[] {
  const { patchType } = mutation;
  const errors = requiredOneOf(patchType, Object.keys(patchMembers), where.child('patchType'));
  if (errors.length > 0) return errors;
  const member = patchMembers[patchType as keyof typeof patchMembers];
  if (mutation[member]?.expression?.trim()) return [];
  return [fieldRequired(where.child(member, 'expression'), 'expression is not specified')];
}
