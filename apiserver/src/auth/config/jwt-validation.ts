import { type FieldError, type FieldPath, fieldDuplicate, fieldInvalid, fieldRequired, fieldTooMany, path } from '@keelson/machinery';
import type { ClaimRule, JwtConfig, UserRule } from '../jwt/types.ts';
import { issuerErrors } from './issuer-validation.ts';
import { expressionErrors, mappingErrors } from './mapping-validation.ts';

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
    const { issuer, claimMappings, claimValidationRules, userValidationRules } = config;
    const rules = claimValidationRules ?? [];
    errors.push(
      ...issuerErrors(at.child('issuer'), issuer, ownIssuers),
      ...claimRuleErrors(at.child('claimValidationRules'), rules),
      ...mappingErrors(at.child('claimMappings'), claimMappings ?? {}, rules),
      ...userRuleErrors(at.child('userValidationRules'), userValidationRules ?? []),
      ...onceErrors(at.child('issuer', 'url'), issuer?.url ?? '', urls),
    );
    if (issuer?.discoveryURL) errors.push(...onceErrors(at.child('issuer', 'discoveryURL'), issuer.discoveryURL, documents));
  }
  return errors;
}

function claimRuleErrors(root: FieldPath, rules: readonly ClaimRule[]): FieldError[] {
  const seen = { claim: new Set<string>(), expression: new Set<string>() };
  return rules.flatMap(({ claim, requiredValue, expression, message }, i) => {
    const at = root.index(i);
    if (claim && expression) return [fieldInvalid(at, claim, "claim and expression can't both be set")];
    if (claim) {
      const odd = message ? [fieldInvalid(at.child('message'), message, 'may not be specified when claim is set')] : [];
      return [...odd, ...onceErrors(at.child('claim'), claim, seen.claim)];
    }
    if (!expression) return [fieldRequired(at, 'claim or expression is required')];
    const odd = requiredValue
      ? [fieldInvalid(at.child('requiredValue'), requiredValue, 'may not be specified when expression is set')]
      : [];
    const again = onceErrors(at.child('expression'), expression, seen.expression);
    return [...odd, ...(again.length > 0 ? again : expressionErrors(at.child('expression'), 'claims', expression, 'rule'))];
  });
}

function userRuleErrors(root: FieldPath, rules: readonly UserRule[]): FieldError[] {
  const seen = new Set<string>();
  return rules.flatMap(({ expression }, i) => {
    const at = root.index(i).child('expression');
    if (!expression) return [fieldRequired(at)];
    const again = onceErrors(at, expression, seen);
    return again.length > 0 ? again : expressionErrors(at, 'user', expression, 'rule');
  });
}

function onceErrors(at: FieldPath, value: string, seen: Set<string>): FieldError[] {
  if (seen.has(value)) return [fieldDuplicate(at, value)];
  seen.add(value);
  return [];
}
