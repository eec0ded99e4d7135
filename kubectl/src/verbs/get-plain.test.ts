import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainTable } from './get-plain.ts';

test('objects of any kind show their names and ages', () => {
  const made = { metadata: { name: 'a', creationTimestamp: '2026-01-01T00:00:00Z' } };
  const { columnDefinitions, rows, metadata } = plainTable([made, { metadata: { name: 'b' } }], '7', Date.parse('2026-01-01T00:01:30Z'));
  assert.deepEqual(
    columnDefinitions.map(({ name }) => name),
    ['Name', 'Age'],
  );
  assert.deepEqual(
    rows.map(({ cells }) => cells),
    [
      ['a', '90s'],
      ['b', '<unknown>'],
    ],
  );
  assert.equal(rows[0]?.object, made);
  assert.equal(metadata.resourceVersion, '7');
});
