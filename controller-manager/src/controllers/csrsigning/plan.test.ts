import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CertificateSigningRequest } from '@keelson/types';
import { failed, isDue, refusal, validityOf } from './plan.ts';

const now = Date.UTC(2026, 0, 1);
const [minute, hour] = [60_000, 3_600_000];
const asked = { commonName: 'ann', organizations: ['devs'], dnsNames: [], ips: [], emails: [], uris: [] };
const csr = (spec: object = {}, status: CertificateSigningRequest['status'] = {}): CertificateSigningRequest => ({
  metadata: { name: 'csr-1' },
  spec: { request: '', signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'], ...spec },
  status,
});
const condition = (type: string) => ({ type, status: 'True' });

test('approved requests are answered once', () => {
  assert.equal(isDue(csr()), false);
  assert.equal(isDue(csr({}, { conditions: [condition('Approved')] })), true);
  assert.equal(isDue(csr({}, { conditions: [condition('Approved'), condition('Denied')] })), false);
  assert.equal(isDue(csr({}, { conditions: [condition('Approved'), condition('Failed')] })), false);
  assert.equal(isDue(csr({}, { conditions: [condition('Approved')], certificate: 'AA==' })), false);
});

test('each signer has its rules', () => {
  const client = (...usages: string[]) => refusal(csr({ usages }), asked);
  assert.equal(client('client auth'), undefined);
  assert.equal(client('client auth', 'digital signature', 'key encipherment'), undefined);
  assert.equal(client('client auth', 'server auth'), 'invalid usage for client certificate: server auth');
  assert.equal(client('digital signature'), 'missing required usage for client certificate: client auth');
  const kubelet = (signer: string) => refusal(csr({ signerName: `kubernetes.io/${signer}` }), asked);
  assert.equal(kubelet('kube-apiserver-client-kubelet'), 'subject organization is not system:nodes');
  assert.equal(kubelet('kubelet-serving'), 'subject organization is not system:nodes');
  assert.equal(kubelet('legacy-unknown'), undefined);
});

test('how long a certificate lives', () => {
  const life = (expirationSeconds: number | undefined, longest: number) => {
    const spec = expirationSeconds === undefined ? {} : { expirationSeconds };
    const { notBefore, notAfter } = validityOf(csr(spec), longest, now);
    return [(notBefore - now) / minute, (notAfter - now) / minute];
  };
  assert.deepEqual(life(undefined, 24 * hour), [-5, 24 * 60 - 5], 'a long life includes the time before now');
  assert.deepEqual(life(3600, 24 * hour), [-5, 60], 'a short one does not');
  assert.deepEqual(life(600, 24 * hour), [-5, 10]);
  assert.deepEqual(life(60, 24 * hour), [-5, 10], 'never less than ten minutes');
  assert.deepEqual(life(48 * 3600, hour), [-5, 60], 'never more than the signer gives');
});

test('a refused request says why', () => {
  const { status } = failed(csr({}, { conditions: [condition('Approved')] }), 'because', '2026-01-01T00:00:00Z');
  assert.deepEqual(
    status?.conditions?.map(({ type, reason, message }) => [type, reason, message]),
    [
      ['Approved', undefined, undefined],
      ['Failed', 'SignerValidationFailure', 'because'],
    ],
  );
});
