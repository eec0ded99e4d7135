import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duplicateFields } from './duplicates.ts';

test('members that stand twice are found with their path, in order', () => {
  assert.deepEqual(duplicateFields('{"a":1,"b":{"c":1,"c":2},"a":3}'), ['b.c', 'a']);
  assert.deepEqual(duplicateFields('{"l":[{"x":1},{"x":1, "x" : 2}]}'), ['l[1].x']);
  assert.deepEqual(duplicateFields('{"l":[[1,2],[{"y":1,"y":1,"y":1}]]}'), ['l[1][0].y', 'l[1][0].y']);
});

test('values, escapes and punctuation inside strings are not mistaken for members', () => {
  assert.deepEqual(duplicateFields('{"a":"a","b":"\\"a\\":,{}[]","c":"\\\\","d":["c","c"]}'), []);
  assert.deepEqual(duplicateFields('{"a":1,"\\u0061":2}'), ['a']);
  assert.deepEqual(duplicateFields('[]'), []);
  assert.deepEqual(duplicateFields('"a"'), []);
});

test('three megabytes of one string are no trouble', () => {
  assert.deepEqual(duplicateFields(JSON.stringify({ a: 'x\\"'.repeat(900_000) })), []);
});
