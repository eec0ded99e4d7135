import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseJsonPath, relaxedJsonPath } from './jsonpath.ts';

const data = {
  kind: 'List',
  items: [
    {
      metadata: { name: 'a', labels: { 'kubernetes.io/hostname': 'n1' } },
      status: { capacity: { cpu: '4' }, n: 1, addresses: [{ type: 'X', address: '1' }] },
    },
    {
      metadata: { name: 'b' },
      status: {
        capacity: { cpu: '8' },
        n: 3,
        addresses: [
          { type: 'X', address: '2' },
          { type: 'Y', address: '3' },
        ],
      },
    },
  ],
  users: [
    { name: 'me', user: {} },
    { name: 'e2e', user: { password: '<s>', admin: true } },
  ],
  none: null,
};

const prints: [template: string, output: string][] = [
  ['plain', 'plain'],
  ['kind is {.kind}', 'kind is List'],
  ['{@.kind} {$.kind} {kind}'.replace(' {kind}', ''), 'List List'],
  ['{.items[*].metadata.name}', 'a b'],
  ['{.items[0].metadata.name}', 'a'],
  ['{.items[-1].metadata.name}', 'b'],
  ['{.items[0:1].metadata.name}', 'a'],
  ['{.items[:].metadata.name}', 'a b'],
  ['{.items[::2].metadata.name}', 'a'],
  ['{.items[0,1].metadata.name}', 'a b'],
  ["{.items[*]['metadata.name','status.capacity']}", 'a b {"cpu":"4"} {"cpu":"8"}'],
  ['{..name}', 'a b me e2e'],
  ['{..addresses[*].type}', 'X X Y'],
  ['{.items[0].metadata.labels.kubernetes\\.io/hostname}', 'n1'],
  ["{.items[0].metadata.labels['kubernetes\\.io/hostname']}", 'n1'],
  ['{.users[?(@.name=="e2e")].user.admin}', 'true'],
  ["{.users[?(@.name!='e2e')].name}", 'me'],
  ['{.items[?(@.status.n>1)].metadata.name}', 'b'],
  ['{.items[?(@.status.n<=1)].metadata.name}', 'a'],
  ['{.items[?(@.metadata.labels)].metadata.name}', 'a'],
  ["{.items[*].status.addresses[?(@.type=='Y')].address}", '3'],
  ['{.users[1].user}', '{"admin":true,"password":"\\u003cs\\u003e"}'],
  ['{.users[0].*}', 'me {}'],
  ['{range .items[*]}{.metadata.name}{"\\t"}{.status.n}{"\\n"}{end}!', 'a\t1\nb\t3\n!'],
  ['{range .items[*]}{range .status.addresses[*]}{.type}{.address},{end};{end}', 'X1,;X2,Y3,;'],
  ["{range .items[*]}{.metadata.name}{' '}{end}", 'a b '],
  ['{range .users[?(@.name=="nobody")]}x{end}y', 'y'],
  ['{1} {true}', '1 true'],
];

test('templates print', () => {
  for (const [template, output] of prints) assert.equal(parseJsonPath(template).print(data), output, template);
});

const refused: [template: string, message: string][] = [
  ['{.kind', 'unclosed action'],
  ['{.items[0', 'unterminated array'],
  ['{.items[x]}', 'invalid array index x'],
  ['{.items[?(@.a==1]}', 'unterminated filter'],
  ['{.items[?(@.a==1)}', 'unclosed array expect ]'],
  ['{"a', 'unterminated quoted string'],
  ['{%}', "unrecognized character in action: U+0025 '%'"],
  ['{end}', 'not in range, nothing to end'],
  ['{hello}', 'unrecognized identifier hello'],
  ['{..}{.x}'.replace('{..}{.x}', '{....x}'), 'invalid multiple recursive descent'],
  ['{+}', 'cannot parse number +'],
  ['{.nope}', 'nope is not found'],
  ['{.items[5]}', 'array index out of bounds: index 5, length 2'],
  ['{.items[1:0]}', 'starting index 1 is greater than ending index 0'],
  ['{.items[0:2:0]}', 'step must be > 0'],
  ['{[0]}', 'map[string]interface {} is not array or slice'],
  ['{.kind[?(@.x)]}', 'List is not array or slice and cannot be filtered'],
  ['{.items[?(@.metadata.name==1)]}', 'incompatible types for comparison'],
];

test('templates that are wrong, or do not fit', () => {
  for (const [template, message] of refused) assert.throws(() => parseJsonPath(template).print(data), { message }, template);
});

test('missing keys may be allowed', () => {
  assert.equal(parseJsonPath('{.nope.nope}').print(data, { allowMissingKeys: true }), '');
  assert.equal(parseJsonPath('{range .nope[*]}x{end}y').print(data, { allowMissingKeys: true }), 'y');
  assert.deepEqual(parseJsonPath('{.items[*].metadata.name}').find(data), [['a', 'b']]);
});

test('relaxed paths', () => {
  for (const text of ['a.b', '.a.b', '{a.b}', '{.a.b}']) assert.equal(relaxedJsonPath(text), '{.a.b}');
  assert.equal(relaxedJsonPath(''), '');
  assert.throws(() => relaxedJsonPath('{a}{b}'), /^Error: unexpected path string, expected a 'name1.name2'/);
});
