import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copyOf } from '@keelson/machinery';
import { applyDefaults } from './defaults.ts';
import { prune } from './prune.ts';
import type { Schema } from './schema.ts';

const text: Schema = { type: 'string' };
const preserve: Schema = { 'x-kubernetes-preserve-unknown-fields': true };
const object = (properties: Readonly<Record<string, Schema>>, more: Schema = {}): Schema => ({ type: 'object', properties, ...more });

/** What is left of a member, and which paths went. */
function left(value: unknown, schema: Schema): readonly [unknown, readonly string[]] {
  const whole = { v: copyOf(value) };
  const gone = prune(whole, object({ v: schema }), false);
  return [whole.v, gone];
}

test('what nothing is said of goes, and stays where all is kept', () => {
  assert.deepEqual(left({ a: 'x', b: 1 }, object({ a: text })), [{ a: 'x' }, ['v.b']]);
  assert.deepEqual(left({ a: { c: 1 }, b: 1 }, object({ a: object({}) }, preserve)), [{ a: {}, b: 1 }, ['v.a.c']]);
  assert.deepEqual(left([{ a: 'x', b: 1 }], { type: 'array', items: object({ a: text }) }), [[{ a: 'x' }], ['v[0].b']]);
});

test('maps of anything have members, with nothing in them; what should be no list is pruned all the same', () => {
  assert.deepEqual(left({ a: { b: 1 }, c: 2 }, { type: 'object', additionalProperties: true }), [{ a: {}, c: 2 }, ['v.a.b']]);
  assert.deepEqual(left({ a: 1 }, { type: 'object', additionalProperties: false }), [{ a: 1 }, []]);
  assert.deepEqual(left([{ a: 1 }], text), [[{}], ['v[0].a']]);
});

test('of a list of which all is kept, elements keep what they have, but parts that are spoken of are pruned', () => {
  const list: Schema = { type: 'array', ...preserve, items: object({ a: object({}) }) };
  assert.deepEqual(left([{ a: { x: 1 }, b: { y: 1 } }], list), [[{ a: {}, b: { y: 1 } }], ['v[0].a.x']]);
});

test('nulls that are not allowed become defaults, or go from maps', () => {
  const filled = (value: unknown, schema: Schema): unknown => {
    const whole = { v: copyOf(value) };
    applyDefaults(whole, object({ v: schema }));
    return whole.v;
  };
  const others = (values: Schema): Schema => ({ type: 'object', additionalProperties: values });
  assert.deepEqual(filled({ a: null, b: 'x' }, others(text)), { b: 'x' });
  assert.deepEqual(filled({ a: null }, others({ ...text, nullable: true })), { a: null });
  assert.deepEqual(filled({ a: null }, others({ ...text, default: 'd' })), { a: 'd' });
  assert.deepEqual(filled([null], { type: 'array', items: { ...text, default: 'd' } }), ['d']);
  assert.deepEqual(filled({}, object({ a: { ...text, default: null } })), {});
});
