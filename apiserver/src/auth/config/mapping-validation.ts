import { type FieldError, type FieldPath, fieldDuplicate, fieldInvalid, fieldRequired } from '@keelson/machinery';
import { domainPrefixedPath } from '../../kinds/field-checks.ts';
import { problemOf, type Subject, selectsClaim } from '../jwt/expressions.ts';
import type { ClaimMappings, ClaimOrExpression, ClaimRule, ExtraMapping, PrefixedClaim } from '../jwt/types.ts';

/** What is wrong with `claimMappings` of one JWT authenticator. */
export function mappingErrors(at: FieldPath, mappings: Partial<ClaimMappings>, rules: readonly ClaimRule[]): FieldError[] {
  const { username, groups, uid } = mappings;
  const extra = mappings.extra ?? [];
  const naming = prefixedErrors(at.child('username'), username ?? {}, true);
  const errors = [
    ...naming,
    ...prefixedErrors(at.child('groups'), groups ?? {}, false),
    ...eitherErrors(at.child('uid'), uid ?? {}),
    ...extraErrors(at.child('extra'), extra),
  ];
  if (username?.expression && naming.length === 0 && usesUnprovenEmail(username.expression, extra, rules)) {
    const detail =
      'claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression';
    errors.push(fieldInvalid(at.child('username', 'expression'), username.expression, detail));
  }
  return errors;
}

function prefixedErrors(at: FieldPath, mapping: PrefixedClaim, isRequired: boolean): FieldError[] {
  const { claim, expression } = mapping;
  const prefix = mapping.prefix ?? undefined;
  if (claim && expression) return eitherErrors(at, mapping);
  if (expression) {
    const odd = prefix === undefined ? [] : [fieldInvalid(at.child('prefix'), prefix, 'may not be specified when expression is set')];
    return [...odd, ...eitherErrors(at, mapping)];
  }
  const unset = 'prefix is required when claim is set. It can be set to an empty string to disable prefixing';
  if (claim) return prefix === undefined ? [fieldRequired(at.child('prefix'), unset)] : [];
  return isRequired ? [fieldRequired(at, 'claim or expression is required')] : [];
}

function eitherErrors(at: FieldPath, { claim, expression }: ClaimOrExpression): FieldError[] {
  if (!expression) return [];
  if (claim) return [fieldInvalid(at, '', "claim and expression can't both be set")];
  return expressionErrors(at.child('expression'), 'claims', expression, 'mapping');
}

/** What is wrong with an expression over the claims, or over the user they come to. */
export function expressionErrors(at: FieldPath, subject: Subject, expression: string, use: 'rule' | 'mapping'): FieldError[] {
  const problem = problemOf(subject, expression, use);
  return problem === undefined ? [] : [fieldInvalid(at, expression, problem)];
}

function extraErrors(root: FieldPath, all: readonly ExtraMapping[]): FieldError[] {
  const seen = new Set<string>();
  return all.flatMap(({ key = '', valueExpression = '' }, i) => {
    const at = root.index(i);
    const errors = keyErrors(at.child('key'), key);
    if (seen.has(key)) return [...errors, fieldDuplicate(at.child('key'), key)];
    seen.add(key);
    const value = at.child('valueExpression');
    if (valueExpression === '') return [...errors, fieldRequired(value)];
    return [...errors, ...expressionErrors(value, 'claims', valueExpression, 'mapping')];
  });
}

function keyErrors(at: FieldPath, key: string): FieldError[] {
  const host = key.includes('/') ? (key.split('/')[0] ?? '') : '';
  const errors = domainPrefixedPath(key, at);
  if (key !== key.toLowerCase()) errors.push(fieldInvalid(at, key, 'must be lowercase'));
  if (/(^|\.)(k8s|kubernetes)\.io$/.test(host))
    errors.push(fieldInvalid(at, key, 'k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use'));
  return errors;
}

/** An address is no name before its issuer says that it was proved. */
function usesUnprovenEmail(expression: string, extra: readonly ExtraMapping[], rules: readonly ClaimRule[]): boolean {
  if (!selectsClaim(expression, 'email')) return false;
  const all = [expression, ...extra.map(({ valueExpression }) => valueExpression), ...rules.map((rule) => !rule.claim && rule.expression)];
  return !all.some((text) => text && selectsClaim(text, 'email_verified'));
}
