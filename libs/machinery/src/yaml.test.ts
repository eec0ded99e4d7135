import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseYaml, parseYamlDocuments } from './yaml.ts';
import { naturalOrder, toYaml } from './yaml-emit.ts';

const reads: [text: string, value: unknown][] = [
  ['a: yes\nb: off\nc: y\nd: "yes"', { a: true, b: false, c: true, d: 'yes' }],
  ['name: e1\na: .e1\nb: .\nc: -.\nd: +e5\ne: ._', { name: 'e1', a: '.e1', b: '.', c: '-.', d: '+e5', e: '._' }],
  ['a: .5\nb: 5.\nc: -1.5e+3\nd: 1_000.5', { a: 0.5, b: 5, c: -1500, d: 1000.5 }],
  ['a: 2020-01-01\nb: 1:30\nc: 0x10\nd: 1e3\ne: ~\nf:', { a: '2020-01-01', b: '1:30', c: 16, d: 1000, e: null, f: null }],
  ['1: a\ntrue: b', { 1: 'a', true: 'b' }],
  ['a: |\n  x\n  y\nb: >-\n  x\n  y', { a: 'x\ny\n', b: 'x y' }],
  ['a: |\n  x\nb: |\n  y', { a: 'x\n', b: 'y' }],
  ['a: |\n  x\n', { a: 'x\n' }],
  ['a: &x {q: 1}\nb: *x\nc:\n  <<: *x\n  z: 2', { a: { q: 1 }, b: { q: 1 }, c: { q: 1, z: 2 } }],
  ['{"a": [1, "b"]}', { a: [1, 'b'] }],
  ['', null],
  ['# only a comment', null],
  ['a: 1\n---\nb: 2', { a: 1 }],
  ['a: 1\n---\nb: [', { a: 1 }],
  ['mode: 0o644\nold: 0644\nnone: 0o9', { mode: 420, old: 420, none: '0o9' }],
  ['a: !!binary aGVsbG8=', { a: 'hello' }],
  ['.inf: 1e400\n1.5: x', { '.inf': '1e400', 1.5: 'x' }],
];

test('YAML reads as sigs.k8s.io/yaml reads it', () => {
  for (const [text, value] of reads) assert.deepEqual(parseYaml(text).value, value, text);
});

const refused: [text: string, message: string][] = [
  ['a: b: c', 'mapping values are not allowed in this context'],
  ['x: 1\na: b: c', 'line 2: mapping values are not allowed in this context'],
  ['x: 1\nspec\n  replicas: 1', "line 3: could not find expected ':'"],
  ['metadata:\n  name: a\n   labels: b', 'line 3: mapping values are not allowed in this context'],
  ['a:\n  - b\n c: 1', 'line 2: did not find expected key'],
  ['x: 1\na: - b', 'line 2: block sequence entries are not allowed in this context'],
  ['a: 1\nb:\n\tc: 1', 'line 3: found character that cannot start any token'],
  ['a: [1, 2\n', "line 1: did not find expected ',' or ']'"],
  ['a: "x', 'found unexpected end of stream'],
  ['a: *x', "unknown anchor 'x' referenced"],
  ['{a: [1, x]}: b', 'invalid map key: map[interface {}]interface {}{"a":[]interface {}{1, "x"}}'],
];

test('YAML that is none', () => {
  for (const [text, message] of refused)
    assert.throws(() => parseYaml(text), { message: `error converting YAML to JSON: yaml: ${message}` }, text);
  for (const [text, message] of [
    ['~: x', 'unsupported map key of type: %!s(<nil>), key: <nil>, value: "x"'],
    ['a: -.inf', 'json: unsupported value: -Inf'],
    ['a: .NaN', 'json: unsupported value: NaN'],
  ] as const)
    assert.throws(() => parseYaml(text), { message: `error converting YAML to JSON: ${message}` }, text);
});

