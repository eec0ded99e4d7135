import { errorMessage } from '@keelson/base';
import { goQuote } from '@keelson/machinery';
import { jsonKind } from '../../http/decode/go-errors.ts';
import type { UserInfo } from '../types.ts';
import { evaluate } from './expressions.ts';
import type { ClaimMappings, ClaimOrExpression, ClaimRule, Claims, JwtConfig, PrefixedClaim, UserRule } from './types.ts';

/** Milliseconds a token may be used before its `nbf`: clocks of issuers are not ours. As upstream. */
const notBeforeLeeway = 60_000;

/** Whom claims stand for, or why they stand for nobody; the reason is for logs and TokenReviews. */
export type Mapped = { readonly type: 'user'; readonly user: UserInfo } | { readonly type: 'refused'; readonly reason: string };

class Refused extends Error {}

/** Why a token is not for us, or not in date; undefined when it is both. `now` is milliseconds since the epoch. */
export function refusal(claims: Claims, { issuer }: JwtConfig, now: number): string | undefined {
  const { sub = null } = claims;
  if (sub !== null && typeof sub !== 'string')
    return `oidc: failed to unmarshal claims: json: cannot unmarshal ${jsonKind(sub)} into Go struct field idToken.sub of type string`;
  const audiences = [claims.aud ?? []].flat().map(String);
  if (!audiences.some((audience) => issuer.audiences.includes(audience))) return strangeAudience(issuer.audiences, audiences);
  const { exp, nbf } = claims;
  if (typeof exp !== 'number' || now > exp * 1000) return `oidc: token is expired (Token Expiry: ${timeOf(exp)})`;
  if (nbf !== undefined && (typeof nbf !== 'number' || now + notBeforeLeeway < nbf * 1000))
    return `oidc: current time ${timeOf(now / 1000)} before the nbf (not before) time: ${timeOf(nbf)}`;
  return undefined;
}

/** Upstream leaves it to its library to look for one audience, and looks itself for one of several. */
function strangeAudience(expected: readonly string[], found: readonly string[]): string {
  const list = (texts: readonly string[]): string => `[${texts.map(goQuote).join(' ')}]`;
  if (expected.length === 1) return `oidc: expected audience ${goQuote(expected[0] ?? '')} got ${list(found)}`;
  return `oidc: expected audience in ${list(expected.toSorted())} got ${list(found)}`;
}

