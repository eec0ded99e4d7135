import assert from 'node:assert/strict';
import { verify } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { Api } from '@keelson/client';
import { createKeyPair } from '@keelson/pki';
import { eventually } from '@keelson/testing';
import { Secret, ServiceAccount } from '@keelson/types';
import { type ControllerCluster, startControllers } from './controllers-cluster.ts';

/** Tokens of service accounts that are kept in Secrets. */

const namespace = 'default';
const controllers = ['serviceaccount-token-controller', 'legacy-serviceaccount-token-cleaner-controller', 'serviceaccount-controller'];
const key = await createKeyPair('EC');
let cluster: ControllerCluster;
let api: Api;
before(async () => {
  cluster = await startControllers({ controllers, config: { tokenKey: key.privateKeyPem } });
  api = cluster.api;
  await eventually(() => api.get(ServiceAccount, { name: 'default', namespace }));
});
after(() => cluster.stop());

async function isGone<T>(asked: Promise<T>): Promise<boolean> {
  return asked.then(
    () => false,
    (error: unknown) => error instanceof Error && 'code' in error && error.code === 404,
  );
}

async function tokenSecret(name: string, account: string): Promise<void> {
  const metadata = { name, namespace, annotations: { 'kubernetes.io/service-account.name': account } };
  await api.create(Secret, { metadata, type: 'kubernetes.io/service-account-token' });
}

function filledSecret(name: string): Promise<Secret> {
  return eventually(async () => {
    const secret = await api.get(Secret, { name, namespace });
    return secret.data?.token ? secret : undefined;
  });
}

test('a Secret made for an account is filled, and goes with the account', async () => {
  await api.create(ServiceAccount, { metadata: { name: 'robot', namespace } });
  await tokenSecret('robot-token', 'robot');
  const { data = {}, metadata } = await filledSecret('robot-token');
  const { uid } = (await api.get(ServiceAccount, { name: 'robot', namespace })).metadata;
  assert.equal(metadata.annotations?.['kubernetes.io/service-account.uid'], uid);
  const text = (name: string): string => Buffer.from(data[name] ?? '', 'base64').toString();
  assert.deepEqual([text('namespace'), text('ca.crt')], [namespace, 'CA']);
  const [header, payload, signature = ''] = text('token').split('.');
  const signed = { key: key.publicKeyPem, dsaEncoding: 'ieee-p1363' } as const;
  assert.ok(verify('sha256', Buffer.from(`${header}.${payload}`), signed, Buffer.from(signature, 'base64url')));
  await api.delete(ServiceAccount, { name: 'robot', namespace });
  await eventually(() => isGone(api.get(Secret, { name: 'robot-token', namespace })));
});

test('a Secret for an account that is not there, or for one of before, is removed', async () => {
  await tokenSecret('nobody', 'nobody');
  await eventually(() => isGone(api.get(Secret, { name: 'nobody', namespace })));
  const annotations = { 'kubernetes.io/service-account.name': 'default', 'kubernetes.io/service-account.uid': 'of-before' };
  await api.create(Secret, { metadata: { name: 'old', namespace, annotations }, type: 'kubernetes.io/service-account-token' });
  await eventually(() => isGone(api.get(Secret, { name: 'old', namespace })));
});

test('what was taken out comes back, and a Secret that is gone is in no account’s list', async () => {
  await api.create(ServiceAccount, { metadata: { name: 'worker', namespace }, secrets: [{ name: 'listed' }, { name: 'mine' }] });
  await tokenSecret('listed', 'worker');
  const full = await filledSecret('listed');
  await api.update(Secret, { ...full, data: {} });
  const again = await filledSecret('listed');
  assert.equal(again.data?.['ca.crt'], full.data?.['ca.crt']);
  await api.delete(Secret, { name: 'listed', namespace });
  const secrets = await eventually(async () => {
    const found = (await api.get(ServiceAccount, { name: 'worker', namespace })).secrets ?? [];
    return found.length === 1 && found;
  });
  assert.deepEqual(secrets, [{ name: 'mine' }]);
});
