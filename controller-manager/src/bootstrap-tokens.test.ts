import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signDetached } from '@keelson/pki';
import type { Secret } from '@keelson/types';
import { signingToken, tokenEnd } from './bootstrap-tokens.ts';
import { withSignatures } from './controllers/bootstrapsigner/plan.ts';

const now = Date.UTC(2026, 0, 1);

function token(over: Readonly<Record<string, string>> = {}, rest: Partial<Secret> = {}): Secret {
  const values = { 'token-id': 'abcdef', 'token-secret': '0123456789abcdef', 'usage-bootstrap-signing': 'true', ...over };
  const data = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
  return { metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system' }, type: 'bootstrap.kubernetes.io/token', data, ...rest };
}

test('which tokens sign', () => {
  assert.deepEqual(signingToken(token(), now), { id: 'abcdef', secret: '0123456789abcdef' });
  assert.ok(signingToken(token({ expiration: '2026-01-01T00:00:01Z' }), now));
  const none = [
    token({ expiration: '2026-01-01T00:00:00Z' }),
    token({ expiration: 'soon' }),
    token({ 'usage-bootstrap-signing': 'false' }),
    token({ 'token-id': 'fedcba' }),
    token({ 'token-secret': '' }),
    token({}, { type: 'Opaque' }),
    token({}, { metadata: { name: 'bootstrap-token-abcdef', deletionTimestamp: '2026-01-01T00:00:00Z' } }),
  ];
  for (const secret of none) assert.equal(signingToken(secret, now), undefined);
  assert.deepEqual([tokenEnd(token()), tokenEnd(token({ expiration: 'soon' }))], [undefined, 0]);
});

test('signatures come and go with their tokens; the rest of the ConfigMap stays', () => {
  const present = { metadata: { name: 'cluster-info' }, data: { kubeconfig: 'k', other: 'o', 'jws-kubeconfig-gone00': 'x' } };
  const signed = withSignatures(present, new Map([['abcdef', 's']]));
  assert.deepEqual(signed?.data, { kubeconfig: 'k', other: 'o', 'jws-kubeconfig-abcdef': 's' });
  assert.equal(withSignatures(signed ?? present, new Map([['abcdef', 's']])), undefined);
});

test('a signature is a JWS without its payload', () => {
  // What `kubeadm join` puts the payload back into before it verifies.
  const [header = '', payload, signature = ''] = signDetached('hello', { id: 'abcdef', secret: '0123456789abcdef' }).split('.');
  assert.equal(Buffer.from(header, 'base64url').toString(), '{"alg":"HS256","kid":"abcdef"}');
  assert.deepEqual([payload, Buffer.from(signature, 'base64url').length], ['', 32]);
});
