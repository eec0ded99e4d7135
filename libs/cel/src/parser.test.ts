import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CompileError } from './errors.ts';
import type { Expr } from './expr.ts';
import { parse } from './parser.ts';

const operand = "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

/** What is wrong with an expression: the column, and what is said. */
function wrong(source: string): string[] {
  try {
    parse(source);
    return [];
  } catch (error) {
    assert.ok(error instanceof CompileError);
    return error.issues.map(({ at, message }) => `${at + 1}: ${message.replace('Syntax error: ', '')}`);
  }
}

function all(cases: Readonly<Record<string, readonly string[]>>): void {
  for (const [source, said] of Object.entries(cases)) assert.deepEqual(wrong(source), said, source);
}

test('one token too much is passed over, one that is missing is thought to be there', () => {
  all({
    '1 2': ["3: extraneous input '2' expecting <EOF>"],
    '1 2 3': ["3: mismatched input '2' expecting <EOF>"],
    '1 + + 2': [`5: extraneous input '+' expecting ${operand}`],
    '(1': ["3: missing ')' at '<EOF>'"],
    '(1 2)': ["4: extraneous input '2' expecting ')'"],
    '{1 2}': ["4: missing ':' at '2'"],
    'a[1': ["4: missing ']' at '<EOF>'"],
    '[[1],, 3]': ["6: mismatched input ',' expecting ']'"],
    '[1,': ["4: missing ']' at '<EOF>'"],
    '!)': [`2: extraneous input ')' expecting ${operand}`],
  });
});

test('what cannot be mended is told, and the rest is read', () => {
  all({
    'a >': [`4: mismatched input '<EOF>' expecting ${operand}`],
    'a in': [`5: mismatched input '<EOF>' expecting ${operand}`],
    'a.in': ["3: no viable alternative at input '.in'", `5: mismatched input '<EOF>' expecting ${operand}`],
    'a.true': ["3: mismatched input 'true' expecting IDENTIFIER"],
    'a..b': ["3: no viable alternative at input '..'"],
    '- )': ["3: no viable alternative at input '- )'", `3: mismatched input ')' expecting ${operand}`],
    'a ? : c': [`5: extraneous input ':' expecting ${operand}`, "8: mismatched input '<EOF>' expecting ':'"],
    '1 ? 2': ["6: mismatched input '<EOF>' expecting ':'"],
    'a.?1': ["4: mismatched input '1' expecting {IDENTIFIER, ESC_IDENTIFIER}", '4: unsupported ident kind'],
    'f(': [`3: mismatched input '<EOF>' expecting ${operand.replace("'.'", "')', '.'")}`],
    '`a`': [`1: mismatched input '\`a\`' expecting ${operand}`],
  });
});

test('characters that begin nothing, and the one that did not go on', () => {
  all({
    '1 = 2': ["3: token recognition error at: '= '", "5: extraneous input '2' expecting <EOF>"],
    'a # b': ["3: token recognition error at: '#'", "5: extraneous input 'b' expecting <EOF>"],
    '"a': ["1: token recognition error at: '\"a'", `3: mismatched input '<EOF>' expecting ${operand}`],
    "'\\400'": ["1: token recognition error at: ''\\4'", "6: token recognition error at: '''"],
    'b"x': ["2: token recognition error at: '\"x'"],
    "'''a": ["3: token recognition error at: ''a'"],
  });
});

test('what reads well and means nothing', () => {
  all({
    'if + 1': ['1: reserved identifier: if'],
    '9223372036854775808': ['1: invalid int literal'],
    '--9223372036854775808': ['3: invalid int literal'],
    "b'\\u0041'": ['1: unable to unescape string'],
    'has(a)': ['5: invalid argument to has() macro'],
    '[1].all(1, true': ['9: argument must be a simple name', "16: missing ')' at '<EOF>'"],
    '[1].all(x, x, true)': ['12: duplicate variable name: x'],
    '1.sortBy(a, a)': ['1: sortBy can only be applied to a list, identifier, comprehension, call or select expression'],
  });
});

test('signs that undo each other are none', () => {
  assert.deepEqual(parse('--1'), { kind: 'const', value: 1n, at: 2 });
  assert.deepEqual(parse('-1'), { kind: 'const', value: -1n, at: 0 });
  assert.equal(parse('---1').kind, 'call');
  assert.deepEqual(parse('!!true'), { kind: 'const', value: true, at: 2 });
});

test('there is a depth that nothing goes beyond', () => {
  assert.doesNotThrow(() => parse(`${'('.repeat(249)}1${')'.repeat(249)}`));
  const message = 'ERROR: <input>:-1:0: expression recursion limit exceeded: 250';
  assert.throws(() => parse(`${'('.repeat(250)}1${')'.repeat(250)}`), { message });
  assert.throws(() => parse(''), { message: `ERROR: <input>:1:0: Syntax error: mismatched input '<EOF>' expecting ${operand}` });
});

test('marks are as wide as characters', () => {
  assert.throws(() => parse('"é☃" + '), /\n \| "é☃" \+ \n \| \.．．\.\.\.\.\^$/);
});

test('of junk a hundred faults are told', () => {
  assert.throws(
    () => parse('@#$%'.repeat(20_000)),
    ({ message }: Error) => message.startsWith('ERROR: <input>:1:1: Syntax error:') && message.endsWith('\n1 more errors were truncated'),
  );
});

test('operators, members and conditions lie in each other as deep as upstream lets them', () => {
  const message = 'ERROR: <input>:-1:0: max recursion depth exceeded';
  const chains: readonly ((links: number) => string)[] = [
    (links) => `1${' + 1'.repeat(links)}`,
    (links) => `true${' == true'.repeat(links)}`,
    (links) => `[a${'.x'.repeat(links)}]`,
    (links) => `f(a${'[0]'.repeat(links)})`,
    (links) => `!a${'.f()'.repeat(links)}`,
    (links) => `a${'.?x'.repeat(links)} && true`,
  ];
  for (const chain of chains) {
    parse(chain(250));
    assert.throws(() => parse(chain(251)), { message });
    assert.throws(() => parse(chain(10_000)), { message });
  }
});

test('of many terms that all are to hold, or any, a low tree is made', () => {
  const depth = (expr: Expr): number => (expr.kind === 'call' ? 1 + Math.max(...expr.args.map(depth)) : 0);
  for (const operator of [' && ', ' || ']) assert.equal(depth(parse(Array(10_000).fill('a').join(operator))), 14);
  const shown = (expr: Expr): string =>
    expr.kind === 'call' ? `(${expr.args.map(shown).join(' ')})` : expr.kind === 'ident' ? expr.name : '';
  assert.equal(shown(parse('a || b && c && d && e || f')), '((a ((b c) (d e))) f)');
});
