import assert from 'node:assert/strict';
import { test } from 'node:test';
import { causePatch, recorded } from './record.ts';

const called = (record: boolean) => ({
  ...{ path: 'kubectl label', args: ['pods', 'web', 'a=b'], flags: { record } },
  given: [`--record=${record}`, '--filename=x', '--filename=y'],
});
const cause = 'kubernetes.io/change-cause';

test('the command is recorded with its flags as they were given', () => {
  const text = 'kubectl label pods web a=b --record=true --filename=x --filename=y';
  assert.deepEqual(recorded(called(true), { metadata: { annotations: { k: 'v' } } }).metadata.annotations, { k: 'v', [cause]: text });
});

test('nothing is recorded where it is not asked for', () => {
  const object = { metadata: { name: 'web' } };
  assert.equal(recorded(called(false), object), object);
  assert.equal(causePatch({ ...called(true), flags: {} }), undefined);
});
