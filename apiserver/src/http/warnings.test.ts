import assert from 'node:assert/strict';
import { test } from 'node:test';
import { warningHeaders } from './warnings.ts';

test('texts are quoted once each, and what is not Latin-1 goes as UTF-8 bytes', () => {
  assert.deepEqual(warningHeaders(['unknown field "spec.x"', 'unknown field "spec.x"']), ['299 - "unknown field \\"spec.x\\""']);
  const [value = '', ...more] = warningHeaders(['', 'two\nlines', 'unknown field "日本"']);
  assert.match(value, /^[\x20-\x7e\x80-\xff]+$/);
  assert.equal(Buffer.from(value, 'latin1').toString(), '299 - "unknown field \\"日本\\""');
  assert.deepEqual(more, [], 'nothing, and what has more than one line, is not said');
});

test('there is an end to what a header carries', () => {
  const values = warningHeaders(Array.from({ length: 1000 }, (_, n) => `${n} ${'x'.repeat(1000)}`));
  assert.ok(values.join('').length < 8192);
});
