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
  // Upstream looks for what is missing only under the root's own allOf, anyOf, oneOf and not.
  assert.deepEqual(nested({ not: { properties: { other: { minLength: 1 } } } }), []);
  assert.deepEqual(said({ a: object }, { allOf: [{ properties: { a: { properties: { z: { minLength: 1 } } } } }] }), [
    's.properties[a].properties[z]: Required value: because it is defined in s.allOf[0].properties[a].properties[z]',
  ]);
  assert.deepEqual(said({ a: { ...object, oneOf: [{ 'x-kubernetes-map-type': 'atomic' }] } }), [
    's.properties[a].oneOf[0].x-kubernetes-map-type: Forbidden: must be undefined to be structural',
    's.properties[a].oneOf[0].type: Required value: must be object if x-kubernetes-map-type is specified',
  ]);
  assert.deepEqual(said({}, { anyOf: [{ properties: { metadata: { maxProperties: 1 } } }] }), [
    's.anyOf[0].properties[metadata]: Forbidden: must not be specified in a nested context',
    's.properties[metadata]: Required value: because it is defined in s.anyOf[0].properties[metadata]',
  ]);
  const either: Schema = { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] };
  assert.deepEqual(said({ a: either }), []);
  assert.deepEqual(said({ a: { ...either, anyOf: [text, { type: 'integer' }] } }), [
    's.properties[a].anyOf[0].type: Forbidden: must be empty to be structural',
    's.properties[a].anyOf[1].type: Forbidden: must be empty to be structural',
  ]);
});

test('what a schema may hold', () => {
  const at = 's.properties[a]';
  assert.deepEqual(said({ a: { type: 'null' } }), [
    `${at}.type: Unsupported value: "null": supported values: "array", "boolean", "integer", "number", "object", "string"`,
    `${at}.type: Forbidden: type cannot be set to null, use nullable as an alternative`,
  ]);
  assert.deepEqual(said({ a: { type: 'object', additionalProperties: false } }), []);
  assert.deepEqual(said({ a: { ...object, additionalProperties: true } }), []);
  assert.deepEqual(said({ a: { ...object, additionalProperties: false } }), [
    `${at}.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive`,
  ]);
  assert.deepEqual(said({ a: { ...text, 'x-kubernetes-int-or-string': true } }), []);
  assert.deepEqual(said({ a: { $ref: '#/x' } as Schema }), [`${at}.$ref: Forbidden: $ref is not supported`]);
  assert.deepEqual(said({ a: { ...text, $schema: 'x' } as Schema }), [`s: Invalid value: "": OpenAPIV3Schema 'schema' is not supported`]);
});

test('defaults are values of their schema, and none stand in what the server itself writes', () => {
  const at = 's.properties[a]';
  assert.deepEqual(said({ a: { ...text, default: 1 } }), [
    `${at}.default: Invalid value: "integer":  in body must be of type string: "integer"`,
  ]);
  assert.deepEqual(said({ a: { ...object, default: { k: 1 } } }), [
    `${at}.default.k: Invalid value: "integer": k in body must be of type string: "integer"`,
  ]);
  assert.deepEqual(said({ a: { type: 'array', items: text, default: [1] } }), [
    `${at}.default.[0]: Invalid value: "integer": [0] in body must be of type string: "integer"`,
  ]);
  assert.deepEqual(said({ a: { type: 'integer', default: 1.5 } }), [
    `${at}.default: Invalid value: "number":  in body must be of type integer: "number"`,
    `${at}.default: Invalid value: "": Checked value must be of type integer (default format) in `,
  ]);
  const inner: Schema = { type: 'object', required: ['k'], properties: { k: { ...text, default: 'x' } } };
  assert.deepEqual(said({ a: { ...inner, default: {} } }), [`${at}.default.k: Required value`]);
  assert.deepEqual(said({ a: { ...text, default: 'b', 'x-kubernetes-validations': [{ rule: "self == 'a'" }] } }), [
    `${at}.default: Invalid value: "b": failed rule: self == 'a'`,
  ]);
  const whole: Schema = { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true };
  assert.deepEqual(said({ a: { ...whole, default: { a: 1 } } }), [
    `${at}.default.apiVersion: Required value`,
    `${at}.default.kind: Required value`,
  ]);
  assert.deepEqual(said({}, { default: {} }), ['s.default.apiVersion: Required value', 's.default.kind: Required value']);
  assert.deepEqual(said({ metadata: { type: 'object', default: { name: 'x' } } }), [
    's.properties[metadata].default: Forbidden: must not be set in top-level metadata',
  ]);
  assert.deepEqual(said({ kind: { ...text, default: 'X' } }), ['s.properties[kind].default: Forbidden: must not be set in top-level kind']);
  assert.deepEqual(said({ metadata: { type: 'object', properties: { name: { ...text, default: 'x' } } } }), [
    's.properties[metadata].properties[name].default: Forbidden: must not be set in top-level metadata',
  ]);
});

