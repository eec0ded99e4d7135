import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CompileError, library, Program, string } from './index.ts';

const compile = (expression: string): Program => new Program(expression, { functions: library, variables: { text: string } });

test('constants that cannot be are found before anything runs, wherever they stand', () => {
  const cases: [expression: string, fault: string][] = [
    ["matches(text, ')')", 'error parsing regexp: unexpected ): `)`'],
    ["text.find('(') == ''", 'error parsing regexp: missing closing ): `(`'],
    ["false && text.findAll('[').size() == 0", 'error parsing regexp: missing closing ]: `[`'],
    ["double(string(b'a')) == 1.0", "type conversion error from 'string' to 'double'"],
    ["[text].exists(t, int('a') == 1)", "type conversion error from 'string' to 'int'"],
    ["uint(-1) == 1u ? true : text == ''", 'unsigned integer overflow'],
  ];
  for (const [expression, fault] of cases)
    assert.throws(
      () => compile(expression),
      (error) => {
        assert.ok(error instanceof Error && !(error instanceof CompileError));
        assert.equal(error.message, `program instantiation failed: ${fault}`);
        return true;
      },
      expression,
    );
});

test('literals that are not what they are given as', () => {
  const cases: [expression: string, at: number, message: string][] = [
    ["timestamp('soon') == timestamp(0)", 10, 'invalid timestamp argument'],
    ["duration('1')", 9, 'invalid duration argument'],
    ["text.matches('[')", 13, 'invalid matches argument'],
    ["[1, 'a', 2.0]", 4, "expected type 'int' but found 'string'"],
    ['[1, dyn(1)]', 7, "expected type 'int' but found 'dyn'"],
    ["{'a': 1, 'b': 'c'}", 14, "expected type 'int' but found 'string'"],
    ["'%d'.format([1.5])", 13, 'error during formatting: decimal clause can only be used on integers, was given double'],
    ["'%z'.format([1])", 11, 'could not parse formatting clause: unrecognized formatting clause "z"'],
    ["'%.x'.format([1])", 12, `${precision} strconv.Atoi: parsing "": invalid syntax`],
    ["'%d'.format([1, 2])", 11, 'too many arguments supplied to string.format (expected 1, got 2)'],
    ["'%s'.format([[ip('1.2.3.4')]])", 16, `error during formatting: ${texts}, was given net.IP`],
  ];
  for (const [expression, at, message] of cases)
    assert.throws(
      () => compile(expression),
      (error) => {
        assert.ok(error instanceof CompileError);
        assert.deepEqual(error.issues, [{ at, message }]);
        return true;
      },
      expression,
    );
});

const precision = 'could not parse formatting clause: error while parsing precision: error while converting precision to integer:';
const texts = 'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps';

test('constants that can be, and values that are none yet, compile', () => {
  for (const expression of [
    "text.matches('a+')",
    'text.matches(text)',
    'int(text) == 1',
    "string(1u) == '1'",
    "bytes('a') == b'a'",
    "dyn('a') == 1",
    "'%s %d'.format(['a', 1]) == text",
    '[1, 2].map(i, [i]).flatten() == []',
  ])
    assert.doesNotThrow(() => compile(expression), expression);
});
