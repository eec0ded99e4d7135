import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  any,
  bytes,
  duration,
  type Form,
  flag,
  idle,
  int32,
  int64,
  listOf,
  mapOf,
  named,
  readForm,
  strictDecodingError,
  struct,
  text,
} from './index.ts';

const point = struct('v1.Point', { weight: int32, total: int64 });
const spec = struct('v1.Spec', {
  ...{ name: text, on: flag, policy: named('v1.Policy'), wait: duration, data: bytes, free: any },
  ...{ points: listOf(point), names: listOf(text), labels: mapOf(text), deep: struct('v1.Deep', { points: listOf(point) }) },
});

test('what fits is read as it stands, without what is null', () => {
  const value = {
    name: 'a',
    on: false,
    wait: '5s',
    free: [{ x: null }],
    points: [{ weight: 1, total: 2 ** 40 }],
    labels: { a: 'b' },
    deep: {},
  };
  assert.deepEqual(readForm(spec, value), { value, unknown: [], ineffective: [] });
  assert.deepEqual(readForm(spec, { name: null, deep: { points: null }, labels: null }).value, { deep: {} });
  assert.equal(readForm(spec, null).value, undefined);
});

test('null in a list or a map is empty', () =>
  assert.deepEqual(readForm(spec, { points: [null], names: [null, 'a'], labels: { a: null } }).value, {
    ...{ points: [{}], names: ['', 'a'], labels: { a: '' } },
  }));

test("another type is refused in Go's words: with the struct around the field, and no places in lists", () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [{ name: 1 }, 'number into Go struct field Spec.name of type string'],
    [{ name: ['a'] }, 'array into Go struct field Spec.name of type string'],
    [{ on: 'yes' }, 'string into Go struct field Spec.on of type bool'],
    [{ policy: true }, 'bool into Go struct field Spec.policy of type v1.Policy'],
    [{ wait: 5 }, 'number into Go struct field Spec.wait of type string'],
    [{ data: {} }, 'object into Go struct field Spec.data of type []uint8'],
    [{ points: {} }, 'object into Go struct field Spec.points of type []v1.Point'],
    [{ points: [1] }, 'number into Go struct field Spec.points of type v1.Point'],
    [{ labels: [] }, 'array into Go struct field Spec.labels of type map[string]string'],
    [{ labels: { a: 1 } }, 'number into Go struct field Spec.labels of type string'],
    [{ deep: { points: [{}, { weight: '1' }] } }, 'string into Go struct field Point.deep.points.weight of type int32'],
    [{ deep: { points: [{ weight: 1.5 }] } }, 'number 1.5 into Go struct field Point.deep.points.weight of type int32'],
    [{ points: [{ weight: 2 ** 31 }] }, 'number 2147483648 into Go struct field Point.points.weight of type int32'],
    ['a', 'string into Go value of type v1.Spec'],
  ];
  for (const [value, said] of cases) assert.throws(() => readForm(spec, value), { message: `json: cannot unmarshal ${said}` }, said);
});

test('fields that nobody knows are named by their paths, and left out', () => {
  const { value, unknown } = readForm(spec, { nam: 'a', toString: 1, deep: { points: [{ weight: 1 }, { Weight: 2 }] } });
  assert.deepEqual(unknown, ['nam', 'toString', 'deep.points[1].Weight']);
  assert.deepEqual(value, { deep: { points: [{ weight: 1 }, {}] } });
  assert.equal(strictDecodingError(unknown.slice(0, 2)), 'strict decoding error: unknown field "nam", unknown field "toString"');
});

test('what changes nothing is told once, unless it says nothing or what it says usually', () => {
  const form: Form = struct('v1.Spec', {
    policy: idle(text, 'Always'),
    deep: idle(struct('v1.Deep', { name: idle(text), extra: any })),
    list: listOf(struct('v1.Item', { note: idle(text) })),
    gates: idle(mapOf(flag)),
  });
  const told = (value: unknown): readonly string[] => readForm(form, value).ineffective;
  assert.deepEqual(told({ policy: 'Always', deep: { name: '', extra: { a: [] } }, list: [{ note: '' }], gates: {} }), []);
  assert.deepEqual(told({ policy: 'Never', deep: { name: 'x' }, list: [{}, { note: 'y' }], gates: { A: true } }), [
    ...['policy', 'deep', 'list[1].note', 'gates'],
  ]);
  assert.throws(() => readForm(form, { deep: { name: 1 } }), /number into Go struct field Deep\.deep\.name of type string/);
  assert.deepEqual(readForm(form, { deep: { nam: 1 } }).unknown, ['deep.nam']);
});
