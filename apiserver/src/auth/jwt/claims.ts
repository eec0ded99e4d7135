import { errorMessage } from '@keelson/base';
import type { UserInfo } from '../types.ts';
import { evaluate, listTypes, ruleTypes, textTypes } from './expressions.ts';
import type { ClaimMappings, ClaimOrExpression, ClaimRule, Claims, JwtConfig, PrefixedClaim } from './types.ts';

/** Milliseconds a token may be used before its `nbf`: clocks of issuers are not ours. As upstream. */
const notBeforeLeeway = 5 * 60_000;

/** Whom claims stand for, or why they stand for nobody; the reason is for logs and TokenReviews. */
export type Mapped = { readonly type: 'user'; readonly user: UserInfo } | { readonly type: 'refused'; readonly reason: string };

class Refused extends Error {}

/** Whether a token is for us and in date: `now` is milliseconds since the epoch. */
export function refusal(claims: Claims, { issuer }: JwtConfig, now: number): string | undefined {
  if (claims.iss !== issuer.url) return `oidc: id token issued by a different provider, expected "${issuer.url}" got "${claims.iss}"`;
  const audiences = Array.isArray(claims.aud) ? claims.aud : [claims.aud];
  if (!audiences.some((audience) => issuer.audiences.includes(String(audience))))
    return `oidc: expected audience in ${JSON.stringify(issuer.audiences)} got ${JSON.stringify(audiences)}`;
  const { exp, nbf } = claims;
  if (typeof exp !== 'number' || now > exp * 1000) return 'oidc: token is expired';
  if (nbf !== undefined && (typeof nbf !== 'number' || now + notBeforeLeeway < nbf * 1000)) return 'oidc: token is not valid yet';
  return undefined;
}

/** The user an issuer's claims are mapped to, where all its rules hold. */
export function userFrom(claims: Claims, { claimMappings, claimValidationRules = [], userValidationRules = [] }: JwtConfig): Mapped {
  try {
    const user = mapped(claims, claimMappings);
    for (const rule of claimValidationRules) mustHold(claims, rule);
    const { name: username, uid = '', groups, extra = {} } = user;
    for (const { expression, message } of userValidationRules) {
      const holds = compute('user', expression, { username, uid, groups, extra });
      if (holds !== true)
        throw new Refused(`oidc: error evaluating user info: ${message || `validation expression '${expression}' failed`}`);
    }
    return { type: 'user', user };
  } catch (error) {
    if (error instanceof Refused) return { type: 'refused', reason: error.message };
    throw error;
  }
}

function mapped(claims: Claims, { username, groups, uid, extra = [] }: ClaimMappings): UserInfo {
  const name = usernameOf(claims, username);
  const id = uid && isSet(uid) ? textOf(claims, uid, 'uid') : '';
  const extras: Record<string, readonly string[]> = {};
  for (const { key, valueExpression } of extra) {
    const values = textsOf(compute('claims', valueExpression, claims, listTypes), `extra "${key}"`).filter((value) => value !== '');
    if (values.length > 0) extras[key] = values;
  }
  return {
    name,
    ...(id ? { uid: id } : {}),
    groups: groups && isSet(groups) ? groupsOf(claims, groups) : [],
    ...(extra.length > 0 ? { extra: extras } : {}),
  };
}

function isSet({ claim, expression }: ClaimOrExpression): boolean {
  return Boolean(claim || expression);
}

function usernameOf(claims: Claims, mapping: PrefixedClaim): string {
  const value = textOf(claims, mapping, 'username');
  // An address that its owner did not prove to be theirs could be anybody's.
  if (mapping.claim === 'email' && claims.email_verified !== undefined && claims.email_verified !== true)
    throw new Refused('oidc: email not verified');
  if (value === '') throw new Refused('oidc: username is empty');
  return (mapping.prefix ?? '') + value;
}

function textOf(claims: Claims, { claim, expression }: ClaimOrExpression, what: string): string {
  if (expression) return String(compute('claims', expression, claims, textTypes));
  const value = claims[claim ?? ''];
  if (typeof value === 'string') return value;
  throw new Refused(`oidc: parse ${what} claims "${claim}": ${value === undefined ? 'claim not present' : 'claim is not a string'}`);
}

function groupsOf(claims: Claims, { claim, expression, prefix = '' }: PrefixedClaim): string[] {
  const value = expression ? compute('claims', expression, claims, listTypes) : claims[claim ?? ''];
  return textsOf(value, 'groups').map((group) => prefix + group);
}

/** A text or a list of texts. None for what is not there. */
function textsOf(value: unknown, what: string): string[] {
  if (value === undefined || value === null) return [];
  const all: unknown[] = Array.isArray(value) ? value : [value];
  if (all.every((one) => typeof one === 'string')) return all;
  throw new Refused(`oidc: ${what} must be a string or a list of strings`);
}

function mustHold(claims: Claims, { claim, requiredValue = '', expression, message }: ClaimRule): void {
  if (expression) {
    if (compute('claims', expression, claims) === true) return;
    throw new Refused(`oidc: error evaluating claim validation expression: ${message || `validation expression '${expression}' failed`}`);
  }
  const value = claims[claim ?? ''];
  if (value === undefined) throw new Refused(`oidc: required claim ${claim} not present in ID token`);
  if (value !== requiredValue)
    throw new Refused(`oidc: required claim ${claim} value does not match. Got = ${JSON.stringify(value)}, want = ${requiredValue}`);
}

function compute(subject: 'claims' | 'user', expression: string, value: object, types = ruleTypes): unknown {
  try {
    const result = evaluate(subject, expression, value, types);
    if (types === textTypes && typeof result !== 'string') throw new Error('it does not evaluate to a string');
    return result;
  } catch (error) {
    throw new Refused(`oidc: error evaluating expression '${expression}': ${errorMessage(error).split('\n')[0]}`);
  }
}
