import {
  type FieldError,
  type FieldPath,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  invalidBy,
  isDNS1123Subdomain,
  isLabelValue,
  isQualifiedName,
} from '@keelson/machinery';
import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm } from '@keelson/types';

/** Which nodes a volume or a device can be reached from. */
export function nodeSelectorErrors({ nodeSelectorTerms }: NodeSelector, at: FieldPath): FieldError[] {
  const where = at.child('nodeSelectorTerms');
  if (!nodeSelectorTerms?.length) return [fieldRequired(where, 'must have at least one node selector term')];
  return nodeSelectorTerms.flatMap((term, index) => nodeSelectorTermErrors(term, where.index(index), true));
}

/** One of several terms. `strict`: values must be such that a label can have them. */
export function nodeSelectorTermErrors(
  { matchExpressions = [], matchFields = [] }: NodeSelectorTerm,
  at: FieldPath,
  strict: boolean,
): FieldError[] {
  return [
    ...matchExpressions.flatMap((one, index) => labelErrors(one, at.child('matchExpressions').index(index), strict)),
    ...matchFields.flatMap((one, index) => fieldErrors(one, at.child('matchFields').index(index))),
  ];
}

function labelErrors({ key, operator, values = [] }: NodeSelectorRequirement, at: FieldPath, strict: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const refuse = (wrong: boolean, error: FieldError): void => {
    if (wrong) errors.push(error);
  };
  if (operator === 'In' || operator === 'NotIn')
    refuse(values.length === 0, fieldRequired(at.child('values'), "must be specified when `operator` is 'In' or 'NotIn'"));
  else if (operator === 'Exists' || operator === 'DoesNotExist')
    refuse(values.length > 0, fieldForbidden(at.child('values'), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  else if (operator === 'Gt' || operator === 'Lt')
    refuse(values.length !== 1, fieldRequired(at.child('values'), "must be specified single value when `operator` is 'Lt' or 'Gt'"));
  else errors.push(fieldInvalid(at.child('operator'), operator ?? '', 'not a valid selector operator'));
  errors.push(...invalidBy(isQualifiedName(key ?? ''), at.child('key'), key ?? ''));
  if (!strict) return errors;
  return [...errors, ...values.flatMap((value, index) => invalidBy(isLabelValue(value), at.child('values').index(index), value))];
}

/** A node has one field to select by: its name. */
function fieldErrors({ key, operator, values = [] }: NodeSelectorRequirement, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (operator !== 'In' && operator !== 'NotIn')
    errors.push(fieldInvalid(at.child('operator'), operator ?? '', 'not a valid selector operator'));
  else if (values.length !== 1)
    errors.push(fieldRequired(at.child('values'), "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"));
  if (key !== 'metadata.name') return [...errors, fieldInvalid(at.child('key'), key, 'not a valid field selector key')];
  return [...errors, ...values.flatMap((value, i) => invalidBy(isDNS1123Subdomain(value), at.child('values').index(i), value))];
}
