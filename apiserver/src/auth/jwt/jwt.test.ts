import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { SimulatedClock } from '@keelson/testing';
import { TestIssuer } from '../../testing/issuer.ts';
import type { TokenAuthenticator } from '../types.ts';
import { jwtAuthenticator } from './authenticator.ts';
import { userFrom } from './claims.ts';
import type { ClaimMappings, Claims, JwtConfig } from './types.ts';

let issuer: TestIssuer;
let clock: SimulatedClock;
before(async () => {
  issuer = await TestIssuer.start();
});
beforeEach(() => {
  clock = new SimulatedClock();
  issuer.isAway = false;
  issuer.claimedIssuer = undefined;
  issuer.asked.length = 0;
});
after(() => issuer.close());

const claimMappings: ClaimMappings = { username: { claim: 'sub', prefix: '' } };

function authenticator(more: Partial<JwtConfig> = {}): TokenAuthenticator {
  const config = {
    issuer: { url: issuer.url, audiences: ['kubernetes'], certificateAuthority: issuer.ca.certPem },
    claimMappings,
    ...more,
  };
  return jwtAuthenticator(config, clock);
}

async function who(tokens: TokenAuthenticator, token: string): Promise<string> {
  const result = await tokens.identify(token, []);
  return result.type === 'authenticated' ? result.user.name : result.type === 'invalid' ? result.message : 'absent';
}

const sign = (claims: object = {}): Promise<string> => issuer.sign({ sub: 'jane', ...claims }, clock.now());

test('keys are asked for once, and again as they grow old', async () => {
  const tokens = authenticator();
  for (let i = 0; i < 3; i++) assert.equal(await who(tokens, await sign({ n: i })), 'jane');
  assert.deepEqual(issuer.asked, ['/.well-known/openid-configuration', '/keys']);
  await clock.advance(301_000);
  assert.equal(await who(tokens, await sign()), 'jane');
  assert.deepEqual(issuer.asked.slice(2), ['/keys']);
});

test('a new key is found when a token names it, but not for every token that names one', async () => {
  const tokens = authenticator();
  const old = await sign();
  assert.equal(await who(tokens, old), 'jane');
  await issuer.rotate();
  const fresh = await sign();
  assert.match(await who(tokens, fresh), /no key of the issuer matches/);
  await clock.advance(10_000);
  assert.equal(await who(tokens, fresh), 'jane');
  assert.match(await who(tokens, await sign({ n: 1 })), /jane/);
  assert.match(await who(tokens, old), /no key of the issuer matches/, 'the old key is gone');
});

test('an issuer that is away: known keys hold, and none are invented', async () => {
  issuer.isAway = true;
  const tokens = authenticator();
  const token = await sign();
  assert.match(await who(tokens, token), /is not initialized: Get ".*": 503: away$/);
  issuer.isAway = false;
  await clock.advance(10_000);
  assert.equal(await who(tokens, token), 'jane');
  issuer.isAway = true;
  await clock.advance(301_000);
  assert.equal(await who(tokens, await sign({ n: 2 })), 'jane');
});

test('who is not whom they say is asked nothing more', async () => {
  issuer.claimedIssuer = 'https://evil.example.com';
  assert.match(await who(authenticator(), await sign()), /issuer did not match/);
  assert.ok(!issuer.asked.includes('/keys'));
  const other = { url: issuer.url, audiences: ['kubernetes'] };
  assert.match(
    await who(authenticator({ issuer: other }), await sign()),
    /certificate|self.signed|unable to verify/i,
    'an authority nobody trusts',
  );
});

test('times and audiences count at each use, cached or not', async () => {
  const tokens = authenticator();
  const token = await sign();
  assert.equal(await who(tokens, token), 'jane');
  await clock.advance(3_601_000);
  assert.equal(await who(tokens, token), 'oidc: verify token: oidc: token is expired (Token Expiry: 2026-01-01 01:00:00 +0000 UTC)');
  assert.match(
    await who(tokens, await sign({ aud: ['a', 'b'] })),
    /^oidc: verify token: oidc: expected audience "kubernetes" got \["a" "b"\]$/,
  );
  assert.equal(await who(tokens, await sign({ aud: ['a', 'kubernetes'] })), 'jane');
  assert.match(await who(authenticator({ signingAlgorithms: ['ES256'] }), await sign()), /unsupported algorithm/);
});

/** Name, uid, groups and extras, or why not. */
function mapped(claims: Claims, config: Partial<JwtConfig>): unknown {
  const result = userFrom(claims, { issuer: { url: '', audiences: [] }, claimMappings, ...config });
  return result.type === 'user' ? result.user : result.reason;
}

