import { type FieldError, fieldInvalid, formatFieldErrors, path } from './field.ts';
import { compareStrings } from './go-text.ts';
import { isLabelKey, isLabelValue } from './names.ts';

/** As upstream's `selection.Operator`; `!` is "does not exist". */
export type LabelOperator = 'in' | 'notin' | '=' | '==' | '!=' | 'gt' | 'lt' | 'exists' | '!';

/** One condition on one label. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  /** Empty for `exists` and `!`, one for comparisons. */
  readonly values: readonly string[];
}

export type Labels = Readonly<Record<string, string>>;

/** What upstream finds wrong with a requirement. */
export function checkRequirement({ key, operator, values }: LabelRequirement): FieldError[] {
  const at = path('values');
  const problems = isLabelKey(key);
  const errors = problems.length > 0 ? [fieldInvalid('key', key, problems.join('; '))] : [];
  if ((operator === 'in' || operator === 'notin') && values.length === 0) {
    errors.push(fieldInvalid(at, null, "for 'in', 'notin' operators, values set can't be empty"));
  }
  if ((operator === 'exists' || operator === '!') && values.length > 0) {
    errors.push(fieldInvalid(at, values, 'values set must be empty for exists and does not exist'));
  }
  for (const [i, value] of values.entries()) {
    if ((operator === 'gt' || operator === 'lt') && toInteger(value) === undefined) {
      errors.push(fieldInvalid(at.index(i), value, "for 'Gt', 'Lt' operators, the value must be an integer"));
    }
    const wrong = isLabelValue(value);
    if (wrong.length > 0) errors.push(fieldInvalid(at.index(i).key(key), value, wrong.join('; ')));
  }
  return errors;
}

/** The same requirement. @throws Error with what upstream finds wrong with it. */
export function checkedRequirement(requirement: LabelRequirement): LabelRequirement {
  const errors = checkRequirement(requirement);
  if (errors.length > 0) throw new Error(formatFieldErrors(errors));
  return requirement;
}

/** A 64-bit integer, as Go's ParseInt reads it. */
function toInteger(text: string): bigint | undefined {
  if (!/^[+-]?[0-9]+$/.test(text)) return undefined;
  const value = BigInt(text.replace('+', ''));
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

export function requirementMatches({ key, operator, values }: LabelRequirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case 'in':
    case '=':
    case '==':
      return value !== undefined && values.includes(value);
    case 'notin':
    case '!=':
      return value === undefined || !values.includes(value);
    default:
      return value !== undefined && compares(operator, value, values[0] ?? '');
  }
}

function compares(operator: 'gt' | 'lt', left: string, right: string): boolean {
  const [a, b] = [toInteger(left), toInteger(right)];
  if (a === undefined || b === undefined) return false;
  return operator === 'gt' ? a > b : a < b;
}

const symbols: Partial<Record<LabelOperator, string>> = { '=': '=', '==': '==', '!=': '!=', gt: '>', lt: '<' };

/** `a=b`, `a in (b,c)`, `!a`, … */
export function requirementText({ key, operator, values }: LabelRequirement): string {
  if (operator === 'exists') return key;
  if (operator === '!') return `!${key}`;
  const list = values.toSorted(compareStrings).join(',');
  const symbol = symbols[operator];
  return symbol === undefined ? `${key} ${operator} (${list})` : `${key}${symbol}${list}`;
}
