import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as f from './field.ts';

test('field paths', () => {
  assert.equal(String(f.path('spec').child('containers').index(0).child('ports').key('http')), 'spec.containers[0].ports[http]');
  assert.equal(String(f.path('metadata', 'labels')), 'metadata.labels');
  assert.equal(String(f.path()), '<nil>');
  assert.equal(String(f.path().child('values').index(0).key('a')), 'values[0][a]');
  assert.equal(String(f.path().child('', 'values', '').key('a').child('b')), 'values[a].b');
});

const at = f.path('a');
const table: [error: f.FieldError, text: string, reason: string][] = [
  [f.fieldRequired(at, 'why'), 'a: Required value: why', 'FieldValueRequired'],
  [f.fieldRequired(at), 'a: Required value', 'FieldValueRequired'],
  [f.fieldInvalid(at, 'x"y\n', 'no'), 'a: Invalid value: "x\\"y\\n": no', 'FieldValueInvalid'],
  [f.fieldInvalid(at, null, 'no'), 'a: Invalid value: null: no', 'FieldValueInvalid'],
  [f.fieldInvalid(at, true, 'no'), 'a: Invalid value: true: no', 'FieldValueInvalid'],
  [f.fieldInvalid(at, { b: '<c>' }, 'no'), 'a: Invalid value: {"b":"\\u003cc\\u003e"}: no', 'FieldValueInvalid'],
  [f.fieldUnsupported(at, 'x', ['A', 'B']), 'a: Unsupported value: "x": supported values: "A", "B"', 'FieldValueNotSupported'],
  [f.fieldForbidden(at, 'never'), 'a: Forbidden: never', 'FieldValueForbidden'],
  [f.fieldDuplicate(at, 'a'), 'a: Duplicate value: "a"', 'FieldValueDuplicate'],
  [f.fieldNotFound(at, 'v'), 'a: Not found: "v"', 'FieldValueNotFound'],
  [f.fieldTooLong(at, 63), 'a: Too long: may not be more than 63 bytes', 'FieldValueTooLong'],
  [f.fieldTooLong(at, 1), 'a: Too long: may not be more than 1 byte', 'FieldValueTooLong'],
  [f.fieldTooLong(at, -1), 'a: Too long: value is too long', 'FieldValueTooLong'],
  [f.fieldTooShort(at, 'x', 2), 'a: Too short: must be at least 2 characters', 'FieldValueTooShort'],
  [f.fieldTooMany(at, 9, 8), 'a: Too many: 9: must have at most 8 items', 'FieldValueTooMany'],
  [f.fieldTooMany(at, -1, 8), 'a: Too many: must have at most 8 items', 'FieldValueTooMany'],
  [f.fieldTypeInvalid(at, 'x', 'must be an integer'), 'a: Invalid value: "x": must be an integer', 'FieldValueTypeInvalid'],
  [f.fieldInternalError(at, 'oh'), 'a: Internal error: oh', 'InternalError'],
];

test('field errors print and name their cause as upstream', () => {
  for (const [error, text, reason] of table) {
    assert.equal(f.formatFieldError(error), text);
    assert.equal(f.fieldErrorReason(error), reason);
  }
});
