import { type FieldError, type FieldPath, fieldRequired, path } from '@keelson/machinery';
import { MutatingAdmissionPolicy, type Mutation, ValidatingAdmissionPolicy } from '@keelson/types';
import { mutationTypes, PolicyPrograms } from '../../extensions/policies/program.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { conditionErrors, requiredOneOf } from '../field-checks.ts';
import type { KindDefinition } from '../types.ts';
import { auditAnnotationErrors, compileErrors, defaultPolicy, paramKindText, policyErrors, validationErrors } from './policy-validation.ts';

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
    const programs = new PolicyPrograms(spec);
    const errors = policyErrors(spec, at, programs);
    if (validations.length + auditAnnotations.length === 0) {
      const detail = 'validations or auditAnnotations must contain at least one item';
      errors.push(fieldRequired(at.child('validations'), detail), fieldRequired(at.child('auditAnnotations'), detail));
    }
    return [
      ...errors,
      ...validations.flatMap((validation, index) => validationErrors(validation, at.child('validations').index(index), programs)),
      ...auditAnnotationErrors(auditAnnotations, metadata.name ?? '', at.child('auditAnnotations'), programs),
    ];
  },
  status: { leaves: 'metadata', validateUpdate: ({ status }) => conditionErrors(status?.conditions, path('status', 'conditions')) },
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
    const programs = new PolicyPrograms(spec);
    const errors = policyErrors(spec, at, programs);
    if (mutations.length === 0) errors.push(fieldRequired(at.child('mutations'), 'mutations must contain at least one item'));
    return [
      ...errors,
      ...mutations.flatMap((mutation, index) => mutationErrors(mutation, at.child('mutations').index(index), programs)),
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

function mutationErrors(mutation: Mutation, where: FieldPath, programs: PolicyPrograms): FieldError[] {
  const { patchType } = mutation;
  const errors = requiredOneOf(patchType, Object.keys(patchMembers), where.child('patchType'));
  if (errors.length > 0) return errors;
  const member = patchMembers[patchType as keyof typeof patchMembers];
  const expression = mutation[member]?.expression ?? '';
  const at = where.child(member, 'expression');
  if (!expression.trim()) return [fieldRequired(at, 'expression is not specified')];
  return compileErrors(expression, programs.problemOf(expression, mutationTypes(mutation)), at);
}
