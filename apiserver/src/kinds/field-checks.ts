import {
  byteLength,
  compareQuantities,
  type FieldError,
  type FieldPath,
  fieldDuplicate,
  fieldInvalid,
  fieldRequired,
  fieldTooLong,
  fieldUnsupported,
  type IntOrString,
  invalidBy,
  isDNS1123Subdomain,
  isPathSegment,
  isPercent,
  isQualifiedName,
  parseQuantity,
  regexProblem,
  repeats,
  validateNonNegative,
  zeroQuantity,
} from '@keelson/machinery';

/** Checks of single fields that kinds of several groups make, with Kubernetes' messages. */

/** A value outside an enumeration; absent is fine. */
export function oneOf(value: string | undefined, supported: readonly string[], at: FieldPath): FieldError[] {
  return value === undefined || supported.includes(value) ? [] : [fieldUnsupported(at, value, supported)];
}

/** A value outside an enumeration; none at all is an error of its own. */
export function requiredOneOf(value: string | undefined, supported: readonly string[], at: FieldPath, detail = ''): FieldError[] {
  return value ? oneOf(value, supported, at) : [fieldRequired(at, detail)];
}

/** The numbers among `members` that are below 0; absent ones are fine. */
export function nonNegative<T>(holder: T, at: FieldPath, ...members: readonly (keyof T & string)[]): FieldError[] {
  return members.flatMap((member) => {
    const value = holder[member];
    return typeof value === 'number' ? validateNonNegative(value, at.child(member)) : [];
  });
}

/** A name that is required, and what is wrong with it. */
export function requiredName(
  value: string | undefined,
  problems: (value: string) => readonly string[],
  at: FieldPath,
  detail = '',
): FieldError[] {
  return value ? invalidBy(problems(value), at, value) : [fieldRequired(at, detail)];
}

/** What is wrong with a name that may be left out; an empty one counts as left out. */
export function optionalName(value: string | undefined, problems: (value: string) => readonly string[], at: FieldPath): FieldError[] {
  return value ? invalidBy(problems(value), at, value) : [];
}

/** A number of 0 or more, or a percentage of up to 100. */
export function intOrPercent(value: IntOrString | undefined, at: FieldPath): FieldError[] {
  if (value === undefined) return [];
  if (typeof value === 'number') return validateNonNegative(value, at);
  const errors = invalidBy(isPercent(value), at, value);
  if (errors.length === 0 && Number.parseInt(value, 10) > 100) errors.push(fieldInvalid(at, value, 'must not be greater than 100%'));
  return errors;
}

/** The number of a count or of a percentage; 0 for neither. */
export function intOrPercentValue(value: IntOrString | undefined): number {
  if (typeof value === 'number') return value;
  return value !== undefined && isPercent(value).length === 0 ? Number.parseInt(value, 10) : 0;
}

const pathCharacters = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";

/** `example.com/foo`: controllers and managers are named so. */
export function domainPrefixedPath(value: string | undefined, at: FieldPath): FieldError[] {
  if (!value) return [fieldRequired(at)];
  const slash = value.indexOf('/');
  const [host, rest] = [value.slice(0, Math.max(slash, 0)), value.slice(slash + 1)];
  if (host === '' || rest === '') return [fieldInvalid(at, value, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  const errors = invalidBy(isDNS1123Subdomain(host), at, host);
  if (!new RegExp(`^${pathCharacters}$`).test(rest)) errors.push(fieldInvalid(at, rest, regexProblem('Invalid path', pathCharacters)));
  return errors;
}

/** Amounts below 0, each at its name. */
export function nonNegativeQuantities(amounts: Readonly<Record<string, string | number>> | undefined, at: FieldPath): FieldError[] {
  return Object.entries(amounts ?? {}).flatMap(([name, amount]) => nonNegativeQuantity(amount, at.key(name)));
}

export function nonNegativeQuantity(amount: string | number, at: FieldPath): FieldError[] {
  const negative = compareQuantities(parseQuantity(amount), zeroQuantity) < 0;
  return negative ? [fieldInvalid(at, amount, 'must be greater than or equal to 0')] : [];
}

/** More than `limit` bytes. */
export function atMostBytes(value: string | undefined, limit: number, at: FieldPath): FieldError[] {
  return value !== undefined && byteLength(value) > limit ? [fieldTooLong(at, limit)] : [];
}

/** A reference to an object by kind and name, both of them path segments. */
export function typedReference(
  reference: { readonly kind?: string | undefined; readonly name?: string | undefined },
  at: FieldPath,
  details: { readonly kind?: string; readonly name?: string } = {},
): FieldError[] {
  return [
    ...requiredName(reference.kind, isPathSegment, at.child('kind'), details.kind),
    ...requiredName(reference.name, isPathSegment, at.child('name'), details.name),
  ];
}

interface CommonCondition {
  readonly type?: string | undefined;
  readonly status?: string | undefined;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  readonly observedGeneration?: number | undefined;
  readonly lastTransitionTime?: string | null | undefined;
}

const reasonPattern = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?';
const longestReason = 1024;
const longestMessage = 32 * 1024;

/** Conditions of the common form, each type once: type, status, reason and time of the last transition are all required. */
export function conditionErrors(conditions: readonly CommonCondition[] | undefined, at: FieldPath): FieldError[] {
  const again = repeats(conditions ?? [], ({ type }) => type);
  return (conditions ?? []).flatMap((condition, index) => {
    const where = at.index(index);
    const { type = '', status = '', reason, message, observedGeneration: generation = 0 } = condition;
    return [
      ...(again.has(index) ? [fieldDuplicate(where.child('type'), type)] : []),
      ...invalidBy(isQualifiedName(type), where.child('type'), type),
      ...oneOf(status, ['False', 'True', 'Unknown'], where.child('status')),
      ...(generation < 0 ? [fieldInvalid(where.child('observedGeneration'), generation, 'must be greater than or equal to zero')] : []),
      ...(condition.lastTransitionTime ? [] : [fieldRequired(where.child('lastTransitionTime'))]),
      ...requiredName(reason, conditionReasonProblems, where.child('reason')),
      ...atMostBytes(reason, longestReason, where.child('reason')),
      ...atMostBytes(message, longestMessage, where.child('message')),
    ];
  });
}

function conditionReasonProblems(reason: string): string[] {
  if (new RegExp(`^${reasonPattern}$`).test(reason)) return [];
  const message =
    "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'";
  return [regexProblem(message, reasonPattern, 'my_name', 'MY_NAME', 'MyName', 'ReasonA,ReasonB', 'ReasonA:ReasonB')];
}
