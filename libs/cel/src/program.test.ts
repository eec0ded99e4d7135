import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromCel, toCel } from './convert.ts';
import { library } from './library/index.ts';
import { Program } from './program.ts';
import { dyn } from './types.ts';

const scope = { functions: library, variables: { object: dyn, x: dyn } };

function run(source: string, variables: Record<string, unknown> = {}): unknown {
  return fromCel(new Program(source, scope).run({ object: null, x: null, ...variables }));
}

/** Each expression holds. */
function holds(...expressions: string[]): void {
  for (const source of expressions) assert.equal(run(source), true, source);
}

test('literals, operators and their order', () => {
  holds('1 + 2 * 3 == 7', '-1 - -2 == 1', '7 / 2 == 3', '-7 % 3 == -1', '0x1F == 31', '1u + 2u == 3u', '1.5e1 == 15.0', '.5 == 0.5');
  holds('true ? false || true : false', '!(1 > 2)', '"a" + \'b\' == "ab"', 'r"\\d" == "\\\\d"', '"""a"b""" == "a\\"b"', "'\\u00e9' == 'é'");
  holds(
    'b"abc" + b"\\xff" == b"abc\\377"',
    '1 in [1, 2]',
    '"a" in {"a": 1}',
    '[1, 2][1] == 2',
    '{"a": {"b": 1}}.a.b == 1',
    '{1: "x"}[dyn(1u)] == "x"',
  );
  holds('1 < 1.5', '2u > 1', '[1] + [2] == [1, 2]', 'dyn(1) == dyn(1.0)', '"a" < "b"', '// a remark\n true', '-9223372036854775808 < 0');
});

test('what goes wrong says what', () => {
  const wrong: Record<string, RegExp> = {
    'object.a': /^no such key: a$/,
    '[1][1]': /^index out of bounds: 1$/,
    '1 / 0': /^division by zero$/,
    '9223372036854775807 + 1': /^integer overflow$/,
    'dyn(1) + dyn("a")': /^no such overload$/,
    'int("x")': /type conversion error/,
    '"a".matches(object.b)': /^error parsing regexp: /,
  };
  for (const [source, message] of Object.entries(wrong)) assert.throws(() => run(source, { object: { b: '(' } }), { message }, source);
});

test('errors that do not matter do not matter', () => {
  holds('true || 1 / 0 == 1', '1 / 0 == 1 || true', '!(false && 1 / 0 == 1)', '!(1 / 0 == 1 && false)');
  holds('[0, 1].exists(i, 1 / i == 1)', '![0, 2].all(i, 1 / i == 1)', '!has(x.a) || x.a == 1');
});

test('macros', () => {
  holds(
    '[1, 2, 3].all(i, i > 0)',
    '[1, 2].exists_one(i, i == 1)',
    '[1, 2].map(i, i * 2) == [2, 4]',
    '[1, 2, 3].filter(i, i != 2) == [1, 3]',
  );
  holds(
    '[1, 2, 3].map(i, i > 1, i * i) == [4, 9]',
    '{"a": 1, "b": 2}.all(k, k < "c")',
    '[[1, 2], [3]].map(l, l.map(i, i + l[0])) == [[2, 3], [6]]',
  );
  holds('[5, 6].all(i, v, v == i + 5)', '{"a": 1}.exists(k, v, k == "a" && v == 1)', '["a", "b"].transformList(i, v, i > 0, v) == ["b"]');
  holds(
    '{"a": 1}.transformMap(k, v, v + 1) == {"a": 2}',
    '["x"].transformMapEntry(i, v, {v: i}) == {"x": 0}',
    '{"a": 1}.existsOne(k, v, v == 1)',
  );
  holds('has({"a": 1}.a) && !has({"a": 1}.b)', '[2, 1].sortBy(i, i).map(i, [i].map(j, j + i)) == [[2], [4]]');
});

test('optionals', () => {
  holds('{"a": {"b": 1}}.?a.?b.orValue(0) == 1', '{}.?a.?b.orValue(7) == 7', '[1][?3].hasValue() == false', 'optional.of(1).value() == 1');
  holds(
    '{?"a": optional.of(1), ?"b": optional.none()} == {"a": 1}',
    '[?optional.none(), 2] == [2]',
    '{"a": 2}.?a.optMap(v, v * 2).orValue(0) == 4',
  );
  holds('optional.ofNonZeroValue("").or(optional.of("x")).value() == "x"', 'x.?a.b.orValue("none") == "none"');
});