/** Seconds since the epoch as Go prints a time; none is the first of its times. */
function timeOf(seconds: unknown): string {
  const date = new Date(typeof seconds === 'number' ? seconds * 1000 : '0001-01-01T00:00:00Z');
  return Number.isNaN(date.getTime()) ? String(seconds) : `${date.toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
}

/** The user an issuer's claims are mapped to, where all its rules hold. */
export function userFrom(claims: Claims, { claimMappings, claimValidationRules, userValidationRules }: JwtConfig): Mapped {
  try {
    const user = mapped(claims, claimMappings);
    const rules = claimValidationRules ?? [];
    for (const rule of rules) if (rule.claim) mustHave(claims, rule.claim, rule.requiredValue ?? '');
    for (const rule of rules) if (rule.expression) mustHold('claims', rule.expression, rule, claims);
    const { name: username, uid = '', groups, extra = {} } = user;
    for (const rule of userValidationRules ?? []) mustHold('user', rule.expression, rule, { username, uid, groups, extra });
    return { type: 'user', user };
  } catch (error) {
    if (error instanceof Refused) return { type: 'refused', reason: error.message };
    throw error;
  }
}

function mapped(claims: Claims, { username, groups, uid, extra }: ClaimMappings): UserInfo {
  const name = usernameOf(claims, username);
  const members = groups ? groupsOf(claims, groups) : [];
  const id = uid ? uidOf(claims, uid) : '';
  const extras: Record<string, readonly string[]> = {};
  if (typeof claims.jti === 'string' && claims.jti !== '') extras['authentication.kubernetes.io/credential-id'] = [`JTI=${claims.jti}`];
  for (const { key, valueExpression } of extra ?? []) {
    const values = textsOf('extra claim expression', `${valueExpression}: `, computed('extra', valueExpression, claims));
    if (values.length > 0) extras[key] = values;
  }
  return { name, ...(id ? { uid: id } : {}), groups: members, ...(Object.keys(extras).length > 0 ? { extra: extras } : {}) };
}

function usernameOf(claims: Claims, { claim = '', expression, prefix }: PrefixedClaim): string {
  if (expression) {
    const name = computed('username claim', expression, claims);
    if (typeof name !== 'string')
      throw new Refused('oidc: error evaluating username claim expression: username claim expression must return a string');
    if (name === '') throw new Refused('oidc: empty username via CEL expression is not allowed');
    return name;
  }
  const value = claimOf(claims, claim, 'string', `oidc: parse username claims ${goQuote(claim)}: `) ?? '';
  if (claim === 'email' && 'email_verified' in claims) {
    // An address that its owner did not prove to be theirs could be anybody's.
    if (!claimOf(claims, 'email_verified', 'bool', "oidc: parse 'email_verified' claim: ")) throw new Refused('oidc: email not verified');
  }
  if (value === '') throw new Refused('oidc: username is empty');
  return `${prefix ?? ''}${value}`;
}

function groupsOf(claims: Claims, { claim, expression, prefix }: PrefixedClaim): string[] {
  if (expression) return textsOf('group claim expression', '', computed('group claim', expression, claims));
  if (!claim || !(claim in claims)) return [];
  const value = claims[claim] ?? [];
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value.map((group) => `${prefix ?? ''}${group}`);
  if (typeof value === 'string') return [`${prefix ?? ''}${value}`];
  throw new Refused(`oidc: parse groups claim ${goQuote(claim)}: ${wrongType(value, 'string')}`);
}

function uidOf(claims: Claims, { claim, expression }: ClaimOrExpression): string {
  if (claim) return String(claimOf(claims, claim, 'string', `oidc: parse uid claim ${goQuote(claim)}: `) ?? '');
  if (!expression) return '';
  const uid = computed('uid claim', expression, claims);
  if (typeof uid === 'string') return uid;
  throw new Refused('oidc: error evaluating uid claim expression: uid claim expression must return a string');
}

/** A claim of one type; null stands for none. @throws Refused beginning with `prefix`. */
function claimOf(claims: Claims, name: string, type: 'string' | 'bool', prefix: string): unknown {
  if (!(name in claims)) throw new Refused(`${prefix}claim not present`);
  const value = claims[name];
  if (value !== null && jsonKind(value) !== type) throw new Refused(prefix + wrongType(value, type));
  return value;
}

function wrongType(value: unknown, type: string): string {
  return `json: cannot unmarshal ${jsonKind(value)} into Go value of type ${type}`;
}

/** A text, or a list of texts, that is computed. Empty ones are none, and null stands for none at all. */
function textsOf(what: string, whose: string, value: unknown): string[] {
  const all: unknown[] = Array.isArray(value) ? value : value === null ? [] : [value];
  if (all.every((one) => typeof one === 'string')) return all.filter((text) => text !== '');
  throw new Refused(`oidc: error evaluating ${what}: ${whose}expression must return a string or a list of strings`);
}

function mustHave(claims: Claims, claim: string, requiredValue: string): void {
  if (!(claim in claims)) throw new Refused(`oidc: required claim ${claim} not present in ID token`);
  const value = claimOf(claims, claim, 'string', `oidc: parse claim ${claim}: `) ?? '';
  if (value !== requiredValue)
    throw new Refused(`oidc: required claim ${claim} value does not match. Got = ${value}, want = ${requiredValue}`);
}

function mustHold(subject: 'claims' | 'user', expression: string, { message = '' }: ClaimRule | UserRule, value: object): void {
  const prefix = `oidc: error evaluating ${subject === 'claims' ? 'claim validation expression' : 'user info validation rule'}: `;
  const result = attempt(prefix, subject, expression, value);
  if (typeof result !== 'boolean') throw new Refused(`${prefix}validation expression must return a boolean`);
  if (!result) throw new Refused(`${prefix}validation expression '${expression}' failed: ${message}`);
}

function computed(what: string, expression: string, claims: Claims): unknown {
  return attempt(what === 'extra' ? '' : `oidc: error evaluating ${what} expression: `, 'claims', expression, claims);
}

function attempt(prefix: string, subject: 'claims' | 'user', expression: string, value: object): unknown {
  try {
    return evaluate(subject, expression, value);
  } catch (error) {
    throw new Refused(`${prefix}expression '${expression}' resulted in error: ${errorMessage(error).split('\n')[0]}`);
  }
}
