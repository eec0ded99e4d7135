import assert from 'node:assert/strict';
import { test } from 'node:test';
import { typedCel } from './convert.ts';
import { equals, keysOf } from './values.ts';

const known = { type: 'object', properties: { a: { type: 'integer' }, n: { type: 'string' } } };

test('what a schema does not name, and what is null, is not there, but makes objects differ', () => {
  const made = (value: object): unknown => typedCel(value, known);
  assert.deepEqual(keysOf(made({ a: 1, n: null, odd: 1 })), ['a']);
  assert.equal(equals(made({ a: 1, odd: 'x' }), made({ odd: 'x', a: 1 })), true);
  for (const other of [{ a: 1 }, { a: 1, odd: 'y' }, { a: 1, other: 'x' }, { a: 1, odd: 'x', n: null }])
    assert.equal(equals(made({ a: 1, odd: 'x' }), made(other)), false, JSON.stringify(other));
});

test('maps keep nulls, and lists of keyed elements their keys whatever these are called', () => {
  const map = typedCel({ a: null }, { type: 'object', additionalProperties: { type: 'string' } });
  assert.deepEqual(keysOf(map), ['a']);
  const text = { type: 'string' };
  const items = { type: 'object', properties: { 'k!': text, v: text } };
  const keyed = { type: 'array', items, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k!'] };
  const list = (...keys: string[]): unknown =>
    typedCel(
      keys.map((key) => ({ 'k!': key, v: '' })),
      keyed,
    );
  assert.equal(equals(list('a', 'b'), list('b', 'a')), true);
  assert.equal(equals(list('a', 'b'), list('a', 'c')), false);
});
