import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderedEach } from '../output.ts';
import { renderTokens, type Token, tokenInfo, tokenOf, tokenProblem, tokenSecret } from './tokens.ts';

const token: Token = {
  ...{ id: 'abcdef', secret: '0123456789abcdef' },
  description: 'for the lab',
  expires: Date.parse('2026-01-02T00:00:00Z'),
  usages: ['signing', 'authentication'],
  groups: ['system:bootstrappers:kubeadm:default-node-token'],
};

test('a token becomes the Secret that the API server knows tokens by, and comes back', () => {
  const secret = tokenSecret(token);
  const plain = Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]);
  assert.deepEqual(Object.fromEntries(plain), {
    'token-id': 'abcdef',
    'token-secret': '0123456789abcdef',
    description: 'for the lab',
    expiration: '2026-01-02T00:00:00Z',
    'usage-bootstrap-signing': 'true',
    'usage-bootstrap-authentication': 'true',
    'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
  });
  assert.equal(secret.metadata.name, 'bootstrap-token-abcdef');
  assert.equal(secret.type, 'bootstrap.kubernetes.io/token');
  assert.deepEqual(tokenOf(secret), token);
  assert.equal(tokenOf({ metadata: { name: 'bootstrap-token-abcdef' }, data: {} }), undefined);
});

test('the list says how long each is good for', () => {
  const { expires: _, description: __, ...forever } = token;
  const now = Date.parse('2026-01-01T00:30:00Z');
  const lines = renderTokens([token, { ...forever, id: 'zzzzzz', usages: [], groups: [] }], now).split('\n');
  assert.match(lines[0] ?? '', /^TOKEN +TTL +EXPIRES +USAGES +DESCRIPTION +EXTRA GROUPS$/);
  assert.match(lines[1] ?? '', /^abcdef\.0123456789abcdef +23h +2026-01-02T00:00:00Z +authentication,signing +for the lab +system:/);
  assert.match(lines[2] ?? '', /^zzzzzz\.0123456789abcdef +<forever> +<never> +<none> +<none> +<none>$/);
  assert.equal(renderTokens([], now), '');
  assert.match(renderTokens([token], now + 86_400_000), /<invalid>/);
});

test('programs are given tokens in the shape of upstream', () => {
  const { expires: _, description: __, ...forever } = token;
  const all = [token, { ...forever, id: 'zzzzzz', usages: [], groups: [] }].map(tokenInfo);
  assert.equal(
    renderedEach('yaml', 'BootstrapToken', all),
    `apiVersion: output.kubeadm.k8s.io/v1alpha3
description: for the lab
expires: "2026-01-02T00:00:00Z"
groups:
- system:bootstrappers:kubeadm:default-node-token
kind: BootstrapToken
token: abcdef.0123456789abcdef
usages:
- authentication
- signing
---
apiVersion: output.kubeadm.k8s.io/v1alpha3
kind: BootstrapToken
token: zzzzzz.0123456789abcdef
`,
  );
});

test('usages and groups that mean nothing are named', () => {
  assert.equal(tokenProblem(token), undefined);
  assert.match(tokenProblem({ ...token, usages: ['flying'] }) ?? '', /"flying" is unknown/);
  assert.match(tokenProblem({ ...token, groups: ['system:masters'] }) ?? '', /must begin with system:bootstrappers:/);
});
