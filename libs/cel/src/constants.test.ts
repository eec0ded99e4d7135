import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CompileError, library, Program, string } from './index.ts';

const compile = (expression: string): Program => new Program(expression, { functions: library, variables: { text: string } });

test('constants that cannot be are found before anything runs, wherever they stand', () => {
  const cases: [expression: string, fault: string][] = [
    ["text.matches(')')", 'error parsing regexp: unexpected ): `)`'],
    ["text.find('(') == ''", 'error parsing regexp: missing closing ): `(`'],
    ["false && text.findAll('[').size() == 0", 'error parsing regexp: missing closing ]: `[`'],
    ["timestamp('soon') == timestamp(0)", "type conversion error from 'string' to 'google.protobuf.Timestamp'"],
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

test('constants that can be, and values that are none yet, compile', () => {
  for (const expression of [
    "text.matches('a+')",
    'text.matches(text)',
    'int(text) == 1',
    "string(1u) == '1'",
    "bytes('a') == b'a'",
    "dyn('a') == 1",
  ])
    assert.doesNotThrow(() => compile(expression), expression);
});
