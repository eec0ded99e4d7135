import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFieldError } from '@keelson/machinery';
import { schemaCheck } from './checks.ts';
import type { Schema } from './schema.ts';

/** What is said of an object that is made with these members, or changed from others. */
function said(properties: Readonly<Record<string, Schema>>, members: object, old?: object): string[] {
  const whole = (own: object) => ({ apiVersion: 'a.b/v1', kind: 'A', metadata: { name: 'a' }, ...own });
  return schemaCheck({ type: 'object', properties })(whole(members), old && whole(old)).errors.map(formatFieldError);
}

const text: Schema = { type: 'string' };
const one: Schema = { type: 'string', enum: ['one'] };
const keyed = (...keys: string[]): Schema => ({
  ...{ type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys },
  items: { type: 'object', required: keys, properties: { key: text, other: text, value: one } },
});

test('what was there before and did not change is taken, whatever the schema says by now', () => {
  const properties: Record<string, Schema> = {
    ...{ value: one, part: { type: 'object', properties: { value: one } } },
    ...{ list: keyed('key'), map: { type: 'object', additionalProperties: { type: 'object', properties: { value: one } } } },
  };
  const made = (value: string) => ({ value, part: { value }, list: [{ key: 'a', value }], map: { a: { value } } });
  const extended = { ...made('two'), list: [{ key: 'b' }, { key: 'a', value: 'two', other: 'x' }], map: { b: {}, ...made('two').map } };
  assert.deepEqual(said(properties, extended, made('two')), []);
  assert.deepEqual(
    said(properties, made('three'), made('two')).map((error) => error.slice(0, error.indexOf(':'))),
    ['value', 'part.value', 'list[0].value', 'map.a.value'],
  );
});

test('elements of other lists are no one’s counterparts', () => {
  for (const type of ['atomic', 'set']) {
    const list: Schema = { type: 'array', 'x-kubernetes-list-type': type, items: one };
    assert.deepEqual(said({ list }, { list: ['two'] }, { list: ['two'] }), []);
    assert.deepEqual(said({ list }, { list: ['two', 'one'] }, { list: ['two'] }), [
      'list[0]: Unsupported value: "two": supported values: "one"',
    ]);
  }
});

test('what is in a set, or a map by its keys, is there once', () => {
  const set: Schema = { type: 'array', 'x-kubernetes-list-type': 'set', items: { 'x-kubernetes-preserve-unknown-fields': true } };
  assert.deepEqual(said({ set }, { set: ['a', 1, 'a', 'a', { b: 1, c: 2 }, { c: 2, b: 1 }, '1'] }), [
    'set[2]: Duplicate value: "a"',
    'set[5]: Duplicate value: {"b":1,"c":2}',
  ]);
  const list = [{ key: 'a', value: 'one' }, { key: 'a' }, { key: 'b' }];
  assert.deepEqual(said({ list: keyed('key') }, { list }), ['list[1]: Duplicate value: {"key":"a"}']);
  const both = [
    { key: 'a', other: 'x' },
    { key: 'a', other: 'y' },
    { key: 'a', other: 'x' },
  ];
  const within: Schema = { type: 'object', additionalProperties: { type: 'object', properties: { list: keyed('key', 'other') } } };
  assert.deepEqual(said({ within }, { within: { m: { list: both } } }), ['within[m].list[2]: Duplicate value: {"key":"a","other":"x"}']);
  assert.deepEqual(said({ list: keyed('key') }, { list: [...list, { key: 'b' }] }, { list }), []);
  assert.equal(said({ list: keyed('key') }, { list }, { list: [] }).length, 1);
});

test('embedded objects are API objects', () => {
  const object: Schema = { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true };
  const list: Schema = { type: 'array', items: object };
  const pod = { apiVersion: 'v1', kind: 'Pod' };
  const metadata = { name: 'a b', namespace: 'n', labels: { a: 'b' } };
  assert.deepEqual(said({ object, list }, { object: pod, list: [{ ...pod, metadata }] }), []);
  const wrong = [{}, { apiVersion: 'a/b/c', kind: 'A_B' }, { ...pod, metadata: { name: 'a/b', labels: { '!': '' } } }];
  const found = said({ list }, { list: wrong }, { list: wrong }).map((error) => error.replace(/(regex|must|name part).*/s, ''));
  assert.deepEqual(found, [
    ...['list[0].apiVersion: Required value', 'list[0].kind: Required value'],
    'list[1].apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
    'list[1].kind: Invalid value: "A_B": may have mixed case, but should otherwise match: a DNS-1035 label ',
    `list[2].metadata.name: Invalid value: "a/b": may not contain '/'`,
    'list[2].metadata.labels: Invalid value: "!": ',
  ]);
});

test('an object that is none is not asked about', () => {
  const ruled: Schema = { type: 'object', properties: { n: { type: 'integer' } }, 'x-kubernetes-validations': [{ rule: 'self.n > 0' }] };
  assert.deepEqual(said({ ruled }, { ruled: { n: 'a' } }), [
    'ruled.n: Invalid value: "string": ruled.n in body must be of type integer: "string"',
    '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
  ]);
});
