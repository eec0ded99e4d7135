import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AskedCertificate, kubeletClientProblem, kubeletServingProblem } from './certificate-requests.ts';

const asked = (over: Partial<AskedCertificate> = {}): AskedCertificate => ({
  commonName: 'system:node:a',
  organizations: ['system:nodes'],
  ...{ dnsNames: [], ips: [], emails: [], uris: [] },
  ...over,
});
const client = ['digital signature', 'client auth'];
const serving = ['server auth', 'digital signature', 'key encipherment'];

test('what a kubelet may call the API server with', () => {
  const cases: [Partial<AskedCertificate>, string | undefined][] = [
    [{}, undefined],
    [{ organizations: ['system:masters'] }, 'subject organization is not system:nodes'],
    [{ organizations: ['system:nodes', 'system:masters'] }, 'subject organization is not system:nodes'],
    [{ organizations: [] }, 'subject organization is not system:nodes'],
    [{ commonName: 'system:admin' }, 'subject common name does not begin with system:node:'],
    [{ dnsNames: ['a'] }, 'DNS subjectAltNames are not allowed'],
    [{ emails: ['a@b'] }, 'Email subjectAltNames are not allowed'],
    [{ ips: ['10.0.0.1'] }, 'IP subjectAltNames are not allowed'],
    [{ uris: ['a:b'] }, 'URI subjectAltNames are not allowed'],
  ];
  for (const [over, problem] of cases) assert.equal(kubeletClientProblem(asked(over), client), problem);
  assert.equal(kubeletClientProblem(asked(), [...client, 'key encipherment']), undefined);
  for (const usages of [[], ['client auth'], [...client, 'server auth'], [...client, 'cert sign'], ['any']])
    assert.match(kubeletClientProblem(asked(), usages) ?? '', /^usages did not match/, usages.join());
});

test('what a kubelet may serve with', () => {
  const cases: [Partial<AskedCertificate>, string | undefined][] = [
    [{ dnsNames: ['a'] }, undefined],
    [{ ips: ['10.0.0.1'] }, undefined],
    [{}, 'DNS or IP subjectAltName is required'],
    [{ dnsNames: ['a'], emails: ['a@b'] }, 'Email subjectAltNames are not allowed'],
    [{ dnsNames: ['a'], commonName: 'kubernetes' }, 'subject common name does not begin with system:node:'],
    [{ dnsNames: ['a'], organizations: ['system:masters'] }, 'subject organization is not system:nodes'],
  ];
  for (const [over, problem] of cases) assert.equal(kubeletServingProblem(asked(over), serving), problem);
  assert.match(kubeletServingProblem(asked({ dnsNames: ['a'] }), client) ?? '', /^usages did not match/);
});