test('claims become users', () => {
  const groups = { claim: 'roles', prefix: 'id:' };
  const mapping = { username: { claim: 'sub', prefix: 'id:' }, groups, uid: { claim: 'oid' } };
  assert.deepEqual(mapped({ sub: 'a', roles: ['x', 'y'], oid: '7' }, { claimMappings: mapping }), {
    name: 'id:a',
    uid: '7',
    groups: ['id:x', 'id:y'],
  });
  assert.deepEqual(mapped({ sub: 'a', roles: 'x', oid: '7' }, { claimMappings: mapping }), { name: 'id:a', uid: '7', groups: ['id:x'] });
  assert.match(String(mapped({ sub: 'a' }, { claimMappings: mapping })), /parse uid claim "oid": claim not present/);
  assert.match(
    String(mapped({ sub: 'a', roles: [1], oid: '7' }, { claimMappings: mapping })),
    /parse groups claim "roles": json: cannot unmarshal array into Go value of type string/,
  );
  assert.equal(mapped({ sub: 7 }, {}), 'oidc: parse username claims "sub": json: cannot unmarshal number into Go value of type string');
  const email = { username: { claim: 'email', prefix: '' } };
  assert.equal(mapped({ email: 'a@x', email_verified: false }, { claimMappings: email }), 'oidc: email not verified');
  assert.equal(
    mapped({ email: 'a@x', email_verified: 'true' }, { claimMappings: email }),
    "oidc: parse 'email_verified' claim: json: cannot unmarshal string into Go value of type bool",
  );
  assert.deepEqual(mapped({ email: 'a@x', email_verified: true }, { claimMappings: email }), { name: 'a@x', groups: [] });
  const extra = { 'authentication.kubernetes.io/credential-id': ['JTI=4711'] };
  assert.deepEqual(mapped({ sub: 'a', jti: '4711' }, {}), { name: 'a', groups: [], extra });
});

test('expressions over claims and users', () => {
  const extra = [
    { key: 'example.com/tenant', valueExpression: 'claims.tenant' },
    { key: 'example.com/none', valueExpression: 'has(claims.nothing) ? claims.nothing : ""' },
  ];
  const expressions = {
    username: { expression: 'claims.user + "@" + claims.nested.realm' },
    groups: { expression: 'claims.roles.split(",")' },
    uid: { expression: 'string(claims.id)' },
    extra,
  };
  const claims = { user: 'a', nested: { realm: 'x' }, roles: 'r,s', id: 7, tenant: ['t', ''] };
  const config = {
    claimMappings: expressions,
    userValidationRules: [{ expression: "!user.username.startsWith('system:')", message: 'reserved' }],
  };
  assert.deepEqual(mapped(claims, config), { name: 'a@x', uid: '7', groups: ['r', 's'], extra: { 'example.com/tenant': ['t'] } });
  assert.match(String(mapped({ ...claims, user: 'system:a' }, config)), /: reserved$/);
  assert.match(
    String(mapped({ ...claims, nested: {} }, config)),
    /^oidc: error evaluating username claim expression: expression 'claims\.user.*' resulted in error: no such key: realm$/,
  );
  assert.equal(
    mapped({ ...claims, tenant: 7 }, config),
    'oidc: error evaluating extra claim expression: claims.tenant: expression must return a string or a list of strings',
  );
  const lists = { username: { expression: 'claims.user' }, groups: { expression: '["a", ""]' } };
  assert.deepEqual(mapped(claims, { claimMappings: lists }), { name: 'a', groups: ['a'] });
  assert.equal(mapped({ user: '' }, { claimMappings: lists }), 'oidc: empty username via CEL expression is not allowed');
  assert.match(String(mapped({ user: 7 }, { claimMappings: lists })), /: username claim expression must return a string$/);
  assert.match(String(mapped({ ...claims, user: '', nested: { realm: 7 } }, config)), /^oidc: /);
});

test('members are named as fields are, and numbers are doubles', () => {
  const holds = (expression: string, claims: Claims) =>
    typeof mapped({ sub: 'a', ...claims }, { claimValidationRules: [{ expression }] }) === 'object';
  assert.ok(holds('claims.of.example__dot__com__slash__role == "x"', { of: { 'example.com/role': 'x' } }));
  assert.ok(holds('claims.of[0].__namespace__ == "x" && claims.of[0].a__b == 1.0', { of: [{ namespace: 'x', a__b: 1 }] }));
  assert.ok(!holds('claims.example__dot__com == "x"', { 'example.com': 'x' }), 'claims themselves are not');
  assert.ok(holds('claims["example.com"] == "x" && type(claims.exp) == double', { 'example.com': 'x', exp: 5 }));
  const config = {
    claimMappings: { ...claimMappings, extra: [{ key: 'example.com/role', valueExpression: '"x"' }] },
    userValidationRules: [{ expression: 'user.extra.example__dot__com__slash__role[0] == "x"' }],
  };
  assert.equal(typeof mapped({ sub: 'a' }, config), 'object');
});

test('rules over claims', () => {
  const rules = [
    { claim: 'hd', requiredValue: 'example.com' },
    { expression: 'claims.level > 2', message: 'too low' },
  ];
  const check = (claims: Claims) => mapped({ sub: 'a', ...claims }, { claimValidationRules: rules });
  assert.deepEqual(check({ hd: 'example.com', level: 3 }), { name: 'a', groups: [] });
  assert.equal(check({ level: 3 }), 'oidc: required claim hd not present in ID token');
  assert.match(String(check({ hd: 'other', level: 3 })), /required claim hd value does not match/);
  assert.match(String(check({ hd: 'example.com', level: 1 })), /: too low$/);
  assert.match(String(check({ hd: 'example.com' })), /^oidc: error evaluating/);
});
