import { type FieldError, type FieldPath, fieldDuplicate, fieldInvalid, fieldRequired } from '@keelson/machinery';
import { domainPrefixedPath } from '../../kinds/field-checks.ts';
import { listTypes, problemOf, textTypes } from '../jwt/expressions.ts';
import type { ClaimMappings, ClaimOrExpression, ClaimRule, ExtraMapping, PrefixedClaim } from '../jwt/types.ts';

/** What is wrong with `claimMappings` of one JWT authenticator. */
export function mappingErrors(at: FieldPath, mappings: Partial<ClaimMappings>, rules: readonly ClaimRule[]): FieldError[] {
  const { username = {}, groups = {}, uid = {}, extra = [] } = mappings;
  const errors: FieldError[] = [];
  if (!username.claim && !username.expression) errors.push(fieldRequired(at.child('username'), 'claim or expression is required'));
  errors.push(...prefixedErrors(at.child('username'), username, textTypes));
  errors.push(...prefixedErrors(at.child('groups'), groups, listTypes));
  errors.push(...eitherErrors(at.child('uid'), uid, textTypes), ...extraErrors(at.child('extra'), extra));
  if (username.expression && usesUnprovenEmail(username.expression, extra, rules)) {
    const detail =
      'claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression';
    errors.push(fieldInvalid(at.child('username', 'expression'), username.expression, detail));
  }
  return errors;
}

function prefixedErrors(at: FieldPath, mapping: PrefixedClaim, types: readonly string[]): FieldError[] {
  const errors = eitherErrors(at, mapping, types);
  const { claim, prefix } = mapping;
  if (claim && (prefix === undefined || prefix === null))
    errors.push(
      fieldRequired(at.child('prefix'), 'prefix is required when claim is set. It can be set to an empty string to disable prefixing'),
    );
  if (!claim && prefix) errors.push(fieldInvalid(at.child('prefix'), prefix, "prefix can't be set when claim is not set"));
  return errors;
}

function eitherErrors(at: FieldPath, { claim, expression }: ClaimOrExpression, types: readonly string[]): FieldError[] {
  if (claim && expression) return [fieldInvalid(at, '', "claim and expression can't both be set")];
  const problem = expression ? problemOf('claims', expression, types) : undefined;
  return problem ? [fieldInvalid(at.child('expression'), expression, problem)] : [];
}

function extraErrors(root: FieldPath, all: readonly ExtraMapping[]): FieldError[] {
  const seen = new Set<string>();
  return all.flatMap(({ key = '', valueExpression = '' }, i) => {
    const at = root.index(i);
    const errors: FieldError[] = [];
    if (key === '') errors.push(fieldRequired(at.child('key')));
    else errors.push(...domainPrefixedPath(key, at.child('key')), ...reservedErrors(at.child('key'), key));
    if (seen.has(key)) errors.push(fieldDuplicate(at.child('key'), key));
    seen.add(key);
    if (valueExpression === '') return [...errors, fieldRequired(at.child('valueExpression'), 'valueExpression is required')];
    const problem = problemOf('claims', valueExpression, listTypes);
    return problem ? [...errors, fieldInvalid(at.child('valueExpression'), valueExpression, problem)] : errors;
  });
}

function reservedErrors(at: FieldPath, key: string): FieldError[] {
  const host = key.split('/')[0] ?? '';
  const errors: FieldError[] = [];
  if (key !== key.toLowerCase()) errors.push(fieldInvalid(at, key, 'key must be lowercase'));
  if (/(^|\.)(k8s|kubernetes)\.io$/.test(host))
    errors.push(fieldInvalid(at, key, 'k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use'));
  return errors;
}

/** An address is no name before its issuer says that it was proved. */
function usesUnprovenEmail(expression: string, extra: readonly ExtraMapping[], rules: readonly ClaimRule[]): boolean {
  const named = (text: string | undefined, claim: string): boolean =>
    new RegExp(`\\bclaims\\s*(?:\\.\\s*\\??${claim}\\b|\\[\\s*\\??\\s*["']${claim}["'])`).test(text ?? '');
  if (!named(expression, 'email')) return false;
  const all = [expression, ...extra.map(({ valueExpression }) => valueExpression), ...rules.map((rule) => rule.expression)];
  return !all.some((text) => named(text, 'email_verified'));
}
