import assert from 'node:assert/strict';
import type { Namespace } from '@keelson/types';
import type { Specs } from '../specs.ts';

export const namespaces: Specs = {
  async '[sig-api-machinery] Namespaces [Serial] should apply changes to a namespace status'(c) {
    const path = `/api/v1/namespaces/${c.namespace}/status`;
    const condition = { type: 'StatusPatched', status: 'True', reason: 'Spec', message: 'patched' };
    const headers = { 'content-type': 'application/merge-patch+json' };
    const patched = await c.must<Namespace>({ method: 'PATCH', path, headers, body: { status: { conditions: [condition] } } });
    assert.deepEqual(
      patched.status?.conditions?.map(({ type, reason }) => ({ type, reason })),
      [{ type: 'StatusPatched', reason: 'Spec' }],
    );
    const updated = await c.must<Namespace>({
      method: 'PUT',
      path,
      body: { ...patched, status: { ...patched.status, conditions: [{ ...condition, type: 'Other' }] } },
    });
    assert.equal(updated.status?.conditions?.[0]?.type, 'Other');
    assert.equal(updated.status?.phase, 'Active');
  },
};
