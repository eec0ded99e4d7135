import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job } from '@keelson/types';
import { untilExpiry } from './plan.ts';

const end = Date.UTC(2026, 0, 1);

function job(type: string, ttl: number | undefined, metadata: object = {}): Job {
  const conditions = [{ type, status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }];
  return {
    metadata,
    spec: { template: { spec: { containers: [] } }, ...(ttl === undefined ? {} : { ttlSecondsAfterFinished: ttl }) },
    status: { conditions },
  };
}

test('a finished job goes when its time is over, and no other', () => {
  assert.equal(untilExpiry(job('Complete', 10), end + 4_000), 6_000);
  assert.equal(untilExpiry(job('Failed', 10), end + 20_000), 0);
  assert.equal(untilExpiry(job('Complete', 0), end), 0);
  assert.equal(untilExpiry(job('Complete', undefined), end), undefined);
  assert.equal(untilExpiry(job('SuccessCriteriaMet', 0), end), undefined);
  assert.equal(untilExpiry(job('Complete', 0, { deletionTimestamp: '2026-01-01T00:00:00Z' }), end), undefined);
});
