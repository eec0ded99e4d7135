import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goJsonFault } from './json-fault.ts';

const faults: Readonly<Record<string, string>> = {
  '': 'unexpected end of JSON input',
  '{"a":1': 'unexpected end of JSON input',
  '{"a": "b': 'unexpected end of JSON input',
  '[1,': 'unexpected end of JSON input',
  nonsense: "invalid character 'o' in literal null (expecting 'u')",
  tru: "invalid character ' ' in literal true (expecting 'e')",
  falsy: "invalid character 'y' in literal false (expecting 'e')",
  'a: b': "invalid character 'a' looking for beginning of value",
  '\ufeff{}': "invalid character 'ï' looking for beginning of value",
  "{'a':1}": "invalid character '\\'' looking for beginning of object key string",
  '{"a":1,}': "invalid character '}' looking for beginning of object key string",
  '{"a" 1}': "invalid character '1' after object key",
  '{"a":1 "b":2}': `invalid character '"' after object key:value pair`,
  '{"a":[1 2]}': "invalid character '2' after array element",
  '[1,]': "invalid character ']' looking for beginning of value",
  '[1}': "invalid character '}' after array element",
  '{}{}': "invalid character '{' after top-level value",
  '"a\nb"': "invalid character '\\n' in string literal",
  '"\\x"': "invalid character 'x' in string escape code",
  '"\\u12g4"': "invalid character 'g' in \\u hexadecimal character escape",
  '"a\\': "invalid character ' ' in string escape code",
  '-': "invalid character ' ' in numeric literal",
  '01': "invalid character '1' after top-level value",
  '1.x': "invalid character 'x' after decimal point in numeric literal",
  '1e+]': "invalid character ']' in exponent of numeric literal",
  ['['.repeat(10_001)]: "invalid character '[' exceeded max depth",
};

test('what is no JSON is told as Go tells it', () => {
  for (const [text, fault] of Object.entries(faults)) {
    assert.throws(() => JSON.parse(text), SyntaxError, text);
    assert.equal(goJsonFault(Buffer.from(text)), fault, text.slice(0, 50));
  }
});

test('a long text is looked through in no time', () => {
  assert.equal(goJsonFault(Buffer.from(`["${'x\\n'.repeat(1e6)}"`)), 'unexpected end of JSON input');
});
