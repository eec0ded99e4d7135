import assert from 'node:assert/strict';
import { createHash, createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import { type Clock, seededRandom } from '@keelson/base';
import {
  createKeyPair,
  createTokenSigner,
  createTokenVerifier,
  generateToken,
  parseToken,
  publicKeyOf,
  publicKeySet,
  type TokenRequest,
} from './index.ts';

const issuer = 'https://kubernetes.default.svc.cluster.local';
const clockAt = (seconds: number): Clock => ({ now: () => seconds * 1000 + 400, after: () => ({ cancel: () => undefined }) });
const asked: TokenRequest = {
  namespace: 'a',
  serviceAccount: { name: 'default', uid: 'u1' },
  pod: { name: 'p', uid: 'u2' },
  node: { name: 'n', uid: 'u3' },
  audiences: [issuer, 'vault'],
  expirationSeconds: 3600,
  jti: 'j',
};

test('tokens have the claims and key id Kubernetes gives them, for every key type', async () => {
  for (const type of ['EC', 'RSA'] as const) {
    const keys = await createKeyPair(type);
    assert.equal(publicKeyOf(keys.privateKeyPem), keys.publicKeyPem);
    const token = await createTokenSigner(keys.privateKeyPem, { issuer, clock: clockAt(1000) }).sign(asked);
    const [header, payload] = token.split('.', 2).map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()));
    const der = createPublicKey(keys.publicKeyPem).export({ type: 'spki', format: 'der' });
    const kid = createHash('sha256').update(der).digest('base64url');
    assert.deepEqual(header, { alg: type === 'EC' ? 'ES256' : 'RS256', kid });
    assert.deepEqual(payload, {
      aud: [issuer, 'vault'],
      exp: 4600,
      iat: 1000,
      iss: issuer,
      jti: 'j',
      'kubernetes.io': {
        namespace: 'a',
        node: { name: 'n', uid: 'u3' },
        pod: { name: 'p', uid: 'u2' },
        serviceaccount: { name: 'default', uid: 'u1' },
      },
      nbf: 1000,
      sub: 'system:serviceaccount:a:default',
    });
    const set = publicKeySet([keys.publicKeyPem]);
    assert.equal(set.keys[0]?.kid, kid);
    assert.equal('d' in (set.keys[0] ?? {}), false);
  }
});

test('a verifier accepts its own, and says why not otherwise', async () => {
  const [old, current, stranger] = await Promise.all([createKeyPair('RSA'), createKeyPair(), createKeyPair()]);
  const verifier = (seconds: number) =>
    createTokenVerifier([old.publicKeyPem, current.publicKeyPem], { issuers: [issuer], audiences: [issuer], clock: clockAt(seconds) });
  const sign = (pem: string, request = asked, by = issuer) => createTokenSigner(pem, { issuer: by, clock: clockAt(1000) }).sign(request);
  const token = await sign(current.privateKeyPem);
  const verdict = await verifier(1000).verify(token);
  assert.equal(verdict.kind, 'valid');
  assert.deepEqual(verdict.kind === 'valid' && verdict.audiences, [issuer]);
  assert.equal((await verifier(1000).verify(await sign(old.privateKeyPem))).kind, 'valid');
  assert.deepEqual(
    await verifier(1000)
      .verify(token, ['vault'])
      .then((v) => v.kind === 'valid' && v.audiences),
    ['vault'],
  );

  assert.equal((await verifier(1000).verify(await sign(stranger.privateKeyPem))).kind, 'invalid');
  assert.deepEqual(await verifier(4601).verify(token), { kind: 'invalid', reason: 'service account token has expired' });
  assert.deepEqual(await verifier(999).verify(token), { kind: 'invalid', reason: 'service account token is not valid yet' });
  assert.equal((await verifier(1000).verify(token, ['other'])).kind, 'invalid');
  assert.equal((await verifier(1000).verify(await sign(current.privateKeyPem, asked, 'https://elsewhere'))).kind, 'foreign');
  for (const text of ['', 'abc', 'a.b.c', 'abcdef.0123456789abcdef']) assert.equal((await verifier(1000).verify(text)).kind, 'foreign');
  const [header, , signature] = token.split('.');
  const other = Buffer.from(JSON.stringify({ iss: issuer, sub: 'system:serviceaccount:kube-system:admin' })).toString('base64url');
  assert.equal((await verifier(1000).verify(`${header}.${other}.${signature}`)).kind, 'invalid');
  const none = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
  assert.equal((await verifier(1000).verify(`${none}.${token.split('.')[1]}.`)).kind, 'invalid');
});

test('bootstrap tokens have the form kubeadm expects', () => {
  const token = generateToken(seededRandom(7));
  assert.match(token, /^[a-z0-9]{6}\.[a-z0-9]{16}$/);
  assert.deepEqual(parseToken(token), { id: token.slice(0, 6), secret: token.slice(7) });
  assert.equal(parseToken('abc.def'), undefined);
});
