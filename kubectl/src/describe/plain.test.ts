import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyRule } from '@keelson/types';
import { secretLines, serviceAccountLines } from './plain.ts';
import { ruleRows } from './rbac.ts';

test('an account names the secrets that images are pulled with, whether they are there or not', () => {
  const account = { metadata: { name: 'worker' }, imagePullSecrets: [{ name: 'reg' }, { name: 'sec' }], secrets: [{ name: 'tok' }] };
  assert.deepEqual(serviceAccountLines(account).slice(2), ['Annotations:\t<none>', 'Image pull secrets:\treg', '\tsec']);
});

test('of a secret its sizes are shown, but an account token in full', () => {
  const token = { metadata: { name: 'tok' }, type: 'kubernetes.io/service-account-token', data: { token: 'YWJj', namespace: 'ZnVsbA==' } };
  assert.deepEqual(secretLines(token).slice(-2), ['namespace:\t4 bytes', 'token:\tabc']);
  assert.equal(secretLines({ ...token, type: 'Opaque' }).at(-1), 'token:\t3 bytes');
});

/** As upstream's kubectl 1.36 printed these rules, one line after the other. */
test('rules are told by what they are about: verbs together, names apart', () => {
  const rules: PolicyRule[] = [
    { apiGroups: [''], resources: ['pods', 'pods/log', 'secrets'], verbs: ['get', 'list'] },
    { apiGroups: ['apps', ''], resources: ['deployments'], resourceNames: ['a', 'b'], verbs: ['*'] },
    { apiGroups: [''], resources: ['pods'], verbs: ['delete', 'get'] },
    { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
    { apiGroups: [''], resources: ['secrets'], resourceNames: ['a'], verbs: ['get'] },
    { apiGroups: [''], resources: ['secrets'], resourceNames: ['a'], verbs: ['update'] },
    { nonResourceURLs: ['/x'], verbs: ['post', 'get'] },
  ];
  assert.deepEqual(ruleRows(rules), [
    ['*.*', '[]', '[]', '[*]'],
    ['deployments', '[]', '[a]', '[*]'],
    ['deployments', '[]', '[b]', '[*]'],
    ['deployments.apps', '[]', '[a]', '[*]'],
    ['deployments.apps', '[]', '[b]', '[*]'],
    ['pods', '[]', '[]', '[get list delete]'],
    ['pods/log', '[]', '[]', '[get list]'],
    ['secrets', '[]', '[]', '[get list]'],
    ['secrets', '[]', '[a]', '[get update]'],
    ['', '[/x]', '[]', '[get]'],
    ['', '[/x]', '[]', '[post]'],
  ]);
});
