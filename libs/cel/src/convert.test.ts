import assert from 'node:assert/strict';
import { test } from 'node:test';
import { typedCel } from './convert.ts';
import { library } from './library/index.ts';
import { Program } from './program.ts';
import { dyn } from './types.ts';
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

test('what is no object is added to a list of keyed elements as it is', () => {
  const items = { type: 'object', properties: { x: { type: 'integer' } } };
  const self = typedCel([{ x: 1 }], { type: 'array', items, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['x'] });
  const program = new Program('size(self + [null, null])', { functions: library, variables: { self: dyn } });
  const found = program.evaluate({ self });
  assert.equal(found.type === 'error' ? found.error : found.value, 3n);
});

test('what fails on values of any type says so in words', () => {
  const failure = (expression: string): string => {
    const found = new Program(expression, { functions: library, variables: {} }).evaluate({});
    return found.type === 'error' ? found.error.message : 'none';
  };
  assert.equal(failure("dyn(dyn(['a']) + [{'k': [1]}]).join()"), 'join: invalid input: {k: [1]}');
  assert.match(failure("url('http://[ ::1]/')"), /: invalid character " " in host name$/);
});
