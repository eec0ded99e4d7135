import {
  type FieldError,
  type FieldPath,
  fieldDuplicate,
  fieldInvalid,
  invalidBy,
  isLabelValue,
  isQualifiedName,
  repeats,
} from '@keelson/machinery';
import type { DeviceTaint, DeviceToleration } from '@keelson/types';
import { oneOf, optionalName, requiredOneOf } from '../field-checks.ts';
import { eachOf } from './lists.ts';

const effects = ['NoExecute', 'NoSchedule', 'None'];
const mostConditions = 4;

export function taintErrors({ key = '', value, effect }: DeviceTaint, at: FieldPath): FieldError[] {
  return [
    ...invalidBy(isQualifiedName(key), at.child('key'), key),
    ...optionalName(value, isLabelValue, at.child('value')),
    ...requiredOneOf(effect, effects, at.child('effect')),
  ];
}

export function tolerationErrors({ key, operator, value = '', effect }: DeviceToleration, at: FieldPath): FieldError[] {
  const errors = optionalName(key, isQualifiedName, at.child('key'));
  errors.push(...requiredOneOf(operator, ['Equal', 'Exists'], at.child('operator')));
  if (operator === 'Exists' && value) errors.push(fieldInvalid(at.child('value'), value, 'must be empty for operator `Exists`'));
  if (operator === 'Equal') errors.push(...invalidBy(isLabelValue(value), at.child('value'), value));
  return [...errors, ...oneOf(effect || undefined, effects, at.child('effect'))];
}

/** What a device waits for before its pod runs, and what tells that it waits in vain: both or neither, and not the same. */
export function bindingErrors(
  { bindingConditions: wanted, bindingFailureConditions: failures }: BindingConditions,
  at: FieldPath,
): FieldError[] {
  const [wantedAt, failuresAt] = [at.child('bindingConditions'), at.child('bindingFailureConditions')];
  const named = (name: string, where: FieldPath): FieldError[] => invalidBy(isQualifiedName(name), where, name);
  const [some, others] = [wanted ?? [], failures ?? []];
  const wantedNames = new Set(some);
  const again = (names: readonly string[], where: FieldPath): FieldError[] =>
    [...repeats(names)].map((index) => fieldDuplicate(where.index(index), names[index]));
  const errors = [
    ...eachOf(some, mostConditions, wantedAt, named),
    ...eachOf(others, mostConditions, failuresAt, named),
    ...again(some, wantedAt),
    ...again(others, failuresAt),
    ...others.flatMap((name, index) =>
      wantedNames.has(name)
        ? [fieldInvalid(failuresAt.index(index), name, 'bindingFailureConditions must not overlap with bindingConditions')]
        : [],
    ),
  ];
  if (some.length === 0 && others.length > 0)
    errors.push(fieldInvalid(wantedAt, wanted, 'bindingConditions are required to use bindingFailureConditions'));
  if (others.length === 0 && some.length > 0)
    errors.push(fieldInvalid(failuresAt, failures, 'bindingFailureConditions are required to use bindingConditions'));
  return errors;
}

interface BindingConditions {
  readonly bindingConditions?: readonly string[] | undefined;
  readonly bindingFailureConditions?: readonly string[] | undefined;
}
