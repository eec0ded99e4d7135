import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyRule, Secret } from '@keelson/types';
import { serviceAccountLines } from './account.ts';
import { secretLines, tokenType } from './plain.ts';
import { ruleRows } from './rbac.ts';

const account = {
  metadata: { name: 'worker', uid: 'u' },
  imagePullSecrets: [{ name: 'reg' }, { name: 'sec' }],
  secrets: [{ name: 'tok' }, { name: 'gone' }],
};

const annotations = { 'kubernetes.io/service-account.name': 'worker', 'kubernetes.io/service-account.uid': 'u' };
const token: Secret = { metadata: { name: 'tok', annotations }, type: tokenType, data: { token: 'YWJj', namespace: 'ZnVsbA==' } };
const another: Secret = {
  metadata: { name: 'sec', annotations: { ...annotations, 'kubernetes.io/service-account.uid': 'v' } },
  type: tokenType,
};

test('an account names its secrets, those that are not there, and its tokens', () => {
  assert.deepEqual(serviceAccountLines(account, [token, another]).slice(3), [
    'Image pull secrets:\treg (not found)',
    '\tsec',
    'Mountable secrets:\ttok',
    '\tgone (not found)',
    'Tokens:\ttok',
  ]);
});

test('whoever may not see secrets is not told that they are missing', () => {
  const lines = serviceAccountLines(account, undefined);
  assert.ok(lines.includes('Image pull secrets:\treg'));
  assert.equal(lines.at(-1), 'Tokens:\t<none>');
});

test('of a secret its sizes are shown, but an account token in full', () => {
  assert.deepEqual(secretLines(token).slice(-2), ['namespace:\t4 bytes', 'token:\tabc']);
  assert.equal(secretLines({ ...token, type: 'Opaque' }).at(-1), 'token:\t3 bytes');
});

/** As upstream's kubectl 1.33 printed these rules, one line after the other. */
test('rules are told by what they are about: verbs together, names apart', () => {
  const rules: PolicyRule[] = [
    { apiGroups: [''], resources: ['pods', 'pods/log', 'secrets'], verbs: ['get', 'list'] },
    { apiGroups: ['apps', ''], resources: ['deployments'], resourceNames: ['a', 'b'], verbs: ['*'] },
    { apiGroups: [''], resources: ['pods'], verbs: ['delete', 'get'] },
    { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
    { apiGroups: [''], resources: ['secrets'], resourceNames: ['a'], verbs: ['get'] },
    { apiGroups: [''], resources: ['secrets'], resourceNames: ['a'], verbs: ['update'] },
    { nonResourceURLs: ['/x'], verbs: ['get'] },
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
  ]);
});
