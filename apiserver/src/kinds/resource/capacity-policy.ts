import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  type FieldError,
  type FieldPath,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  formatQuantity,
  parseQuantity,
  quantityValue,
  zeroQuantity,
} from '@keelson/machinery';
import type { CapacityRequestPolicy, CapacityRequestPolicyRange, DeviceCapacity } from '@keelson/types';
import { eachOfSet } from './lists.ts';

type Amount = string | number;

const mostValues = 10;

/** How much of a capacity may be asked for at once; only capacities that several claims share have such a rule. */
export function capacityErrors({ value, requestPolicy: policy }: DeviceCapacity, isShared: boolean, at: FieldPath): FieldError[] {
  const where = at.child('requestPolicy');
  if (!policy) return [];
  if (!isShared) return [fieldForbidden(where, 'allowMultipleAllocations must be true')];
  const { validValues = [], validRange } = policy;
  const rule = (['validValues', 'validRange'] as const).find((member) => (member === 'validRange' ? validRange : validValues.length > 0));
  if (validValues.length > 0 && validRange)
    return [fieldForbidden(where, 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time')];
  if (rule === undefined) return [];
  if (policy.default === undefined) return [fieldRequired(where.child('default'), `required when ${rule} is defined`)];
  return rule === 'validRange' && validRange
    ? rangeErrors(validRange, policy.default, value, where.child(rule))
    : valuesErrors(policy, policy.default, value, where.child('validValues'));
}

function valuesErrors({ validValues = [] }: CapacityRequestPolicy, preset: Amount, whole: Amount, at: FieldPath): FieldError[] {
  const errors = validValues.flatMap((value, index) => {
    const before = validValues[index - 1];
    const isUnsorted = before !== undefined && compare(before, value) > 0;
    return isUnsorted ? [fieldInvalid(at.index(index), canonicalQuantity(value), 'values must be sorted in ascending order')] : [];
  });
  const check = (value: Amount, where: FieldPath): FieldError[] =>
    compare(value, whole) > 0
      ? [fieldInvalid(where, canonicalQuantity(value), `option is larger than capacity value: ${canonicalQuantity(whole)}`)]
      : [];
  errors.push(...eachOfSet(validValues, mostValues, at, check, (value) => String(quantityValue(parseQuantity(value)))));
  const isAmong = validValues.length <= mostValues && validValues.some((value) => compare(value, preset) === 0);
  if (!isAmong) errors.push(fieldInvalid(at, canonicalQuantity(preset), 'default value is not valid according to the requestPolicy'));
  return errors;
}

function rangeErrors({ min, max, step }: CapacityRequestPolicyRange, preset: Amount, whole: Amount, at: FieldPath): FieldError[] {
  if (min === undefined) return [fieldRequired(at.child('min'), 'required when validRange is defined')];
  const errors: FieldError[] = [];
  const refuse = (wrong: boolean, member: string, value: Amount, detail: string, limit: Amount): void => {
    if (wrong) errors.push(fieldInvalid(at.child(member), canonicalQuantity(value), `${detail}: ${canonicalQuantity(limit)}`));
  };
  refuse(compare(min, whole) > 0, 'min', min, 'min is larger than capacity value', whole);
  refuse(compare(preset, min) < 0, 'min', preset, 'default is less than min', min);
  if (max !== undefined) {
    refuse(compare(min, max) > 0, 'max', min, 'min is larger than max', max);
    refuse(compare(max, whole) > 0, 'max', max, 'max is larger than capacity value', whole);
    refuse(compare(preset, max) > 0, 'max', preset, 'default is more than max', max);
  }
  if (step !== undefined) errors.push(...stepErrors(min, step, [preset, ...(max === undefined ? [] : [max])], whole, at.child('step')));
  return errors;
}

/** `values` are reached from `min` in whole steps. */
function stepErrors(min: Amount, step: Amount, values: readonly Amount[], whole: Amount, at: FieldPath): FieldError[] {
  const text = canonicalQuantity(step);
  if (compareQuantities(parseQuantity(step), zeroQuantity) <= 0) return [fieldInvalid(at, text, 'must be greater than zero')];
  const first = addQuantities(parseQuantity(min), parseQuantity(step));
  const units = (amount: Amount): number => quantityValue(parseQuantity(amount));
  const from = `(${text}) from (${canonicalQuantity(min)})`;
  const tooFar = compareQuantities(first, parseQuantity(whole)) > 0;
  return [
    ...(tooFar
      ? [fieldInvalid(at, text, `one step ${formatQuantity(first)} is larger than capacity value: ${canonicalQuantity(whole)}`)]
      : []),
    ...values.flatMap((value) =>
      (units(value) - units(min)) % units(step) === 0
        ? []
        : [fieldInvalid(at, canonicalQuantity(value), `value is not a multiple of a given step ${from}`)],
    ),
  ];
}

function compare(a: Amount, b: Amount): number {
  return compareQuantities(parseQuantity(a), parseQuantity(b));
}
