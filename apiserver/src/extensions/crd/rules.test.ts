import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFieldError, path } from '@keelson/machinery';
import { checkRules } from './rules.ts';
import type { Schema, ValidationRule } from './schema.ts';
import { structuralErrors } from './structural.ts';

const object = (properties: Record<string, Schema>, ...rules: (string | ValidationRule)[]): Schema => ({
  type: 'object',
  properties,
  'x-kubernetes-validations': rules.map((rule) => (typeof rule === 'string' ? { rule } : rule)),
});
const within = (spec: Schema): Schema => ({ type: 'object', properties: { spec } });

/** What is said of a schema whose spec this is, paths from the rule on. */
function said(spec: Schema): string[] {
  return structuralErrors(within(spec), path('schema')).map((error) => formatFieldError(error).replace('schema.properties[spec].', ''));
}

const integer: Schema = { type: 'integer' };
const text: Schema = { type: 'string' };
const texts: Schema = { type: 'array', items: text };

test('a rule that names what is not there is refused with its definition', () => {
  assert.deepEqual(said(object({ x: integer }, 'self.z == 100')), [
    'x-kubernetes-validations[0].rule: Invalid value: {"Rule":"self.z == 100","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ' +
      "ERROR: <input>:1:5: undefined field 'z'\n | self.z == 100\n | ....^",
  ]);
  assert.match(said(object({ x: integer }, 'self = 42')).join(), /compilation failed: ERROR: <input>:1:6: Syntax error: /);
  assert.match(said(object({ x: integer }, "self.x > 'a'")).join(), /found no matching overload for '_>_' applied to '\(int, string\)'/);
});

test('rules are truths, messages are texts', () => {
  assert.match(said(object({ x: integer }, 'self.x')).join(), /cel expression must evaluate to a bool$/);
  assert.match(
    said(object({ x: integer }, { rule: 'true', messageExpression: 'self.x' })).join(),
    /messageExpression must evaluate to a string$/,
  );
  assert.match(
    said(object({ x: integer }, { rule: 'true', messageExpression: 'self.z' })).join(),
    /\.messageExpression: Invalid value: .*: messageExpression compilation failed: ERROR/,
  );
  assert.match(
    said(object({ x: integer }, { rule: 'true', fieldPath: '.y' })).join(),
    /fieldPath: Invalid value: "\.y": must be a valid path$/,
  );
  assert.match(said(object({ x: integer }, { rule: 'true', reason: 'Odd' })).join(), /reason: Unsupported value: "Odd"/);
  assert.match(said(object({ x: integer }, { rule: 'true', optionalOldSelf: true })).join(), /optionalOldSelf: Invalid value/);
  assert.match(said(object({ x: integer }, 'true\n&& true')).join(), /message must be specified if rule contains line breaks$/);
});

test('what was before is known only where elements have keys', () => {
  const rule = [{ rule: 'self == oldSelf' }];
  const list = (more: object): Schema =>
    object({
      l: { type: 'array', items: { type: 'object', properties: { k: text }, required: ['k'], 'x-kubernetes-validations': rule }, ...more },
    });
  assert.match(
    said(list({ maxItems: 3 })).join(),
    /oldSelf cannot be used on the uncorrelatable portion of the schema within schema\.properties\[spec\]\.properties\[l\]$/,
  );
  assert.deepEqual(said(list({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] })), []);
});

test('rules that may cost too much are refused, unless sizes are bounded', () => {
  const nested = 'self.l.all(x, self.l.all(y, x == y))';
  const [first = '', ...more] = said(object({ l: texts }, nested));
  assert.equal(
    first,
    'x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x (try simplifying the ' +
      'rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)',
  );
  assert.match(more.join(), /contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema/);
  assert.match(
    more.join(),
    /schema: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of/,
  );
  assert.deepEqual(said(object({ l: { ...texts, maxItems: 100, items: { ...text, maxLength: 10 } } }, nested)), []);
  const items = object({ s: text }, "self.s.contains('abc')");
  assert.match(said(object({ l: { type: 'array', items } })).join(), /exceeds budget/);
  assert.deepEqual(said(object({ l: { type: 'array', maxItems: 10, items } })), []);
});

/** What is wrong with a value, and with its change. */
function wrong(schema: Schema, value: unknown, old?: unknown): string[] {
  return checkRules({ spec: value }, old === undefined ? undefined : { spec: old }, within(schema)).errors.map(formatFieldError);
}

test('values are what their schema says', () => {
  const schema = object(
    {
      n: { type: 'number' },
      when: { type: 'string', format: 'date-time' },
      set: { ...texts, 'x-kubernetes-list-type': 'set' },
      'a-b': text,
    },
    "self.n == 1.0 && self.when > timestamp('2026-01-01T00:00:00Z') && self.set == ['b', 'a'] && self.a__dash__b == 'x'",
  );
  assert.deepEqual(wrong(schema, { n: 1, when: '2026-02-01T00:00:00Z', set: ['a', 'b'], 'a-b': 'x' }), []);
});

test('what cannot be computed says why', () => {
  assert.deepEqual(wrong(object({ x: integer }, { rule: 'self.x > 0', message: 'x is needed' }), {}), [
    'spec: Invalid value: "object": no such key: x evaluating rule: x is needed',
  ]);
  assert.deepEqual(wrong(object({ either: { 'x-kubernetes-int-or-string': true } }, 'self.either > 1'), { either: 'a' }), [
    `spec: Invalid value: "object": 'no such overload': call arguments did not match a supported operator, function or macro signature for rule: self.either > 1`,
  ]);
});

