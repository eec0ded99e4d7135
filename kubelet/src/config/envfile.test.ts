import assert from 'node:assert/strict';
import { test } from 'node:test';
import { envFileValue } from './envfile.ts';

const file = `# written by an init container

  A='one'
B='two' # of them
	C='a=b #c $HOME '
`;

test('variables of an env file, in single quotes', () => {
  const read = (key: string, text = file): string | undefined => envFileValue(text, key);
  assert.deepEqual(
    ['A', 'B', 'C', 'D'].map((key) => read(key)),
    ['one', 'two', 'a=b #c $HOME ', undefined],
  );
  assert.equal(read('A', "A='first\n\n  last'\r\nB='x'"), 'first\n\n  last');
  assert.equal(read('B', "A='first\nlast'\r\nB='x'"), 'x');
  assert.equal(read('A', "A=''"), '');
  assert.equal(read('A', "A='1'\nA='2'"), '1');
  assert.equal(read('A', "A='1'\nrubbish"), '1', 'what comes after it is not looked at');
});

test('what is no env file', () => {
  for (const [text, at] of [
    ["A ='x'", 1],
    ["A='x'\nB=bare", 2],
    ['A="x"', 1],
    ["A= 'x'", 1],
    ["='x'", 1],
    ["A='x'y", 1],
    ["A='x''y'", 1],
    ["A='x", 1],
    ["A='x'\n\nwords", 3],
  ] as const)
    assert.throws(() => envFileValue(text, 'Z'), { message: `invalid environment variable format at line ${at}` }, text);
});

test('a long line of blanks holds nobody up', () => {
  assert.throws(() => envFileValue(`${'\t'.repeat(500_000)}x`, 'A'), { message: 'invalid environment variable format at line 1' });
});
