import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CertificateSigningRequest } from '@keelson/types';
import { approved, recognize, reviewOf } from './plan.ts';

const asked = { commonName: 'system:node:a', organizations: ['system:nodes'], dnsNames: [], ips: [], emails: [], uris: [] };
const csr = (over: Partial<CertificateSigningRequest['spec']> = {}): CertificateSigningRequest => ({
  metadata: { name: 'csr-1' },
  spec: {
    request: '',
    signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
    usages: ['digital signature', 'client auth'],
    username: 'system:bootstrap:abcdef',
    groups: ['system:bootstrappers'],
    ...over,
  },
});
const sorts = (over?: Partial<CertificateSigningRequest['spec']>, other: object = {}) =>
  recognize(csr(over), { ...asked, ...other }).map(({ permission }) => permission);

test('a request is for a new node, or for the node that asks', () => {
  assert.deepEqual(sorts(), ['nodeclient']);
  assert.deepEqual(sorts({ username: 'system:node:a' }), ['selfnodeclient', 'nodeclient']);
  assert.deepEqual(sorts({ username: 'system:node:b' }), ['nodeclient']);
});

test('anything else is left to people', () => {
  assert.deepEqual(sorts({ signerName: 'kubernetes.io/kube-apiserver-client' }), []);
  assert.deepEqual(sorts({ signerName: 'kubernetes.io/kubelet-serving' }), []);
  assert.deepEqual(sorts({ usages: ['client auth'] }), []);
  assert.deepEqual(sorts({}, { organizations: ['system:masters'] }), []);
  assert.deepEqual(sorts({}, { organizations: ['system:nodes', 'system:masters'] }), []);
  assert.deepEqual(sorts({}, { commonName: 'admin' }), []);
  assert.deepEqual(sorts({}, { dnsNames: ['kubernetes'] }), []);
});

test('the permission is asked for in the name of who made the request', () => {
  const [sort] = recognize(csr(), asked);
  assert.ok(sort);
  const { spec } = reviewOf(csr(), sort);
  assert.deepEqual([spec.user, spec.groups], ['system:bootstrap:abcdef', ['system:bootstrappers']]);
  assert.deepEqual(spec.resourceAttributes, {
    ...{ group: 'certificates.k8s.io', version: '*', verb: 'create' },
    ...{ resource: 'certificatesigningrequests', subresource: 'nodeclient' },
  });
  const [condition] = approved(csr(), sort).status?.conditions ?? [];
  assert.deepEqual([condition?.type, condition?.status, condition?.reason], ['Approved', 'True', 'AutoApproved']);
});
