import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificateKeyProblem, newCertificateKey, openCerts, uploadedCerts } from './uploaded-certs.ts';

const owner = { metadata: { name: 'bootstrap-token-abcdef', uid: 'u1' } };

test('uploaded certificates are opened with their key alone', () => {
  const key = newCertificateKey();
  assert.equal(certificateKeyProblem(key), undefined);
  const secret = uploadedCerts(new Map([['ca.key', Buffer.from('very secret')]]), key, owner);
  assert.equal(JSON.stringify(secret).includes(Buffer.from('very secret').toString('base64')), false);
  assert.deepEqual(secret.metadata.ownerReferences, [{ apiVersion: 'v1', kind: 'Secret', name: 'bootstrap-token-abcdef', uid: 'u1' }]);
  assert.equal(openCerts(secret, key).get('ca.key')?.toString(), 'very secret');
  assert.throws(() => openCerts(secret, newCertificateKey()), /--certificate-key is not the one/);
  assert.match(certificateKeyProblem('short') ?? '', /64 hexadecimal digits/);
});
