import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rfc3339 } from '@keelson/base';
import type { CertificateSigningRequest } from '@keelson/types';
import { endOf } from './plan.ts';

const created = Date.UTC(2026, 0, 1);
const hour = 3_600_000;
const end = (types: readonly string[], certificate?: string, certificateEnd?: number): number | undefined => {
  const conditions = types.map((type) => ({ type, status: 'True', lastUpdateTime: rfc3339(created + hour) }));
  const csr = { metadata: { creationTimestamp: rfc3339(created) }, spec: {}, status: { conditions, certificate } };
  const at = endOf(csr as unknown as CertificateSigningRequest, certificateEnd);
  return at === undefined ? undefined : (at - created) / hour;
};

test('when a request is removed', () => {
  assert.equal(end([]), 24, 'nobody decides: a day after it was made');
  assert.equal(end(['Denied']), 2, 'an hour after the decision');
  assert.equal(end(['Approved', 'Failed']), 2);
  assert.equal(end(['Approved'], 'AA=='), 2);
  assert.equal(end(['Approved']), undefined, 'its signer may still come');
  assert.equal(end(['Approved'], 'AA==', created + 1.5 * hour), 1.5, 'with its certificate, when that ends first');
});
