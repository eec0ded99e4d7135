import {
  type FieldError,
  type FieldPath,
  fieldDuplicate,
  fieldInvalid,
  fieldRequired,
  fieldTooMany,
  goQuote,
  invalidBy,
  isQualifiedName,
  omitted,
  repeats,
} from '@keelson/machinery';
import type { JobSpec, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyRule, SuccessPolicyRule } from '@keelson/types';
import { atMostBytes, nonNegative, oneOf } from '../field-checks.ts';
import { countIndexes } from './index-list.ts';

const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const exitCodeOperators = ['In', 'NotIn'];
const statuses = ['False', 'True', 'Unknown'];
const maxRules = 20;
const maxExitCodes = 255;
const maxConditions = 20;
const maxIndexesBytes = 64 * 1024;

export function podFailurePolicyErrors(spec: JobSpec, at: FieldPath): FieldError[] {
  const rules = spec.podFailurePolicy?.rules ?? [];
  const where = at.child('rules');
  const errors = rules.length > maxRules ? [fieldTooMany(where, rules.length, maxRules)] : [];
  return [...errors, ...rules.flatMap((rule, index) => failureRuleErrors(spec, rule, where.index(index)))];
}

/** Absent: required, with the list of values; wrong: unsupported. */
function choice(value: string | undefined, supported: readonly string[], at: FieldPath): FieldError[] {
  return value ? oneOf(value, supported, at) : [fieldRequired(at, `valid values: [${supported.map(goQuote).join(' ')}]`)];
}

function failureRuleErrors(spec: JobSpec, rule: PodFailurePolicyRule, at: FieldPath): FieldError[] {
  const { action, onExitCodes, onPodConditions = [] } = rule;
  const errors = choice(action, actions, at.child('action'));
  if (action === 'FailIndex' && spec.backoffLimitPerIndex === undefined)
    errors.push(fieldInvalid(at.child('action'), action, 'requires the backoffLimitPerIndex to be set'));
  if (onExitCodes) errors.push(...exitCodeErrors(spec, onExitCodes, at.child('onExitCodes')));
  const conditions = at.child('onPodConditions');
  if (onPodConditions.length > maxConditions) errors.push(fieldTooMany(conditions, onPodConditions.length, maxConditions));
  for (const [index, { type, status }] of onPodConditions.entries()) {
    const where = conditions.index(index);
    errors.push(
      ...invalidBy(isQualifiedName(type ?? ''), where.child('type'), type ?? ''),
      ...choice(status, statuses, where.child('status')),
    );
  }
  if (onExitCodes && onPodConditions.length > 0)
    errors.push(fieldInvalid(at, omitted, 'specifying both OnExitCodes and OnPodConditions is not supported'));
  if (!onExitCodes && onPodConditions.length === 0)
    errors.push(fieldInvalid(at, omitted, 'specifying one of OnExitCodes and OnPodConditions is required'));
  return errors;
}

function exitCodeErrors(spec: JobSpec, requirement: PodFailurePolicyOnExitCodesRequirement, at: FieldPath): FieldError[] {
  const { operator, containerName, values = [] } = requirement;
  const { containers = [], initContainers = [] } = spec.template?.spec ?? {};
  const errors = choice(operator, exitCodeOperators, at.child('operator'));
  if (containerName !== undefined && ![...containers, ...initContainers].some(({ name }) => name === containerName)) {
    const detail = 'must be one of the container or initContainer names in the pod template';
    errors.push(fieldInvalid(at.child('containerName'), containerName, detail));
  }
  const where = at.child('values');
  if (values.length === 0) errors.push(fieldInvalid(where, values, 'at least one value is required'));
  else if (values.length > maxExitCodes) errors.push(fieldTooMany(where, values.length, maxExitCodes));
  const again = repeats(values);
  for (const [index, value] of values.entries()) {
    if (operator === 'In' && value === 0) errors.push(fieldInvalid(where.index(index), value, 'must not be 0 for the In operator'));
    if (again.has(index)) errors.push(fieldDuplicate(where.index(index), value));
  }
  const ordered = values.every((value, index) => index === 0 || (values[index - 1] as number) <= value);
  return ordered ? errors : [...errors, fieldInvalid(where, values, 'must be ordered')];
}

export function successPolicyErrors(spec: JobSpec, at: FieldPath): FieldError[] {
  const { successPolicy, completionMode, completions = 0 } = spec;
  if (completionMode !== 'Indexed') return [fieldInvalid(at, successPolicy, 'requires indexed completion mode')];
  const rules = successPolicy?.rules ?? [];
  const where = at.child('rules');
  if (rules.length === 0) return [fieldRequired(where, 'at least one rules must be specified when the successPolicy is specified')];
  const errors = rules.length > maxRules ? [fieldTooMany(where, rules.length, maxRules)] : [];
  return [...errors, ...rules.flatMap((rule, index) => successRuleErrors(rule, completions, where.index(index)))];
}

function successRuleErrors(rule: SuccessPolicyRule, completions: number, at: FieldPath): FieldError[] {
  const { succeededCount: count, succeededIndexes: indexes } = rule;
  const errors: FieldError[] = [];
  if (count === undefined && indexes === undefined)
    errors.push(fieldRequired(at, 'at least one of succeededCount or succeededIndexes must be specified'));
  let named = 0;
  if (indexes !== undefined) {
    const where = at.child('succeededIndexes');
    errors.push(...atMostBytes(indexes, maxIndexesBytes, where));
    try {
      named = countIndexes(indexes, completions);
    } catch (error) {
      errors.push(fieldInvalid(where, indexes, `error parsing succeededIndexes: ${(error as Error).message}`));
    }
  }
  if (count === undefined) return errors;
  const where = at.child('succeededCount');
  errors.push(...nonNegative(rule, at, 'succeededCount'));
  if (count > completions)
    errors.push(fieldInvalid(where, count, `must be less than or equal to ${completions} (the number of specified completions)`));
  if (indexes !== undefined && count > named)
    errors.push(
      fieldInvalid(where, count, `must be less than or equal to ${named} (the number of indexes in the specified succeededIndexes field)`),
    );
  return errors;
}
