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

test('of a text’s length and pattern, and of an object’s size and members, the first that is wrong is told', () => {
  assert.deepEqual(said('AB', { type: 'string', maxLength: 1, pattern: '^[a-z]$' }), ['a: Too long: may not be more than 1 byte']);
  assert.deepEqual(said('AB', { type: 'string', minLength: 3, pattern: '^[a-z]$' }), [
    'a: Invalid value: "AB": a in body should be at least 3 chars long',
  ]);
  assert.deepEqual(said({}, { minProperties: 1, required: ['x'] }), ['a: Invalid value: {}: a in body should have at least 1 properties']);
  assert.deepEqual(said({ y: 1 }, { required: ['x'], properties: { y: text } }), [
    'a.y: Invalid value: "integer": a.y in body must be of type string: "integer"',
    'a.x: Required value',
  ]);
  assert.deepEqual(said([1], { minItems: 2, items: text }), [
    'a[0]: Invalid value: "integer": a[0] in body must be of type string: "integer"',
    'a: Invalid value: 1: a in body should have at least 2 items',
  ]);
});