test('a rule that costs too much ends the check', () => {
  const nested = 'self.l.all(x, self.l.all(y, self.l.all(z, x == y || y == z || true)))';
  const schema = object({ l: texts }, nested, 'false');
  const found = wrong(schema, { l: Array.from({ length: 300 }, (_, i) => `${i}`) });
  assert.deepEqual(found, [
    `spec: Invalid value: "object": 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: ${nested}`,
  ]);
});

test('all rules of a write have one budget', () => {
  const schema = object({ l: { type: 'array', items: object({ v: texts }, 'self.v.all(x, x.size() < 9)') } });
  const v = Array.from({ length: 2000 }, () => 'abc');
  const found = wrong(schema, { l: Array.from({ length: 1000 }, () => ({ v })) });
  assert.match(
    found.join(),
    /^spec\.l\[\d+\]: Invalid value: "object": validation failed due to running out of cost budget, no further validation rules will be run$/,
  );
});

test('changes are held against what was', () => {
  const schema = object(
    { x: integer },
    { rule: 'self.x >= oldSelf.x', messageExpression: "'was ' + string(oldSelf.x)", fieldPath: '.x', reason: 'FieldValueForbidden' },
  );
  assert.deepEqual(wrong(schema, { x: 1 }), []);
  assert.deepEqual(wrong(schema, { x: 1 }, { x: 2 }), ['spec.x: Forbidden: was 2']);
  const optional = object({ x: integer }, { rule: 'self.x == oldSelf.?x.orValue(7)', optionalOldSelf: true });
  assert.deepEqual([wrong(optional, { x: 7 }), wrong(optional, { x: 8 }, { x: 8, y: 1 })], [[], []]);
  assert.equal(wrong(optional, { x: 1 }).length, 1);
});

test('a broken rule shows what is short, and members without a schema of their own by their key', () => {
  const positive = { 'x-kubernetes-validations': [{ rule: 'self > 0' }] };
  const schema = object(
    { n: { ...integer, ...positive }, m: { type: 'object', additionalProperties: { ...integer, ...positive } }, l: texts },
    'self.l.size() < 1',
  );
  assert.deepEqual(wrong(schema, { n: -1, m: { a: -2 }, l: ['x'] }), [
    'spec: Invalid value: failed rule: self.l.size() < 1',
    'spec.n: Invalid value: -1: failed rule: self > 0',
    'spec.m[a]: Invalid value: -2: failed rule: self > 0',
  ]);
});

test('what did not change is warned of, unless a rule is about the change', () => {
  const rule = (text: string): Schema => ({ ...integer, 'x-kubernetes-validations': [{ rule: text }] });
  const schema = within(
    object({ n: rule('self > 0'), l: { type: 'array', items: rule('self > 0') }, c: rule('self != oldSelf'), x: text }),
  );
  const value = { n: -1, l: [-2], c: 1, x: 'a' };
  const kept = checkRules({ spec: { ...value, x: 'b' } }, { spec: value }, schema);
  assert.deepEqual(kept.errors.map(formatFieldError), ['spec.c: Invalid value: 1: failed rule: self != oldSelf']);
  assert.deepEqual(kept.warnings, [
    'spec.n: Invalid value: -1: failed rule: self > 0',
    'spec.l[0]: Invalid value: -2: failed rule: self > 0',
  ]);
  const longer = checkRules({ spec: { ...value, c: 2, l: [-2, 1] } }, { spec: value }, schema);
  assert.deepEqual(longer.errors.map(formatFieldError), ['spec.l[0]: Invalid value: -2: failed rule: self > 0']);
});

test('members of maps are what they were before, also where the map is replaced as a whole', () => {
  const changed: Schema = { ...integer, 'x-kubernetes-validations': [{ rule: 'self != oldSelf' }] };
  const map = (type: string): Schema => object({ m: { type: 'object', properties: { c: changed }, 'x-kubernetes-map-type': type } });
  const [value, old] = [{ m: { c: 1, d: 1 } }, { m: { c: 1 } }];
  for (const type of ['granular', 'atomic']) assert.equal(wrong(map(type), value, old).length, 1, type);
});

test('what breaks a rule is told where its path leads, and by the type of its schema', () => {
  const rule = (fieldPath: string, rule = 'false'): Schema => ({ 'x-kubernetes-validations': [{ rule, fieldPath }] });
  const map: Schema = { type: 'object', additionalProperties: integer };
  assert.deepEqual(wrong(object({ m: { ...map, ...rule('.a') } }), { m: { a: 1 } }), ['spec.m[a]: Invalid value: failed rule: false']);
  assert.deepEqual(wrong(object({ n: { ...integer, ...rule('.a') } }), { n: 1 }), ['spec.n: Invalid value: 1: failed rule: false']);
  assert.deepEqual(wrong(object({ n: { type: 'number', ...rule('', '1 / 0 == 1') } }), { n: 1 }), [
    'spec.n: Invalid value: "number": division by zero evaluating rule: 1 / 0 == 1',
  ]);
  assert.deepEqual(wrong(object({ n: { ...integer, ...rule('', ' ') } }), { n: 1 }), []);
});

test('what an object says of its kind is not excused for having been so', () => {
  const kind: Schema = { ...text, 'x-kubernetes-validations': [{ rule: "self == 'Pod'" }] };
  const value = { kind: 'Baz' };
  const { errors, warnings } = checkRules(value, value, { type: 'object', properties: { kind } });
  assert.deepEqual([errors.map(formatFieldError), warnings], [[`kind: Invalid value: "Baz": failed rule: self == 'Pod'`], []]);
});