test('aliases: copies are apart, and a bomb is refused', () => {
  const { value } = parseYaml('a: &x {q: 1}\nb: *x');
  const { a, b } = value as Record<string, object>;
  assert.notEqual(a, b);
  const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(',')}]`);
  assert.throws(() => parseYaml(`l0: &l0 [x]\n${levels.join('\n')}`), {
    message: 'error converting YAML to JSON: yaml: document contains excessive aliasing',
  });
});

test('keys that stand twice are named, and the last counts', () => {
  const { value, duplicates } = parseYaml('a: 1\na: 2\nb:\n- c: 1\n  c: 2');
  assert.deepEqual(
    { value, duplicates: duplicates.map(({ path }) => path) },
    { value: { a: 2, b: [{ c: 2 }] }, duplicates: ['a', 'b[0].c'] },
  );
  assert.deepEqual(
    duplicates.map(({ line, key }) => `${line} ${key}`),
    ['2 a', '5 c'],
  );
});

test('streams', () => {
  const values = (text: string): unknown[] => parseYamlDocuments(text).map(({ value }) => value);
  assert.deepEqual(values('a: |\n  x'), [{ a: 'x\n' }]);
  assert.deepEqual(values('---\na: 1\n---\n# nothing\n---\nb: 2\n...\n'), [{ a: 1 }, { b: 2 }]);
  assert.deepEqual(values('{"a":1}\n{"b":"}{"}'), [{ a: 1 }, { b: '}{' }]);
  assert.deepEqual(values('{a: 1}'), [{ a: 1 }]);
});

test('YAML prints as kubectl prints it', () => {
  const object = {
    kind: 'ConfigMap',
    apiVersion: 'v1',
    data: {
      script: '#!/bin/sh\necho hi\n',
      tabbed: 'a\tb\n',
      keep: 'x\n\n',
      bare: 'x\ny',
      led: ' x\ny',
      trail: 'x \ny',
      on: 'yes',
      'a.b': '',
      a10: '1',
      a9: '1.5e3',
    },
    list: [1, 'a', { b: null, a: true }, [], {}, [[1]], [{ x: 1, y: 2 }]],
    strings: [
      'a: b',
      'a:b',
      'a #b',
      '#a',
      "it's",
      '-',
      '- a',
      '-a',
      '@a',
      '{}',
      '2024-01-01T00:00:00Z',
      '0x1f',
      '1_000',
      '12:30:45',
      'null',
      '~',
      'trailing ',
      'é😀',
      'a"b',
      '"q"',
      '<<',
      '1.2.3',
      'key:',
    ],
    skipped: undefined,
  };
  assert.equal(
    toYaml(object),
    `apiVersion: v1
data:
  a.b: ""
  a9: 1.5e3
  a10: "1"
  bare: |-
    x
    y
  keep: |+
    x

  led: |2-
     x
    y
  "on": "yes"
  script: |
    #!/bin/sh
    echo hi
  tabbed: "a\\tb\\n"
  trail: "x \\ny"
kind: ConfigMap
list:
- 1
- a
- a: true
  b: null
- []
- {}
- - - 1
- - x: 1
    "y": 2
strings:
- 'a: b'
- a:b
- 'a #b'
- '#a'
- it's
- '-'
- '- a'
- -a
- '@a'
- '{}'
- "2024-01-01T00:00:00Z"
- "0x1f"
- "1_000"
- "12:30:45"
- "null"
- "~"
- 'trailing '
- "é\\U0001F600"
- a"b
- '"q"'
- <<
- 1.2.3
- 'key:'
`.replace('a9: 1.5e3', 'a9: "1.5e3"'),
  );
});

test('keys that are long or break lines stand after a question mark', () => {
  const long = 'k'.repeat(129);
  assert.equal(
    toYaml({ a: [{ 'x\ny': { b: [1] } }], [long]: 'v', 'p\n': ['q'] }),
    `a:\n- ? |-\n    x\n    y\n  : b:\n    - 1\n? ${long}\n: v\n? |\n  p\n: - q\n`,
  );
});

test('long lines fold at the first space past the width', () => {
  const message = 'The node was low on resource: memory. Threshold quantity: 100Mi, available: 60Mi and so on';
  const folded = "message: 'The node was low on resource: memory. Threshold quantity: 100Mi, available:\n  60Mi and so on'\n";
  assert.equal(toYaml({ message }), folded);
  const text = toYaml({ a: { b: `${'word '.repeat(40)}end`, c: `"${'x '.repeat(80)}\t${'y '.repeat(50)}z` } });
  assert.ok(text.split('\n').every((line) => line.length < 92));
  assert.deepEqual(parseYaml(text).value, { a: { b: `${'word '.repeat(40)}end`, c: `"${'x '.repeat(80)}\t${'y '.repeat(50)}z` } });
});

test('what is printed reads the same', () => {
  const strings = [
    '',
    ' ',
    'a\n',
    '\n',
    '\n\na',
    'a\n\n\n',
    '  a\n b',
    'a\r\nb',
    '\u0085',
    '\u0000',
    'a\\b',
    "''",
    'a, b',
    '[x]',
    '? a',
    ': a',
    '%a',
    '`',
    '...',
    '--- a',
    '+1',
    '.5',
    '0b1',
    'NO',
    'é\n\n é',
    '\u2028',
    '\ufeff',
  ];
  for (const value of strings)
    assert.deepEqual(parseYaml(toYaml({ a: { k: value }, l: [value] })).value, { a: { k: value }, l: [value] }, JSON.stringify(value));
});

test('keys sort with numbers by value and letters last', () => {
  assert.deepEqual(['b', 'a10', 'a9', 'a.b', 'a/b', 'aB', 'A', 'a01', 'a1'].sort(naturalOrder), [
    'A',
    'a.b',
    'a/b',
    'a1',
    'a01',
    'a9',
    'a10',
    'aB',
    'b',
  ]);
});
