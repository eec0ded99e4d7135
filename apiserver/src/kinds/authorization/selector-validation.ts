import { type FieldError, type FieldPath, fieldInvalid, fieldRequired, path } from '@keelson/machinery';
import type { SubjectAccessReviewSpec } from '@keelson/types';

type ResourceAttributes = NonNullable<SubjectAccessReviewSpec['resourceAttributes']>;

interface Selector {
  readonly rawSelector?: string | undefined;
  readonly requirements?:
    | readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] | undefined }[]
    | undefined;
}

/** What is wrong with the selectors of an access review. Operators nobody knows are let pass, as upstream: they narrow nothing. */
export function selectorErrors({ fieldSelector, labelSelector }: ResourceAttributes): FieldError[] {
  const at = path('spec', 'resourceAttributes');
  return [...errorsOf(at.child('fieldSelector'), fieldSelector), ...errorsOf(at.child('labelSelector'), labelSelector)];
}

function errorsOf(at: FieldPath, selector: Selector | undefined): FieldError[] {
  if (!selector) return [];
  const { rawSelector, requirements = [] } = selector;
  if (rawSelector && requirements.length > 0)
    return [fieldInvalid(at.child('rawSelector'), rawSelector, 'may not specified at the same time as requirements')];
  if (!rawSelector && requirements.length === 0) {
    const name = String(at).split('.').at(-1);
    return [fieldRequired(at.child('requirements'), `when ${name} is specified, requirements or rawSelector is required`)];
  }
  return requirements.flatMap(({ key, operator, values = [] }, i) =>
    requirementErrors(at.child('requirements').index(i), key, operator, values),
  );
}

function requirementErrors(at: FieldPath, key: string, operator: string, values: readonly string[]): FieldError[] {
  const errors: FieldError[] = [];
  if (!key) errors.push(fieldRequired(at.child('key'), 'must be specified'));
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0)
    errors.push(fieldRequired(at.child('values'), "must be specified when `operator` is 'In' or 'NotIn'"));
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0)
    errors.push(fieldInvalid(at.child('values'), values, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  return errors;
}
