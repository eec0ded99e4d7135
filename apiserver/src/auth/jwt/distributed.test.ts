import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SimulatedClock } from '@keelson/testing';
import { TestIssuer } from '../../testing/issuer.ts';
import { jwtAuthenticator } from './authenticator.ts';

let issuer: TestIssuer;
let other: TestIssuer;
const clock = new SimulatedClock();

before(async () => {
  [issuer, other] = await Promise.all([TestIssuer.start(), TestIssuer.start()]);
});
after(() => {
  issuer.close();
  other.close();
});

/** Groups of a token with these claims, or why it stands for nobody. */
async function groupsOf(claims: object): Promise<readonly string[] | string> {
  const certificateAuthority = `${issuer.ca.certPem}\n${other.ca.certPem}`;
  const tokens = jwtAuthenticator(
    {
      issuer: { url: issuer.url, audiences: ['kubernetes'], certificateAuthority },
      claimMappings: { username: { claim: 'sub' }, groups: { claim: 'groups', prefix: 'x:' } },
    },
    clock,
  );
  const result = await tokens.identify(await issuer.sign({ sub: 'jane', ...claims }, clock.now()), []);
  return result.type === 'authenticated' ? result.user.groups : result.type === 'invalid' ? result.message : 'absent';
}

const from = (source: object): object => ({ _claim_names: { groups: 'src' }, _claim_sources: { src: source } });

test('groups are fetched from where the token says they are, and believed of an issuer that signed them', async () => {
  const give = async (path: string, claims: object, to = ''): Promise<object> => {
    other.given.set(path, { token: await other.sign({ ...claims }, clock.now()), to });
    return from({ endpoint: `${other.url}${path}`, ...(to ? { access_token: to } : {}) });
  };
  assert.deepEqual(await groupsOf(await give('/groups', { groups: ['a', 'b'] })), ['x:a', 'x:b']);
  assert.deepEqual(await groupsOf(await give('/secret', { groups: 'c' }, 'open')), ['x:c']);
  assert.deepEqual(
    await groupsOf({ groups: ['own'], ...(await give('/groups', { groups: ['a'] })) }),
    ['x:own'],
    'what is there is not asked for',
  );
  const prefix = 'oidc: could not expand distributed claims: ';
  const why = async (claims: object): Promise<string> => String(await groupsOf(claims));
  assert.equal(
    await why(await give('/none', { teams: [] })),
    `${prefix}jwt returned by distributed claim endpoint "${other.url}/none" did not contain claim: groups`,
  );
  assert.match(
    await why(await give('/elsewhere', { groups: ['a'], aud: 'x' })),
    /^oidc: could not expand distributed claims: verify distributed claim token: oidc: expected audience/,
  );
  assert.match(
    await why(await give('/late', { groups: ['a'], exp: 1 })),
    /verify distributed claim token: oidc: token is expired \(Token Expiry: 1970-01-01 00:00:01 \+0000 UTC\)$/,
  );
  const forged = await issuer.sign({ groups: ['root'], iss: other.url }, clock.now());
  other.given.set('/forged', { token: forged, to: '' });
  assert.match(await why(from({ endpoint: `${other.url}/forged` })), /verify distributed claim token: failed to verify signature/);
});

test('claims that lead nowhere', async () => {
  const prefix = 'oidc: could not expand distributed claims: ';
  assert.equal(await groupsOf({ _claim_names: { groups: 'src' } }), `${prefix}oidc: no claim sources`);
  assert.equal(
    await groupsOf({ _claim_names: { groups: 'src' }, _claim_sources: {} }),
    `${prefix}id token _claim_names contained a source src missing in _claims_sources`,
  );
  assert.deepEqual(await groupsOf({ _claim_names: { teams: 'src' }, _claim_sources: {} }), []);
  assert.deepEqual(await groupsOf(from({ JWT: 'aggregated' })), []);
  assert.match(
    String(await groupsOf(from({ endpoint: `${other.url}/nowhere` }))),
    /while getting distributed claim "groups": Get "https:.*": 404/,
  );
  assert.match(String(await groupsOf(from({ endpoint: 'http://127.0.0.1:1/' }))), /unsupported protocol scheme "http"/);
});
