import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as s from './selector.ts';

const canonical: [text: string, printed: string][] = [
  ['', ''],
  ['x=a,y=b,z=c', 'x=a,y=b,z=c'],
  ['z=c,x=a', 'x=a,z=c'],
  ['x!=a,y==b', 'x!=a,y==b'],
  [' x in ( b , a ) ', 'x in (a,b)'],
  ['x in ()', 'x in ()'],
  ['x in (,)', 'x in ()'],
  ['x in (a,,b)', 'x in (,a,b)'],
  ['x notin (a)', 'x notin (a)'],
  ['!x,y', '!x,y'],
  ['x=', 'x='],
  ['x>1,z<2', 'x>1,z<2'],
  ['in in (in,notin)', 'in in (in,notin)'],
  ['example.com/a=b', 'example.com/a=b'],
];

test('label selectors read and print', () => {
  for (const [text, printed] of canonical) {
    assert.equal(String(s.parseLabelSelector(text)), printed);
    assert.equal(String(s.parseLabelSelector(printed)), printed);
  }
});

const refused: [text: string, message: RegExp | string][] = [
  ['x=a||y=b', /^unable to parse requirement: values\[0\]\[x\]: Invalid value: "a\|\|y": a valid label must be/],
  ['x==a==b', "found '==', expected: ',' or 'end of string'"],
  ['!x=a', "found '=', expected: ',' or 'end of string'"],
  ['x<a', `unable to parse requirement: values[0]: Invalid value: "a": for 'Gt', 'Lt' operators, the value must be an integer`],
  ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
  ['x in a', "unable to parse requirement: found 'a' expected: '('"],
  ['x in (a b)', "unable to parse requirement: found 'b', expected: ',' or ')'"],
  ['a=b,', "found '', expected: identifier after ','"],
  ['=a', "found '=', expected: !, identifier, or 'end of string'"],
  ['!', "unable to parse requirement: found '', expected: identifier"],
  ['a/b/c=d', /^unable to parse requirement: <nil>: Invalid value: "a\/b\/c": a valid label key/],
  ['x in (', "unable to parse requirement: found '', expected: ',', ')' or identifier"],
];

test('label selectors that are wrong', () => {
  for (const [text, message] of refused) assert.throws(() => s.parseLabelSelector(text), { message }, text);
});

const matching: [selector: string, labels: Record<string, string>, matches: boolean][] = [
  ['', { a: 'b' }, true],
  ['x=a', { x: 'a' }, true],
  ['x=a', { x: 'b' }, false],
  ['x=', {}, false],
  ['x=', { x: '' }, true],
  ['x!=a', {}, true],
  ['x notin (a,b)', { x: 'b' }, false],
  ['x notin (a,b)', {}, true],
  ['x', { x: '' }, true],
  ['!x', { x: '' }, false],
  ['x>1', { x: '2' }, true],
  ['x>1', { x: 'b' }, false],
  ['x<1', { x: '-9223372036854775808' }, true],
  ['toString', {}, false],
  ['x=a,y=b', { x: 'a' }, false],
];

test('a long label selector is read once', () => {
  for (const symbol of [',', '!', '=', '>', '(']) assert.throws(() => s.parseLabelSelector(symbol.repeat(1_000_000)), /found '/);
});

test('label selectors match', () => {
  for (const [selector, labels, matches] of matching) {
    assert.equal(s.parseLabelSelector(selector).matches(labels), matches, `${selector} ${JSON.stringify(labels)}`);
  }
});

test('selectors in objects', () => {
  const selector = s.labelSelectorMatcher({ matchLabels: { b: 'c' }, matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['x'] }] });
  assert.equal(String(selector), 'a notin (x),b=c');
  assert.equal(selector.exactly('b'), 'c');
  assert.equal(selector.exactly('a'), undefined);
  assert.equal(s.labelSelectorMatcher(undefined).matches({}), false);
  assert.equal(s.labelSelectorMatcher({}).matches({ a: 'b' }), true);
  assert.equal(s.formatLabelSelector({}), '<none>');
  assert.equal(s.formatLabelSelector({ matchExpressions: [{ key: 'a', operator: 'In' }] }), '<error>');
  assert.throws(() => s.labelSelectorMatcher({ matchExpressions: [{ key: 'a', operator: 'Like' }] }), {
    message: '"Like" is not a valid label selector operator',
  });
  // The first that is wrong is told, whatever is wrong with it.
  assert.throws(
    () =>
      s.labelSelectorMatcher({
        matchExpressions: [
          { key: 'a', operator: 'In' },
          { key: 'a', operator: 'Like' },
        ],
      }),
    {
      message: "values: Invalid value: null: for 'in', 'notin' operators, values set can't be empty",
    },
  );
});

test('field selectors', () => {
  const selector = s.parseFieldSelector('status.phase!=Running,metadata.name==a');
  assert.deepEqual(selector.requirements, [
    { field: 'metadata.name', operator: '=', value: 'a' },
    { field: 'status.phase', operator: '!=', value: 'Running' },
  ]);
  assert.equal(String(selector), 'metadata.name=a,status.phase!=Running');
  assert.equal(selector.matches({ 'metadata.name': 'a' }), true);
  assert.equal(selector.matches({ 'metadata.name': 'a', 'status.phase': 'Running' }), false);
  assert.equal(selector.exactly('metadata.name'), 'a');
  assert.equal(s.parseFieldSelector('a=b\\,c\\=d\\\\').requirements[0]?.value, 'b,c=d\\');
  assert.equal(String(s.parseFieldSelector('a=b\\,c')), 'a=b\\,c');
  assert.equal(s.parseFieldSelector(',a=b,').requirements.length, 1);
  assert.deepEqual(s.parseFieldSelector('=,==,!=,a=').requirements, [{ field: 'a', operator: '=', value: '' }]);
  assert.throws(() => s.parseFieldSelector('a=b,c'), { message: "invalid selector: 'a=b,c'; can't understand 'c'" });
  assert.throws(() => s.parseFieldSelector('a=\\b'), { message: 'invalid field selector: invalid escape sequence: \\b' });
  assert.throws(() => s.parseFieldSelector('a=b=c'), { message: 'invalid field selector: unescaped character in value: 61' });
});