test('sets and maps of lists', () => {
  const at = 's.properties[a]';
  assert.deepEqual(said({ a: list(text, 'set'), b: list({ ...object, 'x-kubernetes-map-type': 'atomic' }, 'set') }), []);
  assert.deepEqual(said({ a: list(object, 'set') }), [
    `${at}.items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set`,
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
    `${at}.x-kubernetes-list-map-keys: Invalid value: ["k","k","other"]: must not contain duplicate entries`,
    `${at}.x-kubernetes-list-map-keys: Invalid value: ["k","k","other"]: entries must all be names of item properties`,
  ]);
  const nullable: Schema = { type: 'object', required: ['k'], properties: { k: { ...text, nullable: true } } };
  assert.deepEqual(said({ a: keyed(nullable, 'k') }), [
    `${at}.items.properties[k].nullable: Forbidden: this property is in x-kubernetes-list-map-keys, so it cannot be nullable`,
  ]);
});

test('patterns are patterns also where values are only restricted, and more is told of them', () => {
  const wrong = (at: string): string =>
    `s.properties[a].${at}.pattern: Invalid value: "(": must be a valid regular expression, but isn't: error parsing regexp: missing closing ): \`(\``;
  assert.deepEqual(said({ a: { ...text, allOf: [{ pattern: '(' }], not: { pattern: '(' } } }), [wrong('allOf[0]'), wrong('not')]);
  for (const value of [false, '', []])
    assert.deepEqual(said({ a: { ...text, not: { default: value } } }), [
      's.properties[a].not.default: Forbidden: must be undefined to be structural',
    ]);
});

test('types are named of what is a number or a text in two ways', () => {
  const either: Schema = { anyOf: [{ type: 'integer' }, text] };
  const must = (at: string): string => `s.properties[a].${at}.type: Forbidden: must be empty to be structural`;
  const kind: Schema = { 'x-kubernetes-int-or-string': true };
  assert.deepEqual(said({ a: { ...kind, ...either }, b: { ...kind, allOf: [either, { minimum: 1 }] } }), []);
  assert.deepEqual(said({ a: { ...kind, allOf: [{ minimum: 1 }, either] } }), [must('allOf[1].anyOf[0]'), must('allOf[1].anyOf[1]')]);
  assert.deepEqual(said({ a: { ...kind, oneOf: [either] } }), [must('oneOf[0].anyOf[0]'), must('oneOf[0].anyOf[1]')]);
});

test('defaults that tell who an object is make sense in one', () => {
  const embedded = (properties: Readonly<Record<string, Schema>>, more: Schema = {}): Schema => ({
    ...{ type: 'object', 'x-kubernetes-embedded-resource': true, properties },
    ...more,
  });
  const at = (what: string): string => `s.properties[a].${what}: Invalid value:`;
  const first = (...all: readonly string[]): string[] => all.map((one) => one.slice(0, one.indexOf('regex') < 0 ? undefined : 60));
  assert.deepEqual(said({ a: embedded({ kind: { ...text, default: 'Pod' } }) }), []);
  assert.match(
    said({ a: embedded({ kind: { ...text, default: '%' } }) })[0] ?? '',
    /properties\[kind\]\.default: Invalid value: "%": must result in valid metadata: kind: Invalid value: "%": may have/,
  );
  const labels = { type: 'object', properties: { labels: { type: 'object', additionalProperties: text, default: { a: 1 } } } };
  assert.deepEqual(said({ a: embedded({ metadata: labels }) }), [
    `${at('properties[metadata].properties[labels].default')} {"a":1}: must result in valid metadata: metadata: Invalid value: {"labels":{"a":1}}: json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string`,
  ]);
  const named = (metadata: unknown): string[] =>
    first(...said({ a: embedded({ b: text }, { default: { apiVersion: 'v1', kind: 'Pod', metadata } }) }));
  assert.deepEqual(named({ name: 'x' }), []);
  assert.deepEqual(named({ name: 42 }), [
    `${at('default.metadata')} {"name":42}: json: cannot unmarshal number into Go struct field ObjectMeta.name of type string`,
  ]);
  assert.deepEqual(named(42), [`${at('default.metadata')} 42: json: cannot unmarshal number into Go value of type v1.ObjectMeta`]);
});

test('a default of what is a number or a text is only of its type', () => {
  const kind = { 'x-kubernetes-int-or-string': true };
  assert.deepEqual(said({ a: { ...kind, default: true } }), []);
  assert.deepEqual(said({ a: { ...kind, type: 'string', default: 7 } }), [
    's.properties[a].default: Invalid value: "integer":  in body must be of type string: "integer"',
  ]);
});

test('unknown members of a default are shown in order', () => {
  assert.deepEqual(said({ a: { ...object, default: { z: 1, k: 'x' } } }), [
    's.properties[a].default: Invalid value: {"k":"x","z":1}: must not have unknown fields',
  ]);
});
