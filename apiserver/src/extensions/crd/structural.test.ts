import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFieldError, path } from '@keelson/machinery';
import type { Schema } from './schema.ts';
import { structuralErrors } from './structural.ts';

/** What is said of a whole schema with these properties. */
function said(properties: Readonly<Record<string, Schema>>, more: Schema = {}): string[] {
  return structuralErrors({ type: 'object', properties, ...more }, path('s')).map(formatFieldError);
}

const text: Schema = { type: 'string' };
const object: Schema = { type: 'object', properties: { k: text } };
const list = (items: Schema, listType: string, more: Schema = {}): Schema => ({
  ...{ type: 'array', items, 'x-kubernetes-list-type': listType },
  ...more,
});
const keyed = (items: Schema, ...keys: string[]): Schema => list(items, 'map', { 'x-kubernetes-list-map-keys': keys });

test('of metadata only the names may be restricted', () => {
  const only =
    's.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified';
  assert.deepEqual(said({ metadata: { type: 'object' }, apiVersion: text, kind: text }), []);
  assert.deepEqual(said({ metadata: { type: 'object', properties: { name: { type: 'string', maxLength: 5 } } } }), []);
  assert.deepEqual(said({ metadata: { type: 'object', properties: { labels: { type: 'object' } } } }), [only]);
  assert.deepEqual(said({ metadata: { type: 'object', description: 'of mine' } }), [only]);
  assert.deepEqual(said({ kind: { type: 'integer' } }), ['s.properties[kind].type: Invalid value: "integer": must be string']);
  assert.deepEqual(said({ inner: { type: 'object', properties: { kind: { type: 'integer' }, metadata: object } } }), []);
});

test('a whole object is no map, and an embedded one has a shape', () => {
  const root = structuralErrors({ type: 'object', additionalProperties: text }, path('s')).map(formatFieldError);
  assert.deepEqual(root, ['s.additionalProperties: Forbidden: must not be used at the root']);
  const embedded = { 'x-kubernetes-embedded-resource': true };
  assert.deepEqual(said({ a: { ...embedded, type: 'object' } }), [
    's.properties[a].properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
  ]);
  assert.deepEqual(said({ a: { ...embedded, 'x-kubernetes-preserve-unknown-fields': true } }), [
    's.properties[a].type: Required value: must be object if x-kubernetes-embedded-resource is true',
  ]);
  assert.deepEqual(
    said({ a: { ...embedded, ...object, properties: { metadata: { type: 'object', properties: { labels: { type: 'object' } } } } } }),
    [],
  );
});

test('what restricts values says nothing else, and of nothing else', () => {
  const where = 's.properties[a].allOf[0]';
  const nested = (schema: Schema): string[] => said({ a: { ...object, allOf: [schema] } });
  assert.deepEqual(nested({ required: ['k'], properties: { k: { maxLength: 3 } } }), []);
  assert.deepEqual(nested({ 'x-kubernetes-validations': [{ rule: 'true' }] }), [
    `${where}.x-kubernetes-validations: Forbidden: must be empty to be structural`,
  ]);
  assert.deepEqual(nested({ default: {}, nullable: true }), [
    `${where}.default: Forbidden: must be undefined to be structural`,
    `${where}.nullable: Forbidden: must be false to be structural`,
  ]);
  assert.deepEqual(nested({ not: { properties: { other: { minLength: 1 } } } }), [
    `s.properties[a].properties[other]: Required value: because it is defined in ${where}.not.properties[other]`,
  ]);
  assert.deepEqual(said({}, { anyOf: [{ properties: { metadata: { maxProperties: 1 } } }] }), [
    's.anyOf[0].properties[metadata]: Forbidden: must not be specified in a nested context',
    's.properties[metadata]: Required value: because it is defined in s.anyOf[0].properties[metadata]',
  ]);
  const either: Schema = { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] };
  assert.deepEqual(said({ a: either }), []);
});

test('sets and maps of lists', () => {
  const at = 's.properties[a]';
  assert.deepEqual(said({ a: list(text, 'set'), b: list({ ...object, 'x-kubernetes-map-type': 'atomic' }, 'set') }), []);
  assert.deepEqual(said({ a: list(object, 'set') }), [
    `${at}.items.x-kubernetes-map-type: Invalid value: "null": must be atomic as item of a list with x-kubernetes-list-type=set`,
  ]);
  assert.deepEqual(said({ a: list({ ...text, nullable: true }, 'set') }), [
    `${at}.items.nullable: Forbidden: cannot be nullable when x-kubernetes-list-type is set`,
  ]);
  assert.deepEqual(said({ a: { ...text, 'x-kubernetes-map-type': 'atomic' } }), [
    `${at}.type: Invalid value: "string": must be object if x-kubernetes-map-type is specified`,
  ]);
  assert.deepEqual(said({ a: list(text, 'atomic', { 'x-kubernetes-list-map-keys': ['k'] }) }), [
    `${at}.x-kubernetes-list-type: Invalid value: "atomic": must be map if x-kubernetes-list-map-keys is non-empty`,
  ]);
  assert.deepEqual(said({ a: keyed({ ...object, required: ['k'] }, 'k') }), []);
  assert.deepEqual(said({ a: keyed(text, 'k') }), [
    `${at}.items.type: Invalid value: "string": must be object if parent array's x-kubernetes-list-type is map`,
  ]);
  assert.deepEqual(said({ a: keyed({ ...object, required: ['k'] }, 'k', 'k', 'other') }), [
    `${at}.x-kubernetes-list-map-keys: Invalid value: ["k","k","other"]: entries must all be names of item properties`,
    `${at}.x-kubernetes-list-map-keys: Invalid value: ["k","k","other"]: must not contain duplicate entries`,
  ]);
  const nullable: Schema = { type: 'object', required: ['k'], properties: { k: { ...text, nullable: true } } };
  assert.deepEqual(said({ a: keyed(nullable, 'k') }), [
    `${at}.items.properties[k].nullable: Forbidden: this property is in x-kubernetes-list-map-keys, so it cannot be nullable`,
  ]);
});
