import assert from 'node:assert/strict';
import { verify } from 'node:crypto';
import { test } from 'node:test';
import { createKeyPair } from '@keelson/pki';
import type { Secret, ServiceAccount } from '@keelson/types';
import { accountRef, claimsOf, filled, isMeant, missingIn, tokenType, withoutReference } from './plan.ts';
import { claimsSigner } from './signer.ts';

const account = {
  metadata: { name: 'robot', namespace: 'ns', uid: 'u1' },
  secrets: [{ name: 'key' }, { name: 'other' }],
} as ServiceAccount;
const secret = (more: Partial<Secret> = {}, uid?: string): Secret => ({
  metadata: {
    name: 'key',
    namespace: 'ns',
    annotations: { 'kubernetes.io/service-account.name': 'robot', ...(uid ? { 'kubernetes.io/service-account.uid': uid } : {}) },
  },
  type: tokenType,
  ...more,
});
const text = (base64: string | undefined): string => Buffer.from(base64 ?? '', 'base64').toString();

test('a token Secret names its account, by uid once it is filled', () => {
  assert.equal(accountRef(secret({ type: 'Opaque' })), undefined);
  assert.equal(accountRef({ metadata: {}, type: tokenType }), undefined);
  const fits = (uid?: string): boolean => isMeant(accountRef(secret({}, uid)) ?? { name: '', uid: 'none' }, account);
  assert.deepEqual([fits(), fits('u1'), fits('u2')], [true, true, false]);
});

test('what is missing is put in, and nothing else is touched', () => {
  const missing = missingIn(secret({ data: { mine: 'bWluZQ==' } }), 'CA');
  assert.ok(missing?.token && missing.namespace);
  const full = filled(secret({ data: { mine: 'bWluZQ==' } }), account, missing, 'TOKEN');
  const { data = {}, metadata } = full;
  assert.deepEqual([text(data.token), text(data.namespace), text(data['ca.crt']), text(data.mine)], ['TOKEN', 'ns', 'CA', 'mine']);
  assert.equal(metadata.annotations?.['kubernetes.io/service-account.uid'], 'u1');
  assert.equal(missingIn(full, 'CA'), undefined);
  assert.equal(missingIn(full, undefined), undefined);
  assert.deepEqual(missingIn(full, 'another CA'), { token: false, namespace: false, ca: Buffer.from('another CA').toString('base64') });
});

test('the token is signed with the key, and says whose it is and where it lies', async () => {
  const { privateKeyPem, publicKeyPem } = await createKeyPair('RSA');
  const token = await claimsSigner(privateKeyPem)(claimsOf(secret(), account));
  const [header = '', payload = '', signature = ''] = token.split('.');
  assert.ok(verify('sha256', Buffer.from(`${header}.${payload}`), publicKeyPem, Buffer.from(signature, 'base64url')));
  assert.deepEqual(JSON.parse(Buffer.from(payload, 'base64url').toString()), {
    iss: 'kubernetes/serviceaccount',
    'kubernetes.io/serviceaccount/namespace': 'ns',
    'kubernetes.io/serviceaccount/secret.name': 'key',
    'kubernetes.io/serviceaccount/service-account.name': 'robot',
    'kubernetes.io/serviceaccount/service-account.uid': 'u1',
    sub: 'system:serviceaccount:ns:robot',
  });
});

test('an account loses its reference to a Secret that is gone', () => {
  assert.deepEqual(withoutReference(account, 'key')?.secrets, [{ name: 'other' }]);
  assert.equal(withoutReference(account, 'nobody'), undefined);
});
