import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toCel } from './convert.ts';
import { library } from './library/index.ts';
import { Program } from './program.ts';
import { dyn, int, list, map, object, string } from './types.ts';

const self = object('selfType', { i: int, s: string, l: list(int), m: map(string, int), __if__: int });
const scope = { functions: library, variables: { self, d: dyn } };
const value = toCel({ i: 3, s: 'text', l: [3, 1, 2], m: { one: 1 }, __if__: 1 });
const variables = { self: value, d: toCel({ i: 3, l: [1], nothing: null, s: 'x' }) };

function cost(source: string): number {
  return new Program(source, scope).evaluate(variables).cost;
}

function error(source: string): string | undefined {
  const found = new Program(source, scope).evaluate(variables);
  return found.type === 'error' ? found.error.message : undefined;
}

test('what is constant costs nothing', () => {
  for (const source of ['[1, 2]', '{"a": [1]}', 'string(1)', 'int("7")', '1 in [1, 2]', 'int']) assert.equal(cost(source), 0, source);
  assert.equal(cost('self.i in [1, 2]'), 2);
  assert.equal(cost('self.l.map(x, 1)'), 2 + 3 * 2 + 1);
});

test('a list that a loop adds to is new each time', () => {
  const nested = '[1, 2].map(i, [10, 20].map(j, i + j)) == [[11, 21], [12, 22]]';
  const program = new Program(nested, scope);
  for (let i = 0; i < 2; i++) assert.deepEqual(program.run(variables), true);
  assert.equal(new Program('[1, 2].map(i, [i].transformMap(k, v, v)).size()', scope).run(variables), 2n);
});

test('ways to a value cost by their parts', () => {
  const costs: Record<string, number> = {
    ...{ 'self.m["one"]': 3, 'self.m[?"no"]': 2, 'self.l[self.i - 3]': 6, 'self.m[?self.s]': 3, 'self.?m.?no': 2, '[self.i][0]': 14 },
    ...{ 'true ? self.i : 1': 1, 'true ? self : d': 0, 'self.?i.or(self.?i)': 2, 'self.?i.optMap(v, 1)': 5, 'has({}.a)': 1 },
    ...{ 'd.l.sort()': 3, 'self.l.sort()': 2 + 18 + 11, 'd.s + d.s': 5, 'self.s + self.s': 5 },
  };
  for (const [source, wanted] of Object.entries(costs)) assert.equal(cost(source), wanted, source);
});

test('values that are not what types promise are told as upstream does', () => {
  const words: Record<string, string> = {
    'd.l + 1': 'no such overload',
    'd.nothing + 1': 'no such overload: _+_',
    'd.i.startsWith("a")': 'no such overload',
    'd.i.split(",")': 'no such overload: split(int, string)',
    'd.l.join()': 'no such overload: join(list)',
    'd.i.x': 'no such key: x',
    'd.l["a"]': "unsupported index type 'string' in list",
    'd.l[1.5]': 'unsupported index value 1.5 in list',
    'd.i.all(x, true)': "got 'types.Int', expected iterable type",
    'duration(d.l[0])': 'no such overload: duration(int)',
    'cidr("10.0.0.0/8").containsIP(self.s)': 'no such overload',
    'd.nothing == null ? dyn(null).asInteger() : 1': 'no such overload: asInteger(null_type)',
  };
  for (const [source, wanted] of Object.entries(words)) assert.equal(error(source), wanted, source);
});

test('words of the language name fields as they are, or escaped', () => {
  for (const source of ['self.if == 1', 'self.__if__ == 1', 'has(self.if)', 'self.?if.value() == 1'])
    assert.equal(new Program(source, scope).run(variables), true, source);
});

test('there is no more than Kubernetes gives', () => {
  for (const source of [
    'cel.bind(x, 1, x)',
    'math.abs(1)',
    'base64.encode(b"")',
    '"a".reverse()',
    '-duration("1s")',
    'duration(1)',
    'jsonpatch.escapeKey("")',
  ])
    assert.throws(() => new Program(source, scope), /undeclared reference|found no matching overload/, source);
});
