import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asNew } from './as-new.ts';

test('what is made anew has no version yet', () => {
  assert.deepEqual(asNew({ kind: 'Pod', metadata: { name: 'a', resourceVersion: '7' } }), { kind: 'Pod', metadata: { name: 'a' } });
});
