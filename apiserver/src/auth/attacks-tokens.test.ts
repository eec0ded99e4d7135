import assert from 'node:assert/strict';
import { createHmac, createPublicKey } from 'node:crypto';
import { after, before, test } from 'node:test';
import { systemClock } from '@keelson/base';
import { createKeyPair, createTokenSigner } from '@keelson/pki';
import { ServiceAccount, type TokenRequest } from '@keelson/types';
import { testIssuer, testKeys } from '../testing/fixture.ts';
import { TestIssuer } from '../testing/issuer.ts';
import { startTlsServer, type TlsFixture } from '../testing/tls.ts';
import { jwtAuthenticator } from './jwt/authenticator.ts';
import { forThisServer } from './tokens/bearer.ts';

/** Tokens that are not to be believed, shown over TLS to the whole server: each is Unauthorized, whatever the request. */

let server: TlsFixture;
let issuer: TestIssuer;
let uid = '';
before(async () => {
  issuer = await TestIssuer.start();
  const config = {
    issuer: { url: issuer.url, audiences: ['kubernetes'], certificateAuthority: issuer.ca.certPem },
    claimMappings: { username: { claim: 'sub', prefix: '' }, groups: { claim: 'groups', prefix: '' } },
  };
  const otherTokens = [forThisServer(jwtAuthenticator(config, systemClock), [testIssuer])];
  server = await startTlsServer({ authentication: { otherTokens } });
  uid = (await server.api.create(ServiceAccount, { metadata: { name: 'robot', namespace: 'default' } })).metadata.uid ?? '';
});
after(() => Promise.all([server.close(), issuer.close()]));

const whoami = '/apis/authentication.k8s.io/v1/selfsubjectreviews';