test('Kubernetes’ libraries', () => {
  holds(
    '[1, 2].isSorted()',
    '[1.5, 2.0].sum() == 3.5',
    '[].sum() == 0',
    '["b", "a"].min() == "a"',
    '[3, 1, 2].sort() == [1, 2, 3]',
    '[1, 1, 2].distinct() == [1, 2]',
  );
  holds(
    '[[1], [2, 3]].flatten() == [1, 2, 3]',
    '[1, 2, 3].slice(1, 3) == [2, 3]',
    '["aa", "b"].sortBy(s, s.size()) == ["b", "aa"]',
    'lists.range(3) == [0, 1, 2]',
  );
  holds(
    '[1, 2, 1].lastIndexOf(1) == 2',
    '"abc 123".find("[0-9]+") == "123"',
    '"1 22 3".findAll("[0-9]+", 2) == ["1", "22"]',
    '"a,b".split(",") == ["a", "b"]',
  );
  holds(
    'url("https://u@a.b:8/c?d=e&d=f").getHost() == "a.b:8"',
    'url("https://[::1]:80/a b".replace(" ", "%20")).getHostname() == "::1"',
    '!isURL("../x")',
    'url("/a?b=c").getQuery() == {"b": ["c"]}',
  );
  holds(
    'quantity("1.5Gi").isGreaterThan(quantity("1536M"))',
    'quantity("50k").add(20).asInteger() == 50020',
    '!isQuantity("10 G")',
    'sign(quantity("100m")) == 1',
  );
  holds(
    'cidr("10.0.0.0/8").containsIP("10.2.3.4")',
    'cidr("10.1.2.3/8").masked() == cidr("10.0.0.0/8")',
    'ip("::1").isLoopback()',
    'ip.isCanonical("127.0.0.1")',
    '!isIP("01.2.3.4")',
  );
  holds(
    'cidr("192.168.0.0/16").containsCIDR("192.168.1.0/24")',
    'string(ip("2001:DB8::1")) == "2001:db8::1"',
    'format.dns1123Label().validate("Web").hasValue()',
  );
  holds('!format.named("uuid").value().validate("123e4567-e89b-12d3-a456-426614174000").hasValue()', '!format.named("nothing").hasValue()');
  holds(
    'semver("1.2.3-alpha.1").isLessThan(semver("1.2.3"))',
    'semver("v1.2", true).minor() == 2',
    '!isSemver("1.2")',
    'semver("1.0.0").compareTo(semver("0.9.9")) == 1',
  );
  holds('sets.contains([1, 2, 3], [2])', 'sets.equivalent([1, 1], [1])');
  holds('"%s has %d of %.2f, %x".format(["a", 3, 1.005, 255]) == "a has 3 of 1.00, ff"');
  holds(
    'strings.quote("a\\"b") == "\\"a\\\\\\"b\\""',
    '"hello".charAt(1) == "e"',
    '"a-b-c".replace("-", "+", 1) == "a+b-c"',
    '"äbc".substring(1, 2) == "b"',
  );
});

test('text that is nothing of the type wanted', () => {
  const types = { int: 'int', uint: 'uint', double: 'double', bool: 'bool', duration: 'google.protobuf.Duration' };
  for (const [name, type] of Object.entries({ ...types, timestamp: 'google.protobuf.Timestamp' }))
    assert.throws(() => run(`${name}("x" + "y")`), { message: `type conversion error from 'string' to '${type}'` });
});

test('times', () => {
  holds('timestamp("2026-03-01T12:30:00.5+01:00").getHours() == 12', 'timestamp("2026-03-01T12:30:00Z").getHours("Europe/Berlin") == 13');
  holds(
    'timestamp("2026-03-01T12:30:00.5+01:00").getHours("UTC") == 11',
    'string(timestamp("2026-03-01T12:30:00.5+01:00")) == "2026-03-01T12:30:00.5+01:00"',
    'string(timestamp("2026-03-01T00:30:00-03:30") + duration("1h")) == "2026-03-01T01:30:00-03:30"',
    'timestamp("2026-03-01T12:30:00+00:00") == timestamp("2026-03-01T13:30:00+01:00")',
    'string(timestamp("2026-03-01T12:30:00+00:00")) == "2026-03-01T12:30:00Z"',
  );
  holds('timestamp("2026-03-01T00:00:00Z") - timestamp("2026-02-28T00:00:00Z") == duration("24h")', 'duration("90m").getMinutes() == 90');
  holds(
    'string(duration("1500ms")) == "1.5s"',
    'string(timestamp(0)) == "1970-01-01T00:00:00Z"',
    'timestamp("2026-01-04T00:00:00Z").getDayOfWeek() == 0',
    'type(duration("1s")) == google.protobuf.Duration',
  );
});

test('JSON there and back', () => {
  const object = { a: [1, 2.5, 'x', null, true], b: { __proto__x: 1 } };
  assert.deepEqual(run('object', { object: toCel(object) }), object);
  holds('type(1) == int && type("a") == string && type([]) == list && type(null) == null_type');
});

test('a bomb of loops ends at its limit', () => {
  const bomb = 'object.all(a, object.all(b, object.all(c, object.all(d, a + b + c + d >= 0))))';
  const found = new Program(bomb, scope).evaluate({ object: toCel(Array.from({ length: 1000 }, (_, i) => i)) });
  assert.equal(found.type, 'error');
  assert.equal(found.type === 'error' && found.error.message, 'operation cancelled: actual cost limit exceeded');
  assert.ok(found.cost <= 1_000_010, `${found.cost}`);
});

test('costs are upstream’s', () => {
  const costs: Record<string, number> = {
    true: 0,
    'object.a == 1': 3,
    '[1, 2, 3].all(i, true)': 10,
    '"abc" == "abc"': 1,
    '"a".startsWith("a") && "abcdefghijk".contains("b")': 3,
    '[1, 2].map(i, i)': 27,
    'has(object.a)': 1,
    '{"a": 1}.a == 1': 3,
  };
  for (const [source, cost] of Object.entries(costs))
    assert.equal(new Program(source, scope).evaluate({ object: toCel({ a: 1 }) }).cost, cost, source);
});
