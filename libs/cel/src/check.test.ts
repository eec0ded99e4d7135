import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CompileError } from './errors.ts';
import { sizesOf } from './estimate-sizes.ts';
import { library } from './library/index.ts';
import { Program } from './program.ts';
import { type DeclaredSchema, declare } from './schema.ts';
import { dyn } from './types.ts';

const schema: DeclaredSchema = {
  type: 'object',
  properties: {
    replicas: { type: 'integer' },
    name: { type: 'string', maxLength: 10 },
    'dash-ed': { type: 'string' },
    namespace: { type: 'string' },
    long: { type: 'array', items: { type: 'string' } },
    short: { type: 'array', maxItems: 5, items: { type: 'string', maxLength: 10 } },
    map: { type: 'object', additionalProperties: { type: 'integer' } },
    either: { 'x-kubernetes-int-or-string': true },
    when: { type: 'string', format: 'date-time' },
  },
};

function compile(source: string): Program {
  const self = declare(schema, { name: 'selfType' })?.type ?? dyn;
  return new Program(source, { functions: library, variables: { self, any: dyn } });
}

function issues(source: string): readonly string[] {
  try {
    compile(source);
    return [];
  } catch (error) {
    return (error as CompileError).issues.map(({ message }) => message);
  }
}

test('a message shows the place', () => {
  assert.throws(() => compile('self.x == 1'), {
    message: "ERROR: <input>:1:5: undefined field 'x'\n | self.x == 1\n | ....^",
  });
  assert.throws(() => compile("self.replicas > '1'"), {
    message:
      "ERROR: <input>:1:15: found no matching overload for '_>_' applied to '(int, string)'\n | self.replicas > '1'\n | ..............^",
  });
  assert.throws(() => compile('1 +'), /ERROR: <input>:1:4: Syntax error: mismatched input '<EOF>' expecting \{'\[', /);
});

test('every mistake is found, in order', () => {
  assert.deepEqual(issues("self.y + 'a' + nothing == 'b' && self.name.size() > 'x'"), [
    "undefined field 'y'",
    "undeclared reference to 'nothing' (in container '')",
    "found no matching overload for '_>_' applied to '(int, string)'",
  ]);
});

test('types of everything', () => {
  const wrong: Record<string, string> = {
    "'a' + self.replicas": "found no matching overload for '_+_' applied to '(string, int)'",
    'self.name.startsWith(1)': "found no matching overload for 'startsWith' applied to 'string.(int)'",
    'self.long.all(x, x > 1)': "found no matching overload for '_>_' applied to '(string, int)'",
    'self.map.exists(k, self.map[k] == "a")': "found no matching overload for '_==_' applied to '(int, string)'",
    'self.replicas.x': "type 'int' does not support field selection",
    'self.replicas.all(x, true)': "expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)",
    "[1, 'a']": "expected type 'int' but found 'string'",
    'nosuch(1)': "undeclared reference to 'nosuch' (in container '')",
    'self.name ? 1 : 2': "found no matching overload for '_?_:_' applied to '(string, int, int)'",
    'self.when.nothing()': "undeclared reference to 'nothing' (in container '')",
    'has(self.nothing)': "undefined field 'nothing'",
    'quantity(1)': "found no matching overload for 'quantity' applied to '(int)'",
    'for == 1': 'reserved identifier: for',
  };
  for (const [source, message] of Object.entries(wrong)) assert.deepEqual(issues(source), [message], source);
});

test('what is right is found to be', () => {
  const right: Record<string, string> = {
    'self.dash__dash__ed + self.__namespace__': 'string',
    'has(self.namespace) ? self.namespace : self.?namespace.orValue("a")': 'string',
    'self.either == 1 || self.either == "a"': 'bool',
    'self.long.map(x, x.size())': 'list(int)',
    'self.short.filter(x, x != "")[0]': 'string',
    'self.map.transformMap(k, v, string(v))': 'map(string, string)',
    'self.when + duration("1h")': 'google.protobuf.Timestamp',
    'any.a.b[3].c': 'dyn',
    'self.?name.orValue("x")': 'string',
    'self.long + ["a"]': 'list(string)',
    '[] + [1]': 'list(int)',
    '[[], [1]].map(x, x.size())': 'list(int)',
    'any.size() > 0 ? self.name : "x"': 'string',
    'type(self.name) == string': 'bool',
    'self.name == dyn(1)': 'bool',
    'format.dns1123Label().validate(self.name)': 'optional_type(list(string))',
  };
  for (const [source, type] of Object.entries(right)) assert.equal(compile(source).typeText, type, source);
});

test('costs by the sizes schemas allow', () => {
  const most = (source: string): number => compile(source).estimate(sizesOf(declare(schema, { name: 'selfType' })?.type ?? dyn)).max;
  assert.equal(most('self.replicas > 1'), 3);
  assert.equal(most('self.name == "x"'), 3);
  assert.equal(most('self.name.contains("abc")'), 2 + 4 * 1);
  assert.equal(most('self.short.all(x, x.size() > 1)'), 2 + 5 * (2 + 1 + 3) + 1);
  assert.ok(most('self.long.all(x, self.long.all(y, x != y))') > 1e12);
  assert.ok(most('self.long.all(x, x.matches("a+"))') > 1e9);
  assert.equal(most('has(self.name) ? self.name : "x"'), 1 + 2);
});

test('takes twenty thousand elements of types that are not known', () => {
  assert.equal(new Program(`[${Array(20_000).fill('[]').join(',')}].size() == 0`, { functions: library, variables: {} }).typeText, 'bool');
});
