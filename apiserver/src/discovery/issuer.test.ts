import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { test } from 'node:test';
import { ServiceAccount } from '@keelson/types';
import { startServer } from '../testing/fixture.ts';

test('the published keys check the tokens this server signs', async (t) => {
  const server = await startServer();
  t.after(() => server.close());
  const document = (await server.send('GET', '/.well-known/openid-configuration')).json<{ issuer: string; jwks_uri: string }>();
  assert.match(document.jwks_uri, /\/openid\/v1\/jwks$/);
  const { keys } = (await server.send('GET', '/openid/v1/jwks')).json<{ keys: { kid: string; alg: string }[] }>();
  await server.api.create(ServiceAccount, { metadata: { name: 'one', namespace: 'default' } });
  const path = '/api/v1/namespaces/default/serviceaccounts/one/token';
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 600 } };
  const { token } = (await server.send('POST', path, body)).json<{ status: { token: string } }>().status;
  const [head = '', claims = '', signature = ''] = token.split('.');
  const { kid } = JSON.parse(Buffer.from(head, 'base64url').toString()) as { kid: string };
  const key = keys.find((one) => one.kid === kid);
  assert.ok(key, 'the key is published');
  const publicKey = { key: createPublicKey({ key, format: 'jwk' }), dsaEncoding: 'ieee-p1363' as const };
  const digest = key.alg === 'EdDSA' ? undefined : 'sha256';
  assert.ok(verify(digest, Buffer.from(`${head}.${claims}`), publicKey, Buffer.from(signature, 'base64url')));
  assert.equal((JSON.parse(Buffer.from(claims, 'base64url').toString()) as { iss: string }).iss, document.issuer);
});
