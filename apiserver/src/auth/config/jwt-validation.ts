import { type FieldError, type FieldPath, fieldDuplicate, fieldInvalid, fieldRequired, fieldTooMany, path } from '@keelson/machinery';
import { problemOf, ruleTypes } from '../jwt/expressions.ts';
import type { ClaimRule, JwtConfig, UserRule } from '../jwt/types.ts';
import { issuerErrors } from './issuer-validation.ts';
import { mappingErrors } from './mapping-validation.ts';

const mostIssuers = 64;

/** What is wrong with `jwt` of an AuthenticationConfiguration. `ownIssuers`: issuers no other may claim to be. */
export function jwtErrors(all: readonly JwtConfig[], ownIssuers: readonly string[]): FieldError[] {
  const root = path('jwt');
  if (all.length > mostIssuers) return [fieldTooMany(root, all.length, mostIssuers)];
  const urls = new Set<string>();
  const documents = new Set<string>();
  const errors: FieldError[] = [];
  for (const [i, config] of all.entries()) {
    const at = root.index(i);
    const { issuer, claimMappings, claimValidationRules = [], userValidationRules = [] } = config;
    errors.push(...issuerErrors(at.child('issuer'), issuer, ownIssuers));
    const { url, discoveryURL } = issuer ?? {};
    if (url && urls.has(url)) errors.push(fieldDuplicate(at.child('issuer', 'url'), url));
    if (discoveryURL && documents.has(discoveryURL)) errors.push(fieldDuplicate(at.child('issuer', 'discoveryURL'), discoveryURL));
    if (url) urls.add(url);
    if (discoveryURL) documents.add(discoveryURL);
    errors.push(
      ...claimRuleErrors(at.child('claimValidationRules'), claimValidationRules),
      ...mappingErrors(at.child('claimMappings'), claimMappings ?? {}, claimValidationRules),
      ...userRuleErrors(at.child('userValidationRules'), userValidationRules),
    );
  }
  return errors;
}

function claimRuleErrors(root: FieldPath, rules: readonly ClaimRule[]): FieldError[] {
  const seen = new Set<string>();
  return rules.flatMap(({ claim, requiredValue, expression, message }, i) => {
    const at = root.index(i);
    if (claim && expression) return [fieldInvalid(at, claim, "claim and expression can't both be set")];
    if (!claim && !expression) return [fieldRequired(at, 'claim or expression is required')];
    const errors: FieldError[] = [];
    const key = claim ? `claim ${claim}` : `expression ${expression}`;
    if (seen.has(key)) errors.push(fieldDuplicate(at.child(claim ? 'claim' : 'expression'), claim || expression));
    seen.add(key);
    if (claim && message) errors.push(fieldInvalid(at.child('message'), message, "message can't be set when claim is set"));
    if (!expression) return errors;
    if (requiredValue)
      errors.push(fieldInvalid(at.child('requiredValue'), requiredValue, "requiredValue can't be set when expression is set"));
    const problem = problemOf('claims', expression, ruleTypes);
    return problem ? [...errors, fieldInvalid(at.child('expression'), expression, problem)] : errors;
  });
}

function userRuleErrors(root: FieldPath, rules: readonly UserRule[]): FieldError[] {
  const seen = new Set<string>();
  return rules.flatMap(({ expression }, i) => {
    const at = root.index(i).child('expression');
    if (!expression) return [fieldRequired(at, 'expression is required')];
    if (seen.has(expression)) return [fieldDuplicate(at, expression)];
    seen.add(expression);
    const problem = problemOf('user', expression, ruleTypes);
    return problem ? [fieldInvalid(at, expression, problem)] : [];
  });
}