async function verdict(token: string): Promise<string> {
  const reply = await server.ask(whoami, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' }, token });
  if (reply.status !== 201) return String(reply.status);
  return (JSON.parse(reply.text) as { status: { userInfo: { username: string } } }).status.userInfo.username;
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const claimsOf = (token: string): Record<string, unknown> => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
const seconds = (): number => Math.floor(systemClock.now() / 1000);

async function goodToken(): Promise<string> {
  const answer = await server.send('POST', '/api/v1/namespaces/default/serviceaccounts/robot/token', {});
  return answer.json<TokenRequest>().status?.token ?? '';
}

/** A token signed with the cluster's own key at another time. */
function signedAt(now: number, request: object = {}, issuerName = testIssuer): Promise<string> {
  const signer = createTokenSigner(testKeys.signingKey, { issuer: issuerName, clock: { ...systemClock, now: () => now } });
  const robot = {
    namespace: 'default',
    serviceAccount: { name: 'robot', uid },
    audiences: [testIssuer],
    expirationSeconds: 3600,
    jti: 'x',
  };
  return signer.sign({ ...robot, ...request });
}

test('a good token of each kind is good: what follows fails for its own reason', async () => {
  assert.equal(await verdict(await goodToken()), 'system:serviceaccount:default:robot');
  assert.equal(await verdict(await signedAt(systemClock.now())), 'system:serviceaccount:default:robot');
  assert.equal(await verdict(await issuer.sign({ sub: 'jane' })), 'jane');
});

test('forged: another key, changed claims, a changed or missing signature', async () => {
  const token = await goodToken();
  const [head = '', body = '', signature = ''] = token.split('.');
  const { privateKeyPem } = await createKeyPair();
  const stranger = createTokenSigner(privateKeyPem, { issuer: testIssuer, clock: systemClock });
  const robot = {
    namespace: 'default',
    serviceAccount: { name: 'robot', uid },
    audiences: [testIssuer],
    expirationSeconds: 3600,
    jti: 'x',
  };
  const kubernetes = { namespace: 'kube-system', serviceaccount: { name: 'admin', uid } };
  const raised = encode({ ...claimsOf(token), sub: 'system:serviceaccount:kube-system:admin', 'kubernetes.io': kubernetes });
  const flipped = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
  const forged = [await stranger.sign(robot), `${head}.${raised}.${signature}`, `${head}.${body}.${flipped}`, `${head}.${body}.`];
  for (const bad of [...forged, `${head}.${body}`, `${token}.x`, token.slice(0, -2)]) assert.equal(await verdict(bad), '401', bad);
});

test('expired, not valid yet, for somebody else, of another issuer', async () => {
  const now = systemClock.now();
  assert.equal(await verdict(await signedAt(now - 7_200_000)), '401');
  assert.equal(await verdict(await signedAt(now + 600_000)), '401');
  assert.equal(await verdict(await signedAt(now, { audiences: ['vault'] })), '401');
  assert.equal(await verdict(await signedAt(now, {}, 'https://elsewhere.example.com')), '401');
  assert.equal(await verdict(await signedAt(now, { serviceAccount: { name: 'robot', uid: 'another' } })), '401');
  assert.equal(await verdict(await signedAt(now, { serviceAccount: { name: 'nobody', uid } })), '401');
});

test('alg=none, in any spelling, with a signature or without', async () => {
  const token = await goodToken();
  const [, body = '', signature = ''] = token.split('.');
  for (const alg of ['none', 'None', 'NONE', 'nOnE', ''])
    for (const end of ['', signature]) assert.equal(await verdict(`${encode({ alg, typ: 'JWT' })}.${body}.${end}`), '401', `${alg} ${end}`);
  const claims = encode({ iss: issuer.url, aud: 'kubernetes', sub: 'system:admin', exp: seconds() + 3600 });
  assert.equal(await verdict(`${encode({ alg: 'none' })}.${claims}.`), '401');
});

test('HS256 with the public key as the secret', async () => {
  const own = testKeys.publicKeys[0] ?? '';
  const der = createPublicKey(own).export({ type: 'spki', format: 'der' });
  const body = (await goodToken()).split('.')[1] ?? '';
  for (const secret of [own, own.trim(), der]) {
    const content = `${encode({ alg: 'HS256', typ: 'JWT' })}.${body}`;
    assert.equal(await verdict(`${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`), '401');
  }
  const claims = encode({ iss: issuer.url, aud: 'kubernetes', sub: 'system:admin', groups: ['system:masters'], exp: seconds() + 3600 });
  const content = `${encode({ alg: 'HS256', kid: 'first' })}.${claims}`;
  const hmac = createHmac('sha256', issuer.publicKeyPem).update(content).digest('base64url');
  assert.equal(await verdict(`${content}.${hmac}`), '401');
});

test('a key that the token itself brings is no key', async () => {
  const { privateKeyPem, publicKeyPem } = await createKeyPair('RSA');
  const { SignJWT } = await import('jose/jwt/sign');
  const { createPrivateKey } = await import('node:crypto');
  const jwk = createPublicKey(publicKeyPem).export({ format: 'jwk' });
  for (const header of [{ jwk }, { kid: 'first' }, { jku: 'https://127.0.0.1:1/keys' }, { x5u: 'https://127.0.0.1:1/cert' }]) {
    const claims = { iss: issuer.url, aud: 'kubernetes', sub: 'mallory', exp: seconds() + 3600 };
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', ...header } as { alg: string })
      .sign(createPrivateKey(privateKeyPem));
    assert.equal(await verdict(token), '401', JSON.stringify(header));
  }
});

test('an issuer’s token that is expired, of the future, without end, or for somebody else', async () => {
  const now = seconds();
  assert.equal(await verdict(await issuer.sign({ sub: 'jane', exp: now - 1 })), '401');
  assert.equal(await verdict(await issuer.sign({ sub: 'jane', nbf: now + 3000 })), '401');
  assert.equal(await verdict(await issuer.sign({ sub: 'jane', exp: undefined })), '401');
  assert.equal(await verdict(await issuer.sign({ sub: 'jane', aud: 'vault' })), '401');
  assert.equal(await verdict(await issuer.sign({ sub: 'jane', aud: undefined })), '401');
  assert.equal(await verdict(await issuer.sign({ sub: 'jane', iss: `${issuer.url}/` })), '401');
  assert.equal(await verdict(await issuer.sign({ sub: '' })), '401');
  assert.equal(await verdict(await issuer.sign({ sub: ['jane'] })), '401');
});

test('an issuer cannot speak for the cluster, nor the cluster for an issuer', async () => {
  const kubernetes = { namespace: 'default', serviceaccount: { name: 'robot', uid } };
  const posing = { iss: testIssuer, aud: testIssuer, sub: 'system:serviceaccount:default:robot', 'kubernetes.io': kubernetes };
  assert.equal(await verdict(await issuer.sign({ ...posing, nbf: seconds() })), '401');
  assert.equal(await verdict(await signedAt(systemClock.now(), {}, issuer.url)), '401');
});

test('what is no token at all is refused and harms nobody', async () => {
  const deep = '['.repeat(100_000);
  const odd = [
    'x',
    '...',
    '..',
    'a.b.c',
    `${encode({ alg: 'RS256' })}.${Buffer.from(deep).toString('base64url')}.x`,
    `${encode([])}.${encode([])}.`,
  ];
  for (const bad of [...odd, 'e30.e30.e30', `${'a'.repeat(60_000)}.b.c`, 'null.null.null'])
    assert.equal(await verdict(bad), '401', bad.slice(0, 40));
  assert.equal((await server.ask('/livez')).status, 200);
});
