import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFieldError } from '@keelson/machinery';
import type { Schema } from './schema.ts';
import { validateValue } from './validate.ts';

function said(value: unknown, schema: Schema): string[] {
  return validateValue(value, schema, 'a').map(formatFieldError);
}

const text: Schema = { type: 'string' };
const must = (what: string): string => `<nil>: Invalid value: "": "a" must ${what}`;

test('of schemas none of which fits, the one that looks at most of the value says why', () => {
  const either = [{ required: ['x'] }, { required: ['y'], properties: { z: text } }, { required: ['w'] }];
  assert.deepEqual(said({ z: 'z' }, { anyOf: either }), [must('validate at least one schema (anyOf)'), 'a.y: Required value']);
  assert.deepEqual(said({}, { oneOf: either }), [
    must('validate one and only one schema (oneOf). Found none valid'),
    'a.x: Required value',
  ]);
  assert.deepEqual(said({ x: 1, w: 1 }, { oneOf: either }), [must('validate one and only one schema (oneOf). Found 2 valid alternatives')]);
  assert.deepEqual(said('long', { anyOf: [{ type: 'integer' }, { type: 'string', maxLength: 2 }] }), [
    must('validate at least one schema (anyOf)'),
    'a: Too long: may not be more than 2 bytes',
  ]);
  assert.deepEqual(said({ x: 1 }, { anyOf: either, not: { required: ['y'] } }), []);
});

test('schemas that all have to fit say so after what does not, and nothing is said twice', () => {
  const required = (name: string): Schema => ({ required: [name] });
  assert.deepEqual(said({ x: 1 }, { allOf: [required('x'), required('y')], required: ['y', 'z'] }), [
    'a.y: Required value',
    must('validate all the schemas (allOf)'),
    'a.z: Required value',
  ]);
  assert.deepEqual(said({}, { allOf: [required('x'), required('x')] }), [
    'a.x: Required value',
    must('validate all the schemas (allOf). None validated'),
  ]);
});

test('a value of another type is looked at for all that can be said of it', () => {
  assert.deepEqual(said(5, { type: 'string', enum: ['x'] }), [
    'a: Invalid value: "integer": a in body must be of type string: "integer"',
    'a: Unsupported value: 5: supported values: "x"',
  ]);
  assert.deepEqual(said(null, { type: 'string', enum: ['x'] }), [
    'a: Invalid value: "null": a in body must be of type string: "null"',
    'a: Unsupported value: null: supported values: "x"',
  ]);
  assert.deepEqual(said(null, { type: 'string', nullable: true, minLength: 1 }), []);
});

test('of a text’s length and pattern the first that is wrong is told, of all else everything', () => {
  assert.deepEqual(said('AB', { type: 'string', maxLength: 1, pattern: '^[a-z]$' }), ['a: Too long: may not be more than 1 byte']);
  assert.deepEqual(said('AB', { type: 'string', minLength: 3, pattern: '^[a-z]$' }), [
    'a: Invalid value: "AB": a in body should be at least 3 chars long',
  ]);
  assert.deepEqual(said({}, { minProperties: 1, required: ['x'] }), [
    'a: Invalid value: 0: a in body should have at least 1 properties',
    'a.x: Required value',
  ]);
  assert.deepEqual(said({ y: 1 }, { required: ['x'], properties: { y: text } }), [
    'a.y: Invalid value: "integer": a.y in body must be of type string: "integer"',
    'a.x: Required value',
  ]);
  assert.deepEqual(said([1], { minItems: 2, items: text }), [
    'a[0]: Invalid value: "integer": a[0] in body must be of type string: "integer"',
    'a: Invalid value: 1: a in body should have at least 2 items',
  ]);
});

test('numbers are within what their type holds, and so are their bounds', () => {
  const range = (what: string, type = 'integer (default format)'): string =>
    `<nil>: Invalid value: "": ${what} value must be of type ${type} in a`;
  assert.deepEqual(said(7, { type: 'integer', maximum: 5.5 }), [
    range('Maximum boundary'),
    'a: Invalid value: 7: a in body should be less than or equal to 5.5',
  ]);
  assert.deepEqual(said(1, { type: 'integer', maximum: 5.5 }), [range('Maximum boundary')]);
  assert.deepEqual(said(3, { type: 'number', maximum: 2.5 }), ['a: Invalid value: 3: a in body should be less than or equal to 2']);
  assert.deepEqual(said(3e9, { type: 'integer', format: 'int32' }), [range('Checked', 'integer with format int32')]);
  assert.deepEqual(said(3, { type: 'number', multipleOf: 0.5 }), [
    'a: Invalid value: 0: factor MultipleOf declared for a must be positive: 0',
  ]);
  assert.deepEqual(said(5, { type: 'integer', multipleOf: 2, minimum: 6 }), [
    'a: Invalid value: 5: a in body should be a multiple of 2',
    'a: Invalid value: 5: a in body should be greater than or equal to 6',
  ]);
  assert.deepEqual(said(2 ** 63, { type: 'integer' }), [
    'a: Invalid value: "number": a in body must be of type integer: "number"',
    range('Checked'),
  ]);
});

test('null is one of no choice, and choices are the same whatever the order of their members', () => {
  assert.deepEqual(said(null, { type: 'string', nullable: true, enum: ['x', null] }), [
    'a: Unsupported value: null: supported values: "x", "null"',
  ]);
  assert.deepEqual(said({ b: 1, a: 2 }, { type: 'object', enum: [{ a: 2, b: 1 }] }), []);
  assert.equal(said([], { type: 'array', enum: [null] }).length, 1);
});

test('what has a format is told by it, and lists are left to it', () => {
  assert.deepEqual(said(true, { type: 'number', format: 'double' }), ['a: Invalid value: "": a in body must be of type double: ""']);
  assert.deepEqual(said(1, { type: 'string', format: 'date' }), ['a: Invalid value: "int64": a in body must be of type date: "int64"']);
  assert.deepEqual(said([], { type: 'string', format: 'date' }), []);
  assert.deepEqual(said(1, { type: 'string', format: 'nobody knows' }), [
    'a: Invalid value: "integer": a in body must be of type string: "integer"',
  ]);
});

test('members of maps stand after a dot, and a map that takes none says which it has', () => {
  const map: Schema = { type: 'object', additionalProperties: text };
  assert.deepEqual(said({ b: 1 }, map), ['a.b: Invalid value: "integer": a.b in body must be of type string: "integer"']);
  assert.deepEqual(validateValue({ b: 1 }, map).map(formatFieldError), [
    'b: Invalid value: "integer": .b in body must be of type string: "integer"',
  ]);
  assert.deepEqual(said({ b: 1 }, { type: 'object', additionalProperties: false }), [
    'a: Invalid value: "b": a.b in body is a forbidden property',
  ]);
});
